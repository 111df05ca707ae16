// The main job: a key from the AS into a unit, over both links, in both profiles and every suite.
import { CHACHA, DIVERSIFIED, FIELD_KEY, NEXT_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

const CASES = [
  { name: 'USB, diversified, suite 01', kind: 'USB', link: 'usb', set: DIVERSIFIED, suites: [1] },
  { name: 'USB, shared, suite 01', kind: 'USB', link: 'usb', set: SHARED, suites: [1] },
  { name: 'serial, shared, suite 02', kind: 'Serial', link: 'serial', set: SHARED, suites: [2] },
  { name: 'serial, diversified, suite 01', kind: 'Serial', link: 'serial', set: DIVERSIFIED, suites: [1] },
  { name: 'serial, diversified, suite 04', kind: 'Serial', link: 'serial', set: CHACHA, suites: [4] },
  { name: 'USB, diversified, suite 04', kind: 'USB', link: 'usb', set: CHACHA, suites: [4] },
] as const;

for (const { name, kind, link, set, suites } of CASES) {
  test(`loads a key: ${name}`, async ({ open, service }) => {
    const one = unit(set, { link, suites });
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach(kind, one.sn);
    await lane.expectWord('Ready');
    await lane.expectSaid(set.name);
    await lane.load(FIELD_KEY.label, 2);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');

    // The unit itself holds what the page says that it holds.
    const memory = await station.page.evaluate((sn) => window.keyferrySimulator?.memory(sn), one.sn);
    const slot = memory?.slots.find(({ ref2 }) => ref2 === 2);
    expect(slot?.holdsKey).toBe(true);
    await lane.expectSaid(slot?.kcv ?? 'no KCV');
    const holds = await station.page.evaluate(([sn, key]) => window.keyferrySimulator?.holds(sn, key), [
      one.sn,
      FIELD_KEY.key,
    ] as const);
    expect(holds).toBe(true);
  });
}

test('the screen stays on while a key is loaded, and no longer', async ({ open, page, service }) => {
  await page.addInitScript(() => {
    const held = { count: 0 };
    const sentinel = () => ({ released: false, release: async () => void held.count-- });
    const request = async () => {
      held.count++;
      return sentinel();
    };
    Object.defineProperty(navigator, 'wakeLock', { value: { request } });
    Object.assign(window, { keyferryAwake: held });
  });
  const awake = (): Promise<number> =>
    page.evaluate(() => (window as unknown as { keyferryAwake: { count: number } }).keyferryAwake.count);
  const one = unit(DIVERSIFIED, { latency: { identity: 0, challenge: 0, importKey: 4000 } });
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  expect(await awake()).toBe(0);
  await lane.load(FIELD_KEY.label, 1);
  await expect.poll(awake).toBe(1);
  await lane.expectWord('Unplug');
  await expect.poll(awake).toBe(0);
});

test('no request of a run is refused or left unfinished', async ({ open, page, service }) => {
  const bad: string[] = [];
  page.on('requestfailed', (request) => void bad.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on(
    'response',
    (response) => void (response.status() >= 400 && bad.push(`${response.url()} ${response.status()}`)),
  );
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  expect(bad).toEqual([]);
});

test('the first key of a unit takes three exchanges, each further one two', async ({ open, service }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  expect(await lane.exchanges()).toBe(3);
  await lane.press('Load another key');
  await lane.load(NEXT_KEY.label, 2);
  await lane.expectWord('Unplug');
  expect(await lane.exchanges()).toBe(5);
  const entries = await lane.openConversation();
  await expect(entries).toContainText(['SELECT', 'GET CHALLENGE', 'IMPORTKEY', 'GET CHALLENGE', 'IMPORTKEY']);
});

test('the choice of the slot comes into sight once a key is pressed', async ({ open, service, page }) => {
  await page.setViewportSize({ width: 1000, height: 560 });
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  await station.attach('USB', one.sn);
  const key = page.getByRole('radio', { name: FIELD_KEY.label });
  await key.scrollIntoViewIfNeeded();
  await key.click();
  await expect(page.getByRole('group', { name: 'Slot' })).toBeInViewport({ ratio: 1 });
});

test('asks the AS for one export and one verdict per key', async ({ open, service, watch }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  const before = watch.requests.length;
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  const asked = watch.requests.slice(before).filter((request) => request.includes('/v1/'));
  expect(asked.map((request) => request.split(' ').slice(0, 2).join(' ').replace(service.url, ''))).toEqual([
    'POST /v1/exports',
    'POST /v1/receipts',
  ]);
});

test('replaces a key only after saying so, and never with the same or an older one', async ({ open, service }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.choose(NEXT_KEY.label, 1);
  await lane.expectSaid('This replaces the key in slot 1');
  await lane.root.getByRole('button', { name: 'Load key' }).click();
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.root.getByRole('radio', { name: FIELD_KEY.label }).check();
  await expect(lane.root.getByRole('radio', { name: /^Slot 1\b/ })).toBeDisabled();
});

test('two units on two links are two lanes, and load side by side', async ({ open, service }) => {
  const [first, second] = [unit(DIVERSIFIED, { link: 'usb' }), unit(SHARED, { link: 'serial' })];
  const station = await open([first, second]);
  await station.signIn(service.token);
  await station.attach('USB', first.sn);
  await station.attach('Serial', second.sn);
  await expect(station.lanes).toHaveCount(2);
  for (const { sn } of [first, second]) await station.lane(sn).load(FIELD_KEY.label, 3);
  for (const { sn } of [first, second]) await station.lane(sn).expectWord('Unplug');
});

test('the journal lists the attempt after a reload, step by step', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 4);
  await lane.expectWord('Unplug');
  await page.reload();
  const rows = await station.openHistory();
  await expect(rows.first()).toContainText('Loaded');
  await expect(rows.first()).toContainText(FIELD_KEY.label);
  await rows.first().getByRole('button').first().click();
  await expect(rows.first()).toContainText('The AS verified the receipt');
  await expect(rows.first()).toContainText('Sent the key to the unit');
});
