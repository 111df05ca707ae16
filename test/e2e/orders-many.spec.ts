// Hundreds of units through eight sockets in one work order; KEYFERRY_UNITS=10000 makes it a day's work. Each unit is unplugged when its lane is green, and
// the next one takes its place. The units are outside the browser, so that its heap is the page's alone: at the end it holds no more than near the beginning,
// and of the units it knows those that are on the screen. The journal is complete and its chain holds, and the order balances.
import type { CDPSession, Page } from '@playwright/test';
import { readHeld } from './support/held.ts';
import { readJournal } from './support/journal.ts';
import { issue, OrdersPage } from './support/orders-page.ts';
import { OutsideUnits } from './support/outside-units.ts';
import { Service } from './support/service.ts';
import { expect, test, unit } from './support/test.ts';

const COUNT = Number(process.env.KEYFERRY_UNITS ?? 200);
const SOCKETS = 8;
/** The heap is looked at after each of so many parts. */
const LEGS = 20;
/** A run of so many units is told while it goes on. */
const TOLD_FROM = 1000;
/** Bytes that the page may have grown by, however many units there were. */
const MAX_GROWTH = 1_000_000;
/** Units that it may know by their numbers at one time: those on the lanes, and the rows of the list that are in sight. */
const MAX_KNOWN = 60;

const sn = (n: number): string => (0x4d41_0000_0000 + n).toString(16).toUpperCase().padStart(32, '0');

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

/** Units of the order whose numbers are among these. */
function known(strings: readonly string[]): number {
  return new Set(strings.flatMap((text) => text.toUpperCase().match(/4D41[0-9A-F]{8}/g) ?? [])).size;
}

/** Which of the units may be unplugged, by their lanes. */
async function green(page: Page, here: ReadonlySet<string>): Promise<readonly string[]> {
  const lanes = await page.evaluate(() =>
    [...document.querySelectorAll('article')].map((lane) => ({
      word: lane.querySelector('h2')?.textContent ?? '',
      text: lane.textContent ?? '',
    })),
  );
  const stuck = lanes.find(({ word }) => word === 'Not loaded' || word === 'Not attached');
  if (stuck) throw new Error(`a lane says ${stuck.text}`);
  return [...here].filter((one) => lanes.some(({ word, text }) => word === 'Unplug' && text.includes(one)));
}

/** Plugs in the units from one to another, excluded, and unplugs each when its lane says so. */
async function work(page: Page, units: OutsideUnits, from: number, to: number): Promise<void> {
  const here = new Set<string>();
  for (let next = from; next < to || here.size > 0; ) {
    for (const done of await green(page, here)) {
      units.remove(done);
      here.delete(done);
    }
    while (next < to && here.size < SOCKETS) {
      const one = sn(next++);
      units.add(unit(undefined, { sn: one }));
      here.add(one);
    }
    await units.tell(page);
  }
}

/** Has the page keep each unit's number and some octets, twice what it may have grown by in all. */
async function keepOfEach(page: Page): Promise<void> {
  const sns = Array.from({ length: COUNT }, (_, n) => sn(n));
  const length = Math.ceil((2 * MAX_GROWTH) / COUNT);
  await page.evaluate(
    (each) => void Object.assign(window, { kept: each.sns.map((one) => [one, new Uint8Array(each.length)]) }),
    { sns, length },
  );
}

test(`${COUNT} units in one order`, async ({ page, station }) => {
  test.setTimeout(60_000 + COUNT * 400);
  const service = await Service.start({ exportsPerMinute: 100_000 });
  try {
    const id = await issue(service, { units: [`${sn(0)}-${sn(COUNT - 1)}`] });
    const units = new OutsideUnits();
    await units.serve(page.context());
    await page.goto(service.url);
    await station.signIn(service.token);
    const orders = new OrdersPage(page);
    await orders.takeUp(id);
    await page.getByRole('button', { name: 'Sound' }).click();
    await orders.goOn();
    const session = await page.context().newCDPSession(page);
    let early = 0;
    for (let leg = 0; leg < LEGS; leg++) {
      const [from, to] = [Math.floor((COUNT * leg) / LEGS), Math.floor((COUNT * (leg + 1)) / LEGS)];
      const began = Date.now();
      await work(page, units, from, to);
      const pace = ((to - from) * 1000) / (Date.now() - began);
      const size = await heap(session);
      const line = `${to} units: heap ${(size / 1e6).toFixed(2)} MB, ${pace.toFixed(1)} units a second`;
      test.info().annotations.push({ type: 'leg', description: line });
      if (COUNT >= TOLD_FROM) console.log(line);
      if (leg === 1) early = (await readHeld(session)).bytes;
    }
    const held = await readHeld(session);
    const growth = held.bytes - early;
    const grown = `what the page holds grew by ${(growth / 1e6).toFixed(2)} MB to ${(held.bytes / 1e6).toFixed(2)} MB`;
    test.info().annotations.push({ type: 'held', description: grown });
    if (COUNT >= TOLD_FROM) console.log(grown);
    expect(growth).toBeLessThan(MAX_GROWTH);
    expect(known(held.strings)).toBeLessThan(MAX_KNOWN);
    // A page that keeps a little of each is found out by both.
    await keepOfEach(page);
    const kept = await readHeld(session);
    expect(kept.bytes - early).toBeGreaterThan(MAX_GROWTH);
    expect(known(kept.strings)).toBe(COUNT);
    await orders.expectDone(COUNT);
    const { entries, attempts, breaks } = await readJournal(page);
    expect(breaks).toEqual([]);
    expect(attempts.filter(({ said }) => said.at(-1) === 'verify confirmed')).toHaveLength(COUNT);
    expect(attempts).toHaveLength(COUNT);
    expect(entries).toBeGreaterThanOrEqual(7 * COUNT);
    expect(await page.locator('*').count()).toBeLessThan(1500);
    await orders.close();
    await orders.toReport();
    const sheet = page.getByRole('article');
    await expect(sheet.getByRole('heading', { level: 2 })).toHaveText('Genuine', { timeout: 120_000 });
    await expect(sheet).toContainText(`${COUNT}: ${COUNT} done, 0 not loaded, 0 not known, 0 did not come`);
  } finally {
    await service.stop();
  }
});
