// A work order from the list to the report: eight units at once, refused units, and reloads during
// loads.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { expectAccessible } from './support/accessible.ts';
import { issue, OrdersPage, openNew } from './support/orders-page.ts';
import { FIELD_KEY, NEXT_KEY } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

const TWO_KEYS = [
  [FIELD_KEY, 2],
  [NEXT_KEY, 1],
] as const;

const eight = (more: Partial<UnitDescription> = {}): readonly UnitDescription[] =>
  Array.from({ length: 8 }, () => unit(undefined, more));

test('every screen of an order is accessible', { tag: '@long' }, async ({ open, service, page }) => {
  const refused = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 } as const;
  const [one, two, stranger] = [unit(), unit(undefined, { faults: [refused] }), unit()];
  const id = await issue(service, { units: [one.sn, two.sn] });
  const station = await open([one, two, stranger]);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await page.getByRole('link', { name: 'Orders' }).click();
  await expect(orders.openButton(id)).toBeVisible();
  await expectAccessible(page, 'the list');
  await orders.open(id);
  for (const { sn } of [one, two, stranger]) await orders.attach(sn);
  await expectAccessible(page, 'a paused order');
  await orders.start();
  await orders.expectWord(one.sn, 'Unplug');
  await orders.expectWord(two.sn, 'Not loaded');
  await orders.tile(two.sn).getByRole('button', { name: 'Set aside' }).click();
  await expectAccessible(page, 'the board');
  // The typed characters go into the field and are not taken as shortcuts.
  await page.keyboard.type('Cover is broken');
  await page.keyboard.press('Enter');
  await orders.expectWord(two.sn, 'Set aside');
  // Every view shows the progress of the order.
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('link', { name: `Order ${id}: 1 of 2 done`, exact: true }).click();
  await orders.requestClosing(['1 done', '1 not loaded']);
  await expectAccessible(page, 'the closing of an order');
  await orders.confirmClosing(1);
  await orders.openReport();
  await expect(page.getByRole('article')).toContainText('Cover is broken');
  await expectAccessible(page, 'the report');
  // A closed order cannot be opened for loading again, but its report can still be opened.
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByRole('button', { name: 'Leave order' }).click();
  await expect(page.getByRole('button', { name: `Open report of ${id}` })).toBeVisible();
  await expect(orders.openButton(id)).toHaveCount(0);
  await expectAccessible(page, 'the list with a closed order');
  await page.getByRole('button', { name: `Open report of ${id}` }).click();
  await expect(page.getByRole('article').getByRole('heading', { level: 2 })).toHaveText('Genuine');
});

test('a list is compared with the order, and a list of reasons explains an absent unit', { tag: '@long' }, async ({
  open,
  service,
  page,
}) => {
  const [here, gone, other] = [unit(), unit(), unit()];
  const { orders } = await openNew({ open, service, page }, [here], { units: [here.sn, gone.sn] });
  await orders.attach(here.sn);
  await orders.start();
  await orders.expectDone(1);
  const lists = page.getByRole('region', { name: 'Lists' });
  const give = async (label: string, name: string, text: string): Promise<void> => {
    await lists.getByLabel(label).setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
  };
  await give('Compare list', 'meters.csv', `SN;Site\n${here.sn};north\n${other.sn};south\n`);
  await expect(lists).toContainText('meters.csv: 1 unit is on the list and on the order.');
  await expect(lists).toContainText('Only on the list: 1.');
  await expect(lists).toContainText('Only on the order: 1.');
  await give('Compare list', 'meters.json', JSON.stringify([here.sn, 'meter 7', '4.5490E+17']));
  await expect(lists.getByRole('row')).toHaveCount(3);
  await expect(lists.getByRole('row', { name: /^2 SN "meter 7" is not a serial number/ })).toBeVisible();
  await expect(lists.getByRole('row', { name: /^3 SN .* was rounded by a spreadsheet/ })).toBeVisible();
  await give('Import reasons', 'reasons.csv', `SN,REASON\n${here.sn},Lost\n${gone.sn},\n`);
  await expect(lists.getByRole('row', { name: /^2 SN the unit is done and needs no reason/ })).toBeVisible();
  await expect(lists.getByRole('row', { name: /^3 REASON the reason is empty/ })).toBeVisible();
  await expectAccessible(page, 'the lists');
  await give('Import reasons', 'reasons.csv', `SN,REASON\n${gone.sn},Lost on the way\n`);
  await expect(lists).toContainText('1 reason was imported.');
  await expect(page.getByRole('region', { name: 'Units', exact: true })).toContainText('Lost on the way');
  const saving = page.waitForEvent('download');
  await lists.getByRole('button', { name: 'Save units as CSV' }).click();
  const chunks: Buffer[] = [];
  for await (const chunk of await (await saving).createReadStream()) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString('utf8')).toContain('absent,Lost on the way,0');
  await orders.requestClosing(['1 done', '1 not seen, absent in the report']);
  await orders.confirmClosing(1);
  await orders.openReport();
  await expect(page.getByRole('article')).toContainText('2: 1 done, 0 not loaded, 0 not known, 1 absent');
});

