// Hundreds of units through eight sockets in one work order; KEYFERRY_UNITS=10000 makes it a day's work. Each unit is unplugged when its lane is green, and
// the next one takes its place. The journal is complete and its chain holds, the order balances, and the page is no larger at the end than near the beginning.
import type { CDPSession } from '@playwright/test';
import type { UnitDescription } from '#device-sim/description.ts';
import { injectSimulator } from './support/inject.ts';
import { readJournal } from './support/journal.ts';
import { issue, OrdersPage } from './support/orders-page.ts';
import { Service } from './support/service.ts';
import { expect, test, unit } from './support/test.ts';

const COUNT = Number(process.env.KEYFERRY_UNITS ?? 200);
const SOCKETS = 8;
/** The heap is looked at after each of so many parts. */
const LEGS = 20;
/** A run of so many units is told while it goes on. */
const TOLD_FROM = 1000;
/** Bytes that the page may have grown by; each simulated unit that was removed leaves its memory behind in the same page. */
const MOST_GROWTH = 4_000_000 + COUNT * 3000;

const sn = (n: number): string => (0x4d41_0000_0000 + n).toString(16).toUpperCase().padStart(32, '0');

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

/** Plugs in the units from one to another, excluded, and unplugs each when its lane says so. */
async function work([from, to, sockets, template]: readonly [number, number, number, UnitDescription]): Promise<void> {
  const simulator = window.keyferrySimulator;
  if (!simulator) throw new Error('no simulator');
  const number = (n: number): string => (0x4d41_0000_0000 + n).toString(16).toUpperCase().padStart(32, '0');
  const button = (): HTMLButtonElement | undefined =>
    [...document.querySelectorAll<HTMLButtonElement>('section button')].find((each) =>
      each.textContent?.includes('USB'),
    );
  const plugged = new Set<string>();
  for (let next = from; next < to || plugged.size > 0; ) {
    while (next < to && plugged.size < sockets) {
      const one = number(next++);
      simulator.add({ ...template, sn: one });
      simulator.nextChoice(one);
      button()?.click();
      plugged.add(one);
    }
    for (const lane of document.querySelectorAll('article')) {
      const word = lane.querySelector('h2')?.textContent;
      if (word !== 'Unplug' && word !== 'Loading' && word !== 'Reading') {
        if (word === 'Not loaded' || word === 'Not attached') throw new Error(`a lane says ${lane.textContent}`);
      }
      const done = [...plugged].find((one) => word === 'Unplug' && lane.textContent?.includes(one));
      if (done === undefined) continue;
      simulator.remove(done);
      plugged.delete(done);
    }
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

test(`${COUNT} units in one order`, async ({ page, station }) => {
  test.setTimeout(60_000 + COUNT * 400);
  const service = await Service.start({ exportsPerMinute: 100_000 });
  try {
    const id = await issue(service, { units: [`${sn(0)}-${sn(COUNT - 1)}`] });
    const template = unit();
    // The driver below clicks as an operator would.
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'userActivation', { value: { isActive: true, hasBeenActive: true } });
    });
    await injectSimulator(page, [], { persist: false });
    await page.goto(service.url);
    await station.signIn(service.token);
    const orders = new OrdersPage(page);
    await orders.takeUp(id);
    await page.getByRole('button', { name: 'Sound' }).click();
    await orders.goOn();
    const session = await page.context().newCDPSession(page);
    const samples: number[] = [];
    for (let leg = 0; leg < LEGS; leg++) {
      const [from, to] = [Math.floor((COUNT * leg) / LEGS), Math.floor((COUNT * (leg + 1)) / LEGS)];
      const began = Date.now();
      await page.evaluate(work, [from, to, SOCKETS, template] as const);
      const pace = ((to - from) * 1000) / (Date.now() - began);
      const size = await heap(session);
      samples.push(size);
      const line = `${to} units: heap ${(size / 1e6).toFixed(2)} MB, ${pace.toFixed(1)} units a second`;
      test.info().annotations.push({ type: 'leg', description: line });
      if (COUNT >= TOLD_FROM) console.log(line);
    }
    const growth = (samples.at(-1) ?? 0) - (samples[1] ?? 0);
    await orders.expectDone(COUNT);
    const { entries, attempts, breaks } = await readJournal(page);
    expect(breaks).toEqual([]);
    expect(attempts.filter(({ said }) => said.at(-1) === 'verify confirmed')).toHaveLength(COUNT);
    expect(attempts).toHaveLength(COUNT);
    expect(entries).toBeGreaterThanOrEqual(7 * COUNT);
    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(await page.locator('*').count()).toBeLessThan(1500);
    await orders.close();
    await page.getByRole('link', { name: 'To the report' }).click();
    const sheet = page.getByRole('article');
    await expect(sheet.getByRole('heading', { level: 2 })).toHaveText('Genuine', { timeout: 120_000 });
    await expect(sheet).toContainText(`${COUNT}: ${COUNT} done, 0 not loaded, 0 not known, 0 did not come`);
  } finally {
    await service.stop();
  }
});
