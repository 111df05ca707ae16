// The order board and the list of orders. Lanes that need action come first, no lane moves while
// the operator uses it, and a search for a unit finds its order.
import type { Locator, Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { expectAccessible } from './support/accessible.ts';
import { issue, OrdersPage, openNew } from './support/orders-page.ts';
import { expect, test, unit } from './support/test.ts';

const DAY_MS = 86_400_000;
const REFUSED = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 } as const;
const refused = (): UnitDescription => unit(undefined, { faults: [REFUSED] });

const sns = (units: readonly UnitDescription[]): readonly string[] => units.map(({ sn }) => sn);

/** The state words of the tiles, in the sequence of the keyboard. */
const words = (orders: OrdersPage): Promise<readonly string[]> => orders.tiles.getByRole('heading').allTextContents();

async function width(locator: Locator): Promise<number> {
  return (await locator.boundingBox())?.width ?? 0;
}

/** Checks that each tile follows the previous one, in the same row or in a later one. */
async function expectReadingOrder(orders: OrdersPage): Promise<void> {
  const boxes = await Promise.all((await orders.tiles.all()).map((tile) => tile.boundingBox()));
  for (const [index, box] of boxes.entries()) {
    const before = boxes[index - 1];
    if (before && box) expect(box.y > before.y || (box.y === before.y && box.x > before.x)).toBe(true);
  }
}

/**
 * Checks that no state is cut off or scrolls sideways at the widths of phones and at 200 % zoom.
 * The windows are so tall that the bar at the bottom covers no control, which axe would report.
 */
async function expectNarrow(page: Page, state: string): Promise<void> {
  for (const width of [390, 320, 720]) {
    await page.setViewportSize({ width, height: 9000 });
    await expectAccessible(page, `${state} at ${width} px`);
  }
}

