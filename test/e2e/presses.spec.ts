// How often an operator presses a button or a key for a task, and how many texts the operator
// pastes. docs/stations.md has the figures.
import { readDocument, section, table } from '#test/docs/markdown.ts';
import { injectSimulator } from './support/inject.ts';
import { issue, OrdersPage } from './support/orders-page.ts';
import { countPresses, type Presses } from './support/presses.ts';
import { Service } from './support/service.ts';
import { DIVERSIFIED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault } from './support/vaults.ts';

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

const FIGURES = table(section(readDocument('docs/stations.md'), 'What an operator presses'), 'task', 'presses');

/** Returns the figures of docs/stations.md for a task. */
function figures(task: string): Presses {
  const [, presses, texts] = FIGURES.find(([name]) => name === task) ?? [];
  return { presses: Number(presses), texts: Number(texts) };
}

test.describe('in the demo', () => {
  let demo: Service;
  test.beforeAll(async () => {
    demo = await Service.start({ demo: true, bare: true });
  });
  test.afterAll(async () => {
    await demo.stop();
  });

  test('a first key on a new browser, and a key on the next day', LONG, async ({ page, station }) => {
    const count = await countPresses(page);
    await page.goto(`${demo.url}/demo.html`);
    await expect(station.token).toBeFocused();
    await page.keyboard.insertText(demo.token);
    await page.getByRole('checkbox', { name: 'All eight groups are the same' }).click();
    await page.getByRole('button', { name: 'Trust AS and sign in' }).click();
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    await page.getByRole('button', { name: 'USB', exact: true }).click();
    await page.getByRole('button', { name: 'Connect' }).click();
    const lane = station.onlyLane();
    await lane.slot(1).click();
    await lane.press('Load into slot 1');
    await lane.expectWord('Unplug');
    expect(await count()).toEqual(figures('first key on a new browser'));

    await page.reload();
    await expect(station.token).toBeFocused();
    await page.keyboard.insertText(demo.token);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await lane.slot(2).click();
    await lane.press('Load into slot 2');
    await lane.expectWord('Unplug');
    expect(await count()).toEqual(figures('a key on the next day'));
  });

  test('an order of eight units', LONG, async ({ page, station }) => {
    const count = await countPresses(page);
    await page.goto(`${demo.url}/demo.html`);
    await station.signIn(demo.token);
    await count();
    const orders = new OrdersPage(page);
    await orders.open('DEMO-8');
    await orders.start();
    await page.getByRole('button', { name: 'Plug in all' }).click();
    await orders.expectDone(8);
    expect(await count()).toEqual(figures('an order of eight units, after the sign-in'));
  });
});

test('an order of eight units after a gap in the network', LONG, async ({ page, service, station }) => {
  const units = Array.from({ length: 8 }, () => unit(undefined, { permitted: true }));
  const id = await issue(service, { units: units.map(({ sn }) => sn) });
  const count = await countPresses(page);
  await page.clock.install();
  await injectSimulator(page, units);
  await page.goto(service.url);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.open(id);
  await expect(orders.tiles).toHaveCount(8);
  // The AS receives three export requests. All other requests fail, so it receives no receipt.
  let exports = 0;
  await page.route('**/v1/**', (route) =>
    route.request().url().endsWith('/v1/exports') && ++exports <= 3 ? route.continue() : route.abort(),
  );
  await orders.start();
  const halted = page.getByText('Halted Check the network, then press “Go on”.');
  await expect(async () => {
    await page.clock.runFor(2_000); // the pauses between the tries of a request
    await expect(halted).toBeVisible({ timeout: 100 });
    await expect(orders.tiles.filter({ hasText: /Loading|Checking/ })).toHaveCount(0, { timeout: 100 });
  }).toPass();
  await expect(orders.tiles.getByRole('heading', { name: 'Not confirmed' })).toHaveCount(3);
  await count();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Go on' }).click();
  await orders.expectDone(8);
  expect(await count()).toEqual(figures('the same order after a gap in the network'));
  for (const { sn } of units) await orders.expectWord(sn, 'Unplug');
  const memories = await page.evaluate(
    (numbers) => numbers.map((sn) => window.keyferrySimulator?.memory(sn).importCounter),
    units.map(({ sn }) => sn),
  );
  expect(memories).toEqual(Array(8).fill(1));
});

test('from a vault file to its returned journal', LONG, async ({ page, service, station }) => {
  const one = unit();
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const count = await countPresses(page);
  await injectSimulator(page, [one]);
  await page.goto(service.url);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await count();
  const tokens = new TokensPage(page);
  await page.getByRole('navigation').getByRole('link', { name: 'Tokens' }).click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByText('Add vault file').click();
  const file = { name: 'job.vault', mimeType: 'application/json', buffer: Buffer.from(vault.text) };
  await (await choosing).setFiles(file);
  await page.getByLabel(/^Passphrase of vault/).click();
  await page.keyboard.insertText(vault.passphrase);
  await page.getByRole('button', { name: 'Unlock vault', exact: true }).click();
  await tokens.expectHeading('Unlocked: vault');
  await tokens.goToStation();
  const lane = await station.attach('USB', one.sn);
  await lane.slot(1).click();
  await lane.press('Load into slot 1');
  await lane.expectWord('Unplug');
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await expect(station.token).toBeFocused();
  await page.keyboard.insertText(service.token);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('link', { name: 'Go to tokens' }).click();
  await page.getByRole('button', { name: 'Return journal' }).click();
  await expect(page.getByText('The AS has the journal and found no problems.')).toBeVisible();
  expect(await count()).toEqual(figures('from a vault file to its returned journal'));
});
