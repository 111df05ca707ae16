// The unit is unplugged during a load. The page shows an unknown outcome as unknown, and settles it
// with the receipt of the unit.
import { DIVERSIFIED, FIELD_KEY } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

test('pulled before the receipt is back: unknown, then settled as loaded when it returns', async ({
  open,
  service,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');
  // The answer to the challenge is shorter than 60 bytes, the answer to the import is longer.
  await station.fault(one.sn, { fault: 'unplug', direction: 'in', after: 60 });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Plug in again');
  await lane.expectSaid('The key may or may not be stored');
  await lane.expectSaid('The page checks the outcome when the unit is plugged in.');
  await expect(lane.root.getByRole('button', { name: 'Check outcome' })).toHaveCount(0);
  await station.plug(one.sn);
  await lane.expectWord('Unplug');
  const rows = await station.openHistory();
  await expect(rows.first()).toContainText('Loaded');
});

test('pulled while the key is sent: unknown, then settled as not loaded, and loaded anew', async ({
  open,
  service,
}) => {
  const one = unit(DIVERSIFIED, { link: 'serial' });
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('Serial', one.sn);
  await lane.expectWord('Ready');
  await station.fault(one.sn, { fault: 'unplug', direction: 'out', after: 200 });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Plug in again');
  await station.plug(one.sn);
  await lane.expectWord('Not loaded');
  await lane.expectSaid('The unit has no receipt, so the key is not stored');
  await lane.press('Load again');
  await lane.expectWord('Unplug');
});

test('the page reloaded in mid-import says so, and settles it after signing in', async ({ open, service, page }) => {
  const one = unit(DIVERSIFIED, { latency: { identity: 0, challenge: 0, importKey: 5000 } });
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectSaid('The unit writes the key');
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await expect(page.getByText('A load was interrupted before its end').or(station.lanes.first()).first()).toBeVisible();
  await station.signIn(service.token);
  await lane.expectWord('Not loaded');
  await lane.press('Back to the choice');
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});

test('a key whose import could not be written down is found by the next page: the AS recalls what it exported', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');
  // The journal accepts the record before the request to the AS, and no further record.
  await page.evaluate(() => {
    const { add } = IDBObjectStore.prototype;
    let room = 1;
    IDBObjectStore.prototype.add = function (...given) {
      if (room-- > 0) return add.apply(this, given);
      throw new DOMException('no room', 'QuotaExceededError');
    };
  });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Not confirmed');
  await page.reload();
  await expect(page.getByText('A load was interrupted before its end').or(station.lanes.first()).first()).toBeVisible();
  const recalled = page.waitForResponse('**/v1/exports:recall');
  await station.signIn(service.token);
  expect((await recalled).status()).toBe(200);
  await lane.expectWord('Unplug');
  await lane.expectSaid('Receipt verified by the AS');
});

test('a unit that is pulled while it waits leaves, and comes back by itself', async ({ open, service }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');
  await station.unplug(one.sn);
  await expect(station.lanes).toHaveCount(0, { timeout: 10_000 });
  await station.plug(one.sn);
  await lane.expectWord('Ready');
});

test('the verdict that was lost is asked for again', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await page.route('**/v1/receipts', (route) => route.abort());
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Not confirmed');
  await page.unroute('**/v1/receipts');
  await lane.press('Ask AS again');
  await lane.expectWord('Unplug');
});