test('eight units are loaded concurrently with two keys each, and the report of the closed order is genuine', async ({
  open,
  service,
  page,
}) => {
  const units = eight();
  const stranger = unit();
  const { orders } = await openNew({ open, service, page }, [...units, stranger], {
    units: units.map(({ sn }) => sn),
    lines: TWO_KEYS,
  });
  for (const { sn } of [...units, stranger]) await orders.attach(sn);
  await orders.expectWord(stranger.sn, 'Not listed');
  for (const { sn } of units) await orders.expectWord(sn, 'Waiting');
  await orders.start();
  for (const { sn } of units) await orders.expectWord(sn, 'Unplug');
  await orders.expectDone(8);
  const memories = await page.evaluate(
    (numbers) => numbers.map((sn) => window.keyferrySimulator?.memory(sn)),
    units.map(({ sn }) => sn),
  );
  for (const memory of memories) {
    expect(memory?.slots.filter(({ holdsKey }) => holdsKey).map(({ ref2 }) => ref2)).toEqual([1, 2]);
    expect(memory?.importCounter).toBe(2);
  }
  const untouched = await page.evaluate((sn) => window.keyferrySimulator?.memory(sn), stranger.sn);
  expect(untouched?.importCounter).toBe(0);

  await orders.close();
  await orders.openReport();
  const sheet = page.getByRole('article');
  await expect(sheet.getByRole('heading', { level: 2 })).toHaveText('Genuine');
  await expect(sheet).toContainText('8: 8 done');
  await expect(sheet.getByRole('row')).toHaveCount(9);
  await expect(sheet.getByText('Done, proven')).toHaveCount(8);
});

test('an order closes with units that are not done only after the operator has confirmed how it ends', async ({
  open,
  service,
  page,
}) => {
  const refused = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 } as const;
  const [here, failed, waiting, gone] = [unit(), unit(undefined, { faults: [refused] }), unit(), unit()];
  const { orders } = await openNew({ open, service, page }, [here, failed, waiting], {
    units: [here.sn, failed.sn, waiting.sn, gone.sn],
  });
  for (const { sn } of [here, failed]) await orders.attach(sn);
  await orders.start();
  await orders.expectWord(here.sn, 'Unplug');
  await orders.expectWord(failed.sn, 'Not loaded');
  await page.getByRole('button', { name: 'Pause order' }).click();
  await orders.attach(waiting.sn);
  await orders.expectWord(waiting.sn, 'Waiting');

  const ending = ['1 done', '2 not loaded', '1 not seen, absent in the report'];
  await orders.requestClosing(ending);
  const form = orders.closingForm;
  await expect(form).toContainText('1 unit still waits in a lane.');
  await form.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Close order', exact: true })).toBeFocused();

  await orders.requestClosing(ending);
  const close = form.getByRole('button', { name: 'Close order with 3 units not done' });
  await expect(close).toBeDisabled();
  await form.getByLabel('Reason for all absent units').fill('Lost on the way');
  await expect(close).toBeDisabled();
  await expect(form.getByRole('listitem').filter({ hasText: waiting.sn })).toContainText('not loaded');
  await form.getByLabel('Reason for this unit').fill('No time left');
  await orders.confirmClosing(3);
  // The board of the closed order offers no action and names no person who acts.
  const lane = orders.tile(failed.sn);
  await expect(lane).toContainText('This order is closed. No more keys will be loaded.');
  await expect(lane).not.toContainText(/Who acts|Press/);
  await expect(lane.getByRole('button', { name: /^(Load again|Set aside)$/ })).toHaveCount(0);
  await orders.expectWord(waiting.sn, 'Closed');

  await orders.openReport();
  const sheet = page.getByRole('article');
  await expect(sheet.getByRole('heading', { level: 2 })).toHaveText('Genuine');
  await expect(sheet).toContainText('4: 1 done, 2 not loaded, 0 not known, 1 absent');
  for (const text of ['Lost on the way', 'No time left']) await expect(sheet).toContainText(text);
});