test('the lanes that call for a hand stand first, twice as wide, and the focus stays in its lane', {
  tag: '@long',
}, async ({ open, service, page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const [one, two, three] = [unit(), refused(), unit()];
  const { orders } = await openNew({ open, service, page }, [one, two, three], { units: sns([one, two, three]) });
  for (const { sn } of [one, two, three]) await orders.attach(sn);
  await orders.tile(one.sn).getByRole('button', { name: 'Remove unit' }).focus();
  await page.keyboard.press('g');
  await orders.expectWord(one.sn, 'Unplug');
  await expect.poll(() => words(orders)).toEqual(['Not loaded', 'Unplug', 'Unplug']);
  const focused = orders.tile(one.sn).locator(':focus');
  await expect(focused).toBeVisible();
  await expectReadingOrder(orders);

  const failed = orders.tile(two.sn);
  await expect(failed).toContainText('Press “Load again”.');
  await expect(failed).toContainText('Who acts: you.');
  await expect(failed).toContainText('IMPORTKEY 6985');
  await expect(failed.getByText(two.sn.slice(-4), { exact: true }).first()).toHaveCSS('font-size', '32px');
  expect(await width(failed)).toBeGreaterThan(1.9 * (await width(orders.tile(one.sn))));
  for (const heading of await orders.tiles.getByRole('heading').all())
    await expect(heading).toHaveCSS('font-size', '56px');
  await expectAccessible(page, 'the board');

  // The button that had the focus is removed, so the heading of the lane takes the focus.
  await failed.getByRole('button', { name: 'Load again' }).focus();
  await page.keyboard.press('Enter');
  await orders.expectWord(two.sn, 'Unplug');
  await expect(orders.tile(two.sn).locator(':focus')).toBeVisible();
  await expect(page.getByText('1 not loaded')).toHaveCount(0);
});

test('no lane moves while a finger or a button is down on the board', async ({ open, service, page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const [one, two] = [unit(), refused()];
  const { orders } = await openNew({ open, service, page }, [one, two], { units: sns([one, two]) });
  for (const { sn } of [one, two]) await orders.attach(sn);
  await orders.tile(one.sn).getByRole('heading').hover();
  await page.mouse.down();
  await page.keyboard.press('g');
  await orders.expectWord(two.sn, 'Not loaded');
  await orders.expectWord(one.sn, 'Unplug');
  expect(await words(orders)).toEqual(['Unplug', 'Not loaded']);
  await page.mouse.up();
  await expect.poll(() => words(orders)).toEqual(['Not loaded', 'Unplug']);
});

test('on a phone every lane that does not call is one line, which opens', { tag: '@long' }, async ({
  open,
  service,
  page,
}) => {
  const [one, two] = [unit(), refused()];
  const { orders } = await openNew({ open, service, page }, [one, two], { units: sns([one, two]) });
  await page.setViewportSize({ width: 390, height: 844 });
  for (const { sn } of [one, two]) await orders.attach(sn);
  await orders.start();
  await orders.expectWord(two.sn, 'Not loaded');
  await orders.expectWord(one.sn, 'Unplug');
  await expectNarrow(page, 'the board');
  await page.setViewportSize({ width: 390, height: 844 });
  const line = orders.tile(one.sn);
  expect((await line.boundingBox())?.height).toBeLessThan(64);
  await expect(line.getByRole('button', { name: 'Remove unit' })).toBeHidden();
  await line.getByRole('heading').click();
  await expect(line.getByRole('button', { name: 'Remove unit' })).toBeVisible();
  await expectAccessible(page, 'an open line');
});

test('a reason that the operator is typing survives a narrow window and another view', async ({
  open,
  service,
  page,
}) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const one = unit();
  const { orders } = await openNew({ open, service, page }, [one], { units: [one.sn] });
  await orders.attach(one.sn);
  await orders.expectWord(one.sn, 'Waiting');
  const lane = orders.tile(one.sn);
  await lane.getByRole('button', { name: 'Set aside' }).click();
  await page.keyboard.type('Cover is');
  const field = lane.getByLabel('Reason for setting this unit aside');
  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await expect(field).toBeVisible();
    await expect(field).toHaveValue('Cover is');
  }
  await page.getByRole('link', { name: 'History' }).click();
  await page.getByRole('link', { name: 'Station', exact: true }).click();
  await expect(field).toHaveValue('Cover is');
  await field.fill('Cover is broken');
  await page.keyboard.press('Enter');
  await orders.expectWord(one.sn, 'Set aside');
  // The last group of the serial number has no space after it.
  await expect(lane.locator('.facts .group').last()).toHaveCSS('margin-inline-end', '0px');
});

test('the progress of up to 60 units has a cell for each, and names only states that units are in', async ({
  open,
  service,
  page,
}) => {
  const units = [unit(), refused(), unit()];
  const { orders } = await openNew({ open, service, page }, units, { units: sns(units) });
  for (const { sn } of units.slice(0, 2)) await orders.attach(sn);
  await expect(orders.progress.locator('[data-state=ready]')).toHaveCount(2);
  await orders.start();
  await orders.expectDone(1);
  await expect(orders.progress.locator('> span')).toHaveCount(3);
  for (const state of ['done', 'failed', 'unseen'])
    await expect(orders.progress.locator(`[data-state=${state}]`)).toHaveCount(1);
  const counts = page.getByRole('listitem').filter({ hasText: /^\d+ / });
  await expect(counts).toHaveText(['1 done', '1 not loaded', '1 not seen yet']);
  await orders
    .tile(units[1]?.sn ?? '')
    .getByRole('button', { name: 'Set aside' })
    .click();
  await page.keyboard.type('Cover is broken');
  await page.keyboard.press('Enter');
  await expect(counts).toHaveText(['1 done', '1 set aside', '1 not seen yet']);
  await expect(orders.tile(units[1]?.sn ?? '')).toHaveClass(/aside/);
});

test('the progress of more units is a plain bar', async ({ open, service, page }) => {
  const first = '4549000000010000';
  const { orders } = await openNew({ open, service, page }, [], { units: [`${first}-454900000001003C`] });
  await expect(orders.progress).toHaveAttribute('aria-valuemax', '61');
  await expect(orders.progress.locator('> span')).toHaveCount(1);
  await expect(page.getByText('61 not seen yet')).toBeVisible();
});

