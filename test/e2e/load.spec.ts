// Loads a key from the AS into a unit, over both links, in both profiles and in every suite.
import { firstKeyBytes, MAX_FIRST_KEY_BYTES } from './support/first-key.ts';
import { CHACHA, DIVERSIFIED, FIELD_KEY, NEXT_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

const CASES = [
  { name: 'USB, diversified, suite 01', details: {}, kind: 'USB', link: 'usb', set: DIVERSIFIED, suites: [1] },
  { name: 'USB, shared, suite 01', details: LONG, kind: 'USB', link: 'usb', set: SHARED, suites: [1] },
  { name: 'serial, shared, suite 02', details: {}, kind: 'Serial', link: 'serial', set: SHARED, suites: [2] },
  {
    name: 'serial, diversified, suite 01',
    details: LONG,
    kind: 'Serial',
    link: 'serial',
    set: DIVERSIFIED,
    suites: [1],
  },
  { name: 'serial, diversified, suite 04', details: {}, kind: 'Serial', link: 'serial', set: CHACHA, suites: [4] },
  { name: 'USB, diversified, suite 04', details: LONG, kind: 'USB', link: 'usb', set: CHACHA, suites: [4] },
] as const;

for (const { name, details, kind, link, set, suites } of CASES) {
  test(`loads a key: ${name}`, details, async ({ open, service }) => {
    const one = unit(set, { link, suites });
    const station = await open([one]);
    await station.signIn(service.token);
    const lane = await station.attach(kind, one.sn);
    await lane.expectWord('Ready');
    await lane.expectSaid(set.name);
    await lane.load(FIELD_KEY.label, 2);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');

    // The memory of the unit agrees with the page.
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

test('the page has a screen wake lock only while it loads a key', LONG, async ({ open, page, service }) => {
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

test('no request is refused or fails while a key is loaded', LONG, async ({ open, page, service }) => {
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

test('the first key of a unit takes three exchanges, and each further key takes two', async ({ open, service }) => {
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

test('the button that loads stays in view while the slots scroll', LONG, async ({ open, service, page }) => {
  await page.setViewportSize({ width: 1000, height: 620 });
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.choose(FIELD_KEY.label, 1);
  await lane.slot(1).scrollIntoViewIfNeeded();
  await expect(lane.root.getByRole('button', { name: 'Load into slot 1' })).toBeInViewport({ ratio: 1 });
});

test('a loaded key is marked, and only another key can replace it', async ({ open, service }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(NEXT_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.expectSaid('Loaded');
  await expect(lane.slot(1)).toHaveCount(0);
  await expect(lane.slot(2)).toBeVisible();
});

test('the load strip is above the facts on a phone, and the whole card fits 320 px', async ({
  open,
  service,
  page,
}) => {
  await page.setViewportSize({ width: 320, height: 800 });
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.choose(FIELD_KEY.label, 1);
  const order = await lane.root.evaluate((card) => {
    const button = card.querySelector('[aria-keyshortcuts=L]');
    const facts = card.querySelector('dl');
    return button && facts ? button.compareDocumentPosition(facts) : 0;
  });
  expect(order & 4, 'the facts follow the button').toBe(4);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
});

test('requests one export and one verdict from the AS per key', async ({ open, service, watch }) => {
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

test('the page replaces a key after a warning and a confirmation, and never with the same or an older version', async ({
  open,
  service,
}) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.choose(NEXT_KEY.label, 1);
  await lane.expectSaid(/This replaces version \d+ in slot 1/);
  const button = lane.root.getByRole('button', { name: 'Load into slot 1' });
  await expect(button).toBeDisabled();
  await lane.root.getByRole('checkbox', { name: /^Replace version \d+$/ }).check();
  await button.click();
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await expect(lane.slot(2)).toBeVisible();
  await expect(lane.slot(1)).toHaveCount(0);
});

for (const [width, height] of [
  [1440, 900],
  [1000, 560],
  [390, 844],
  [720, 450],
] as const) {
  test(
    `the warning precedes the button that replaces a key, at ${width} × ${height}`,
    LONG,
    async ({ open, service, page }) => {
      await page.setViewportSize({ width, height });
      const one = unit();
      const station = await open([one]);
      await station.signIn(service.token);
      const lane = await station.attach('USB', one.sn);
      await lane.load(FIELD_KEY.label, 1);
      await lane.press('Load another key');
      await lane.choose(NEXT_KEY.label, 1);
      await lane.confirm();
      const warning = await lane.root.getByText('The old key cannot be restored.').elementHandle();
      const button = await lane.root.getByRole('button', { name: 'Load into slot 1' }).elementHandle();
      const seen = await page.evaluate(
        (both) => {
          const isSeen = (element: Element | null): boolean => {
            if (!element) return false;
            const { left, width, top, height } = element.getBoundingClientRect();
            return [top + 1, top + height - 1].every((y) => {
              const above = document.elementFromPoint(left + width / 2, y);
              return above !== null && element.contains(above);
            });
          };
          /** True if the element is above the viewport: the operator has scrolled past it. */
          const isPast = (element: Element | null | undefined): boolean =>
            (element?.getBoundingClientRect().top ?? 0) < 0;
          const all: { readonly y: number; readonly button: boolean; readonly warning: boolean }[] = [];
          for (let y = 0; y < document.body.scrollHeight; y += 40) {
            scrollTo(0, y);
            all.push({ y, button: isSeen(both[1] ?? null), warning: isSeen(both[0] ?? null) || isPast(both[0]) });
          }
          return all;
        },
        [warning, button],
      );
      expect(seen.filter((at) => at.button).length).toBeGreaterThan(1);
      expect(seen.filter((at) => at.button && !at.warning)).toEqual([]);
    },
  );
}

test(
  'the page scrolls to a unit that is plugged in, unless the operator uses another lane',
  LONG,
  async ({ open, service, page }) => {
    await page.setViewportSize({ width: 900, height: 700 });
    const [first, second, third] = [unit(), unit(undefined, { plugged: false }), unit(undefined, { plugged: false })];
    const station = await open([first, second, third]);
    for (const { sn } of [second, third]) await station.plug(sn);
    await station.signIn(service.token);
    for (const { sn } of [second, third]) {
      const lane = await station.attach('USB', sn);
      await lane.expectWord('Ready');
      await station.unplug(sn);
      await expect(lane.root).toHaveCount(0);
    }
    const lane = await station.attach('USB', first.sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
    await station.plug(second.sn);
    await expect(station.lane(second.sn).word).toBeInViewport({ ratio: 1 });

    await page.evaluate(() => scrollTo(0, 0));
    await lane.press('Load another key');
    await lane.slot(2).focus();
    const before = await page.evaluate(() => scrollY);
    await station.plug(third.sn);
    await station.lane(third.sn).expectWord('Ready');
    expect(await page.evaluate(() => scrollY)).toBe(before);
  },
);

test('a view opens at its top, even if the last view was scrolled down', LONG, async ({ open, service, page }) => {
  await page.setViewportSize({ width: 390, height: 500 });
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.root.getByRole('link', { name: 'See the proof' }).click();
  await expect(page.getByText('Signed verdict of the AS')).toBeVisible();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(100);
  await station.openStation();
  await lane.expectWord('Unplug');
  await expect(page.getByRole('heading', { level: 1, name: 'Station' })).toBeInViewport({ ratio: 1 });
});

test('two units on two links have a lane each, and load keys concurrently', async ({ open, service }) => {
  const [first, second] = [unit(DIVERSIFIED, { link: 'usb' }), unit(SHARED, { link: 'serial' })];
  const station = await open([first, second]);
  await station.signIn(service.token);
  await station.attach('USB', first.sn);
  await station.attach('Serial', second.sn);
  await expect(station.lanes).toHaveCount(2);
  for (const { sn } of [first, second]) await station.lane(sn).load(FIELD_KEY.label, 3);
  for (const { sn } of [first, second]) await station.lane(sn).expectWord('Unplug');
});

test('after a reload the history shows the attempt with its steps', LONG, async ({ open, service, page }) => {
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
  // Receipt and verdict are shown whole.
  const proofs = rows
    .first()
    .getByRole('code')
    .filter({ hasText: /^\S{100}/ });
  await expect(proofs).toHaveCount(2);
  const heights = await proofs.evaluateAll((all) => all.map((each) => each.scrollHeight - each.clientHeight));
  expect(Math.max(...heights)).toBeLessThanOrEqual(1);
});

test('while the AS verifies the receipt, the slot is not shown as empty', async ({ open, service, page }) => {
  const one = unit();
  const station = await open([one]);
  await station.signIn(service.token);
  const lane = await station.attach('USB', one.sn);
  let verify = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    verify = resolve;
  });
  await page.route('**/v1/receipts', async (route) => {
    await released;
    await route.continue();
  });
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectSaid('The key is stored. The AS verifies the receipt.');
  const slots = page.getByRole('heading', { name: 'Slots', exact: true }).locator('+ ul > li');
  await expect(slots.first()).toHaveText('1 Not confirmed yet');
  verify();
  await lane.expectWord('Unplug');
  await expect(slots.first()).toContainText('KCV');
});

test('the lane links to the proof of a loaded key, and the history finds attempts by unit', async ({
  open,
  service,
  page,
}) => {
  const [one, other] = [unit(), unit()];
  const station = await open([one, other]);
  await station.signIn(service.token);
  const second = await station.attach('USB', other.sn);
  await second.load(NEXT_KEY.label, 1);
  await second.expectWord('Unplug');
  const lane = await station.attach('USB', one.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await second.root.getByRole('link', { name: 'See the proof' }).click();
  const rows = page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.locator('button[aria-expanded]') });
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('The AS verified the receipt');
  await expect(rows.getByRole('button').first()).toHaveAttribute('aria-expanded', 'true');
  const sought = page.getByLabel('Unit, key or order');
  await expect(rows.getByRole('button').first()).toBeFocused();
  await expect(sought).toHaveValue(other.sn);
  await sought.press('End');
  await sought.press('Backspace');
  await sought.pressSequentially(other.sn.slice(-1));
  await expect(sought).toBeFocused();
  await sought.fill(one.sn.toLowerCase().replace(/(.{4})/g, '$1 '));
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText(FIELD_KEY.label);
  await sought.fill('nothing of that name');
  await expect(page.getByText('None of the 2 attempts matches.')).toBeVisible();
  await sought.fill('');
  await expect(rows).toHaveCount(2);
});

test('the page loads at most 78.8 kB for the first key', async ({ browser, service }) => {
  // Allows the service worker, as in real use. It fetches the rest of the page in the background.
  const context = await browser.newContext({ serviceWorkers: 'allow' });
  expect(await firstKeyBytes(await context.newPage(), service)).toBeLessThanOrEqual(MAX_FIRST_KEY_BYTES);
  await context.close();
});
