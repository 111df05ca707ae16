// The demo: simulated units, the chooser of the page, and an AS in demo mode. An AS that is not in
// demo mode has neither the demo page nor the demo sets.
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { OrdersPage } from './support/orders-page.ts';
import { Service } from './support/service.ts';
import { type LanePage, StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';

/** Signs in, and attaches the first unit in the chooser of the demo. */
async function firstUnit(station: StationPage, kind: 'USB' | 'Serial', token: string): Promise<LanePage> {
  await station.signIn(token);
  return await station.attachFirst(kind);
}

test.describe('an AS in demo mode', () => {
  let demo: Service;
  test.beforeAll(async () => {
    demo = await Service.start({ demo: true });
  });
  test.afterAll(async () => {
    await demo.stop();
  });

  for (const { kind, index } of [
    { kind: 'USB', index: 0 },
    { kind: 'Serial', index: 1 },
  ] as const) {
    test(`serves the demo, which loads a key over ${kind}`, async ({ page }) => {
      await page.goto(`${demo.url}/demo.html`);
      await expect(page.getByText('Demo: published keys, simulated units.')).toBeVisible();
      const station = new StationPage(page);
      const lane = await firstUnit(station, kind, demo.token);
      await lane.expectSaid(DEMO_SETS[index]?.name ?? 'no such demo set');
      await lane.load('Data encryption key', 1);
      await lane.expectWord('Unplug');
      const rows = await station.openHistory();
      await expect(rows.first()).toContainText('demo');
    });
  }

  test('prints the page without the simulated bench', { tag: '@long' }, async ({ page }) => {
    await page.goto(`${demo.url}/demo.html`);
    const bench = page.getByRole('complementary', { name: 'Simulated bench' });
    await expect(bench).toBeVisible();
    await page.emulateMedia({ media: 'print' });
    await expect(bench).toBeHidden();
    await expect(page.getByRole('heading', { name: 'Three steps to a loaded key' })).toBeVisible();
  });

  for (const { kind, index, word } of [
    { kind: 'USB', index: 0, word: 'Not loaded' },
    { kind: 'Serial', index: 1, word: 'Unplug' },
  ] as const) {
    test(`one damaged bit over ${kind} ends in “${word}”`, { tag: '@long' }, async ({ page }) => {
      await page.goto(`${demo.url}/demo.html`);
      const station = new StationPage(page);
      const lane = await firstUnit(station, kind, demo.token);
      const failure = page.getByLabel('Next failure').nth(index);
      await failure.selectOption({ label: 'one bit of the key is damaged (serial sends the block again)' });
      await lane.load('Data encryption key', 1);
      await lane.expectWord(word);
      if (kind === 'USB') await lane.expectSaid('IMPORTKEY 6988');
    });
  }

  test('offers a memory that stores something else, and a serial line that returns what is sent', {
    tag: '@long',
  }, async ({ page }) => {
    await page.goto(`${demo.url}/demo.html`);
    const station = new StationPage(page);
    const lane = await firstUnit(station, 'Serial', demo.token);
    const failure = page.getByLabel('Next failure').nth(1);
    await failure.selectOption({ label: 'memory stores other data (6581)' });
    await lane.load('Data encryption key', 1);
    await lane.expectWord('Not loaded');
    await lane.expectSaid('IMPORTKEY 6581');
    // The page detects the echo when it opens the link. It ignores the echoed bytes and loads the
    // key.
    await lane.press('Remove unit');
    await failure.selectOption({ label: 'the line returns what is sent (serial)' });
    const echoing = await station.attachFirst('Serial');
    await echoing.load('Data encryption key', 1);
    await echoing.expectWord('Unplug');
  });

  test('has an order that loads the eight units of a hub as soon as they are plugged in', async ({ page }) => {
    await page.goto(`${demo.url}/demo.html`);
    await new StationPage(page).signIn(demo.token);
    const orders = new OrdersPage(page);
    await orders.open('DEMO-8');
    await orders.start();
    await page.getByRole('button', { name: 'Plug in all' }).click();
    await expect(orders.tiles).toHaveCount(8);
    await orders.expectDone(8);
    await expect(orders.tiles.getByRole('heading', { name: 'Unplug' })).toHaveCount(8);
  });

  test('can be reset: units, history and the pinned root key are as at the first visit', async ({ page }) => {
    await page.goto(`${demo.url}/demo.html`);
    const station = new StationPage(page);
    const lane = await firstUnit(station, 'USB', demo.token);
    await lane.load('Data encryption key', 1);
    await lane.expectWord('Unplug');
    const other = await page.context().newPage();
    await other.goto(`${demo.url}/demo.html`);
    await expect(other.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await page.evaluate(() => localStorage.setItem('demo-keyferry.to-return', '0001 a'));
    await page.getByRole('button', { name: 'Reset the demo' }).press('Enter');
    await expect(page.getByText('This deletes the demo’s unit keys')).toBeFocused();
    await expect(page.getByText('Return the journal of vault 0001 first.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Delete and restart' })).toBeDisabled();
    await page.getByRole('checkbox', { name: 'Delete the journal without returning it' }).check();
    await page.getByRole('button', { name: 'Delete and restart' }).click();
    await expect(page.getByRole('heading', { name: 'Compare the root key' })).toBeVisible();
    await station.openHistory();
    await expect(page.getByText('No attempts yet')).toBeVisible();
    // Another tab of the demo starts again too, instead of reporting the deleted data as lost.
    await expect(other.getByRole('heading', { name: 'Compare the root key' })).toBeVisible();
    await expect(other.getByRole('alert')).toHaveCount(0);
    await expect(page.getByRole('alert')).toHaveCount(0);
  });

  test('deletes nothing of the real station when it is reset', async ({ page }) => {
    await page.goto(demo.url);
    await new StationPage(page).signIn(demo.token);
    await page.goto(`${demo.url}/demo.html`);
    await expect(page.getByRole('heading', { name: 'Compare the root key' })).toBeVisible();
    await page.getByRole('button', { name: 'Reset the demo' }).click();
    await page.getByRole('button', { name: 'Delete and restart' }).click();
    await expect(page.getByRole('button', { name: 'Reset the demo' })).toBeVisible();
    await page.goto(demo.url);
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Compare the root key' })).toHaveCount(0);
  });

  test('has a token card, a unit without a serial number, and faults of the AS and of the permission', async ({
    page,
  }) => {
    await page.goto(`${demo.url}/demo.html`);
    const station = new StationPage(page);
    await expect(page.getByRole('button', { name: 'Plug in Token card, PIN 123456' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Plug in No USB serial number' })).toBeVisible();
    await page.getByRole('checkbox', { name: 'A policy denies the device list' }).check();
    await page.getByRole('button', { name: 'USB', exact: true }).click();
    await expect(page.getByText('browser-unsupported')).toBeVisible();
    await station.signIn(demo.token);
    await page.getByRole('checkbox', { name: 'The AS is down' }).check();
    await page.getByRole('link', { name: 'Orders' }).click();
    await expect(page.getByText('unreachable', { exact: true })).toBeVisible();
  });

  test('links from the product page, which has no simulated units, to the demo', { tag: '@long' }, async ({ page }) => {
    await page.goto(demo.url);
    await page.getByRole('link', { name: 'Try it with simulated units' }).click();
    await expect(page.getByRole('heading', { name: 'Simulated bench' })).toBeVisible();
  });
});

test.describe('an AS that is not in demo mode', () => {
  test('has no demo page and no link to one, and refuses no request of the page', { tag: '@long' }, async ({
    page,
    request,
    service,
  }) => {
    expect((await request.get(`${service.url}/demo.html`)).status()).toBe(404);
    const refused: string[] = [];
    page.on('response', (response) => void (response.status() >= 400 && refused.push(response.url())));
    const asked = page.waitForResponse((response) => response.url().endsWith('/site.json'));
    await page.goto(service.url);
    await asked;
    expect(refused).toEqual([]);
    await expect(page.getByRole('heading', { name: 'Three steps to a loaded key' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Try it with simulated units' })).toHaveCount(0);
  });

  for (const { set, name, profile } of DEMO_SETS) {
    test(`offers no key to a unit of ${name}, and refuses to export for the set or to add it`, {
      tag: '@long',
    }, async ({ open, request, service }) => {
      const one = { ...unit(), set, profile, transportKey: undefined, suites: undefined };
      const station = await open([JSON.parse(JSON.stringify(one))]);
      await station.signIn(service.token);
      const lane = await station.attach('USB', one.sn);
      await lane.expectSaid('The AS has no keys for the set of this unit');
      const answer = await request.post(`${service.url}/v1/exports`, {
        headers: { authorization: `Bearer ${service.token}`, origin: service.url },
        data: {
          set,
          tkv: 1,
          suite: 1,
          sign: false,
          random: 'A'.repeat(22),
          ref1: 0x0101,
          ref2: 1,
          sn: one.sn.padStart(32, '0'),
          challengeMac: 'A'.repeat(22),
          idempotencyKey: 'A'.repeat(22),
        },
      });
      expect([403, 404]).toContain(answer.status());
      await expect(service.cli('set', 'add', set.toString(16), 'Sly', '--profile', profile)).rejects.toThrow(/demo/);
    });
  }
});