test('the list of units does not scroll sideways in a window of 720 px or more', async ({ open, service, page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  const one = refused();
  const { orders } = await openNew({ open, service, page }, [one], { units: sns([one]) });
  await orders.attach(one.sn);
  await page.keyboard.press('g');
  await orders.expectWord(one.sn, 'Not loaded');
  const list = page.getByRole('region', { name: 'Units, one per row' });
  await expect(list).toContainText('The challenge was no longer valid');
  for (const width of [720, 1024, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    expect(await list.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth), `${width} px`).toBe(0);
  }
});

test('from 1900 px on, the units of the order stand beside the lanes', async ({ open, service, page }) => {
  const one = unit();
  await page.setViewportSize({ width: 2560, height: 1440 });
  const { orders } = await openNew({ open, service, page }, [one], { units: [one.sn] });
  await orders.attach(one.sn);
  const [lane, list] = [
    await orders.tile(one.sn).boundingBox(),
    await page.getByRole('region', { name: 'Units', exact: true }).boundingBox(),
  ];
  expect(list?.x).toBeGreaterThan((lane?.x ?? 0) + (lane?.width ?? 0));
  expect((list?.x ?? 0) + (list?.width ?? 0)).toBeGreaterThan(2560 - 60);
  await expectAccessible(page, 'the wide board');
});

test('an order is found by the last digits of a unit, with the state of the unit', { tag: '@long' }, async ({
  open,
  service,
  page,
}) => {
  const [one, two] = [unit(), unit()];
  const first = await issue(service, { units: sns([one]) });
  const second = await issue(service, { units: sns([two]), options: ['--days', '5'] });
  const station = await open([one]);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.open(first);
  await orders.attach(one.sn);
  await orders.start();
  await orders.expectDone(1);
  await page.getByRole('link', { name: 'Orders' }).click();
  await page.getByRole('button', { name: 'Leave order' }).click();
  await expect(page.getByRole('region', { name: 'On this station' })).toContainText(first);
  const search = page.getByRole('searchbox', { name: 'Order or serial number' });
  await search.fill(one.sn.slice(-4).toLowerCase());
  await expect(orders.row(second)).toHaveCount(0);
  await expect(orders.row(first)).toContainText(one.sn);
  await expect(orders.row(first)).toContainText('Done');
  await search.fill(two.sn);
  await expect(orders.row(second)).toContainText(two.sn);
  await expect(orders.row(second)).toContainText('Not seen yet');
  await expect(orders.row(first)).toHaveCount(0);
  await expect(orders.row(second)).toContainText(/Due .*, in [45] days/);
  await search.fill('FFFFFFFF');
  await expect(page.getByText('No order has this name or contains this unit.')).toBeVisible();
  await search.fill(second);
  await expect(orders.row(second)).toHaveCount(1);
  await expectNarrow(page, 'the list');
});

test('an expired order says when it expired and who can help, and a file opens wherever it is dropped', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const id = await issue(service, { units: [one.sn], options: ['--days', '2'] });
  const station = await open([]);
  // The page uses the time of the AS, so the answers of the AS get a date three days later too.
  await page.route('**/v1/**', async (route) => {
    const response = await route.fetch();
    const date = new Date(Date.now() + 3 * DAY_MS).toUTCString();
    await route.fulfill({ response, headers: { ...response.headers(), date } });
  });
  await page.clock.setFixedTime(Date.now() + 3 * DAY_MS);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await page.getByRole('link', { name: 'Orders' }).click();
  await expect(orders.row(id)).toContainText('Expired yesterday');
  await expect(orders.row(id)).toContainText('Ask your custodian for a new order.');
  await expect(orders.row(id).getByRole('button')).toHaveText(`Show ${id}`);
  await expectAccessible(page, 'an expired order');
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['{"not": "an order"}'], 'order.json'));
    document
      .querySelector('h1')
      ?.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole('alert')).toContainText('file-refused');
});
