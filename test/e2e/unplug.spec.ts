// The unit is unplugged during a load, or its response to IMPORTKEY is lost. The page shows an
// unknown outcome as unknown, and settles it with the receipt of the unit.
import type { Fault } from '#device-sim/unit/faults.ts';
import { DIVERSIFIED, FIELD_KEY } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

test('after an unplug before the receipt, plugging in settles the unknown outcome as loaded', async ({
  open,
  service,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');
  // The unplug takes effect at IMPORTKEY: its response is longer than 60 bytes, and the response to
  // GET CHALLENGE is shorter.
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

test('after an unplug during the import, plugging in settles the outcome as not loaded, and a retry loads the key', async ({
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

const IMPORT_KEY = 0xd8;
const GET_RESPONSE = 0xc0;

const LOST_ANSWERS: readonly { name: string; faults: readonly Fault[]; ends: string }[] = [
  {
    name: 'a stored key ends as loaded, and is never shown as not loaded',
    faults: [
      { fault: 'partial answer', ins: IMPORT_KEY },
      { fault: 'refuse', ins: GET_RESPONSE, statusWord: 0x6d00 },
    ],
    ends: 'Unplug',
  },
  {
    name: 'a key that is not stored ends as not loaded',
    faults: [{ fault: 'refuse', ins: IMPORT_KEY, statusWord: 0x6140 }],
    ends: 'Not loaded',
  },
];

for (const { name, faults, ends } of LOST_ANSWERS) {
  test(`when GET RESPONSE fails after an import, the page checks the outcome: ${name}`, async ({ open, service }) => {
    const one = unit();
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach('USB', one.sn);
    await lane.expectWord('Ready');
    for (const fault of faults) await station.fault(one.sn, fault);
    const words = await lane.recordWords();
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord(ends);
    expect(await words()).toEqual(['Ready', 'Loading', 'Checking outcome', ends]);
  });
}

test('a page reloaded during an import shows the interrupted load, and settles it after signing in', async ({
  open,
  service,
  page,
}) => {
  const one = unit(DIVERSIFIED, { latency: { identity: 0, challenge: 0, importKey: 5000 } });
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectSaid('The unit writes the key');
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await expect(
    page.getByText('The load was interrupted before its outcome').or(station.lanes.first()).first(),
  ).toBeVisible();
  await station.signIn(service.token);
  await lane.expectWord('Not loaded');
  await lane.press('Choose key again');
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
});

test('the next page settles by recall an import that the journal could not record', { tag: '@long' }, async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.expectWord('Ready');
  // From now on, the journal can write only one more record: the record before the export request.
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
  await expect(
    page.getByText('The load was interrupted before its outcome').or(station.lanes.first()).first(),
  ).toBeVisible();
  const recalled = page.waitForResponse('**/v1/exports:recall');
  await station.signIn(service.token);
  expect((await recalled).status()).toBe(200);
  await lane.expectWord('Unplug');
  await lane.expectSaid('Receipt verified by the AS');
});

test('the lane of an idle unit disappears after an unplug, and returns when the unit is plugged in', {
  tag: '@long',
}, async ({ open, service }) => {
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

test('the operator can request a lost verdict again', { tag: '@long' }, async ({ open, service, page }) => {
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
