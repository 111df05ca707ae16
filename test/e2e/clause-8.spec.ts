// Erasing a slot and replacing the transport key (docs/protocol.md clause 8). The page enables the
// button for either action only after the operator has confirmed the action.
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

const SET = SHARED.set.toString(16).padStart(8, '0');

test('erasing a slot requires a confirmation and leaves the slot empty', async ({ open, service, page }) => {
  await service.cli('key', 'add', SET, '0301', 'Withdrawal of slot 1', '--erase', '--slot', '1');
  const one = unit(SHARED);
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await expect(lane.root.locator('.chosen')).toHaveCount(0);
  await lane.root.getByRole('button', { name: 'Choose another key for slot 1' }).press('Enter');
  await expect(lane.keys(1)).toBeFocused();
  await lane.choose('Withdrawal of slot 1', 1);
  await lane.expectSaid('This erases slot 1');
  const erase = lane.root.getByRole('button', { name: 'Erase slot 1' });
  await expect(erase).toBeDisabled();
  await page.keyboard.press('l');
  await lane.expectWord('Ready');
  await lane.root.getByRole('checkbox', { name: 'Yes, erase slot 1' }).check();
  await erase.click();
  await lane.expectWord('Unplug');
  await lane.expectSaid('Slot erased. The AS has verified the receipt.');
  await lane.expectSaid('empty; takes versions above');
});

test('replacing the transport key requires a confirmation, and further keys load under the new one', async ({
  open,
  service,
}) => {
  await service.cli('set', 'rotate', SET, '0302', 'Transport key 2');
  const one = unit(SHARED);
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.root.getByRole('radio', { name: /^Transport key\b.*Transport key 2/ }).check();
  const replace = lane.root.getByRole('button', { name: 'Replace transport key' });
  await expect(replace).toBeDisabled();
  await lane.root.getByRole('checkbox', { name: 'Yes, replace the transport key' }).check();
  await replace.click();
  await lane.expectWord('Unplug');
  await lane.expectSaid('Transport key replaced.');
  await lane.expectSaid('version 2, the same in all units');
  await lane.press('Load another key');
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  const rows = await station.openHistory();
  await expect(rows.last()).toContainText('transport key');
});