test('reloads during the loads of eight units leave a correct journal, and the order is completed', {
  tag: '@long',
}, async ({ open, service, page }) => {
  const units = eight({ latency: { identity: 0, challenge: 30, importKey: 900 } });
  const { station, orders } = await openNew({ open, service, page }, units, { units: units.map(({ sn }) => sn) });
  for (const { sn } of units) await orders.attach(sn);
  page.on('dialog', (dialog) => void dialog.accept()); // the warning before leaving the page
  const state = page.getByText(/^(Paused|Complete)$/);
  let interrupted = 0;
  for (const moment of [/new challenge/, /seals the key/, /writes the key/]) {
    await orders.start();
    await expect(
      orders.tiles
        .filter({ hasText: moment })
        .or(orders.tiles.filter({ hasText: 'Unplug' }))
        .first(),
    ).toBeVisible();
    await page.reload();
    // After the reload, the order is open and paused, and the operator is signed out.
    await expect(orders.progress).toBeVisible();
    await expect(state).toBeVisible();
    if ((await state.textContent()) === 'Complete') break; // the last load may end before the reload
    interrupted++;
    await orders.start();
    await expect(page.getByText('Sign in to load keys.').first()).toBeVisible();
    await page.getByRole('button', { name: 'Pause order' }).click();
    await station.signIn(service.token);
    for (const { sn } of units)
      await expect(orders.tile(sn).getByRole('heading', { level: 2 })).toHaveText(/^(Waiting|Unplug)$/);
  }
  expect(interrupted).toBeGreaterThan(0);
  if ((await state.textContent()) === 'Complete') await station.signIn(service.token);
  else await orders.start();
  for (const { sn } of units) await orders.expectWord(sn, 'Unplug');
  await orders.expectDone(8);
  const counters = await page.evaluate(
    (numbers) => numbers.map((sn) => window.keyferrySimulator?.memory(sn).importCounter),
    units.map(({ sn }) => sn),
  );
  expect(counters).toEqual(Array(8).fill(1)); // nothing was loaded twice
  await orders.close();
  await orders.openReport();
  await expect(page.getByRole('article').getByRole('heading', { level: 2 })).toHaveText('Genuine');
});

test('the key is not loaded after a scan of another label', { tag: '@long' }, async ({ open, service, page }) => {
  const [one, two] = [unit(), unit()];
  const { orders } = await openNew({ open, service, page }, [one, two], {
    units: [one.sn, two.sn],
    options: ['--label-scan'],
  });
  await orders.attach(one.sn);
  await orders.start();
  await orders.expectWord(one.sn, 'Scan label');
  await page.getByLabel('Scan or type the number on the label').fill(two.sn);
  await page.getByRole('button', { name: 'Confirm number' }).click();
  await orders.expectWord(one.sn, 'Other label');
  await orders.tile(one.sn).getByRole('button', { name: 'Scan again' }).click();
  await orders.expectWord(one.sn, 'Scan label');
  await page.getByLabel('Scan or type the number on the label').fill(one.sn);
  await page.keyboard.press('Enter');
  await orders.expectWord(one.sn, 'Unplug');
});

test('the order halts after failures in a row, and continues when the operator starts it', { tag: '@long' }, async ({
  open,
  service,
  page,
}) => {
  const refused = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 } as const;
  const [one, two, three] = [unit(undefined, { faults: [refused] }), unit(undefined, { faults: [refused] }), unit()];
  const { orders } = await openNew({ open, service, page }, [one, two, three], {
    units: [one.sn, two.sn, three.sn],
    options: ['--halt-after', '2'],
  });
  await orders.start();
  for (const { sn } of [one, two]) {
    await orders.attach(sn);
    await orders.expectWord(sn, 'Not loaded');
  }
  await expect(page.getByText('2 units failed in a row')).toBeVisible();
  await orders.attach(three.sn);
  await orders.expectWord(three.sn, 'Waiting');
  await orders.start();
  await orders.expectWord(three.sn, 'Unplug');
  await orders.tile(one.sn).getByRole('button', { name: 'Load again' }).click();
  await orders.expectWord(one.sn, 'Unplug');
  await orders.expectDone(2);
});
