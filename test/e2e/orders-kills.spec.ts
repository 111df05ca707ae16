// The browser itself is killed in the middle of a work order, with one lane and with eight, and started again over the same profile: what its journal says of
// each unit agrees with the unit's memory, every time; each unit is loaded once in the end, and no key was exported again without a reason that is written
// down. The units are outside the browser and outlive it. KEYFERRY_KILLS=1000 makes it a long night, at moments of every kind.
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';
import { armKill } from '#test/support/kill-browser.ts';
import { type JournalAttempt, readJournal } from './support/journal.ts';
import { issue, OrdersPage } from './support/orders-page.ts';
import { OutsideUnits, type Passing } from './support/outside-units.ts';
import { Service } from './support/service.ts';
import { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';

const LONG = process.env.KEYFERRY_KILLS;
const INS = { challenge: 0x84, import: 0xd8 } as const;

/** When the browser dies: at that message of a unit, or at the n-th of all, and so many ms after it. */
interface Moment {
  readonly is: (passing: Passing, count: number) => boolean;
  readonly afterMs: number;
}

const at = (way: 'out' | 'in', ins: number): Moment => ({
  is: (passed) => passed.way === way && passed.ins === ins,
  afterMs: 0,
});
/** The key never reached the unit, is in it and not known to be, and before anything was asked of the AS. */
const SHORT: readonly Moment[] = [at('out', INS.import), at('in', INS.import), at('in', INS.challenge)];

function anyMoment(lanes: number): Moment {
  // A unit's reading and loading takes about a dozen messages.
  const nth = 1 + Math.floor(Math.random() * 12 * lanes);
  return { is: (_, count) => count === nth, afterMs: Math.random() * 25 };
}

/** A unit is done long before. */
const LATEST_MS = 4000;

interface Life {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly kill: () => Promise<void>;
}

async function live(profile: string, units: OutsideUnits): Promise<Life> {
  const executablePath = findChromium();
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: chromiumSwitches(),
    serviceWorkers: 'block',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  await units.serve(context);
  return { context, page: await context.newPage(), kill: await armKill(context) };
}

/** What the journal says before the next page has touched it, against what the units hold; how each unit stood, in words. */
async function expectTruth(
  page: Page,
  url: string,
  units: OutsideUnits,
  numbers: readonly string[],
): Promise<readonly string[]> {
  await page.goto(`${url}/favicon.svg`); // of the station's origin, and not the station
  const { attempts, breaks } = await readJournal(page);
  expect(breaks).toEqual([]);
  return numbers.map((sn) => {
    const isIn = units.memory(sn).importCounter === 1;
    const said = attempts.filter((attempt) => attempt.sn === sn.padStart(32, '0')).flatMap((attempt) => attempt.said);
    if (said.includes('import confirmed') || said.includes('verify confirmed')) expect(isIn, said.join()).toBe(true);
    else if (!said.includes('export intended')) expect(isIn, said.join()).toBe(false);
    return `${said.at(-1) ?? 'not begun'}, ${isIn ? 'in' : 'not in'}`;
  });
}

/** An export of a unit's key that the AS was, or may have been, asked for, is followed by another one for a reason only. */
function expectReasons(attempts: readonly JournalAttempt[]): void {
  const asked = new Set<string>();
  for (const { sn, reason, said } of attempts) {
    if (asked.has(sn)) expect(reason, sn).toBeTruthy();
    if (said.includes('export intended')) asked.add(sn);
  }
}

/** Signs in, and has the order on the desk at work again. */
async function goOn({ page }: Life, service: Service, id: string, isFirst: boolean): Promise<OrdersPage> {
  await page.goto(service.url);
  const station = new StationPage(page);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  if (isFirst) await orders.takeUp(id);
  else {
    // The browser may have lost which order was on the desk: it keeps such settings when it has time. Else it lies there again by itself, soon.
    await page.getByRole('link', { name: 'Orders' }).click();
    const toItsUnits = page.getByRole('link', { name: 'To its units' });
    const toGoOn = page.getByRole('button', { name: `Go on with ${id}` });
    await expect(async () => {
      if (await toItsUnits.isVisible()) await toItsUnits.click();
      else await toGoOn.click({ timeout: 2000 });
      await expect(orders.progress).toBeVisible({ timeout: 5000 });
    }).toPass({ timeout: 60_000 });
  }
  await expect(orders.progress).toBeVisible();
  await orders.goOn();
  return orders;
}

/** Every unit is done. A slow machine may have been too slow for a unit: then its lane says so, and is told to try again. */
async function expectUnplug(orders: OrdersPage, numbers: readonly string[]): Promise<void> {
  await expect(async () => {
    const lost = orders.tiles.filter({ has: orders.page.getByRole('heading', { name: 'Not attached' }) });
    for (const retry of await lost.getByRole('button', { name: 'Retry' }).all()) await retry.click({ timeout: 2000 });
    for (const sn of numbers) {
      await expect(orders.tile(sn).getByRole('heading', { level: 2 })).toHaveText('Unplug', { timeout: 5000 });
    }
  }).toPass({ timeout: 90_000 });
}

/** Resolves when the browser is dead: at that moment, or at the latest when the units have long been done without it. */
async function dieAt({ is, afterMs }: Moment, units: OutsideUnits, kill: () => Promise<void>): Promise<void> {
  let count = 0;
  let dying: Promise<void> | undefined;
  await new Promise<void>((resolve, reject) => {
    const die = (): Promise<void> => {
      clearTimeout(latest);
      dying ??= kill().then(resolve, reject);
      return dying;
    };
    const latest = setTimeout(() => void die(), LATEST_MS);
    units.onPassing = (passing) => {
      if (dying || !is(passing, ++count)) return undefined;
      if (afterMs === 0) return die().then(() => Promise.reject(new DOMException('gone', 'NetworkError')));
      setTimeout(() => void die(), afterMs);
      return undefined;
    };
  });
  units.onPassing = () => undefined;
}

/** How the units stood at all the kills, counted. */
async function matrix(lanes: number, moments: readonly Moment[]): Promise<ReadonlyMap<string, number>> {
  const tally = new Map<string, number>();
  const count = (states: readonly string[]): void => {
    for (const state of states) tally.set(state, (tally.get(state) ?? 0) + 1);
  };
  const service = await Service.start({ exportsPerMinute: 100_000 });
  const profile = await mkdtemp(join(tmpdir(), 'kf-kills-'));
  const units = new OutsideUnits();
  try {
    const all = moments.map(() =>
      Array.from({ length: lanes }, () => unit(undefined, { latency: { identity: 2, challenge: 5, importKey: 8 } })),
    );
    const id = await issue(service, { units: all.flat().map(({ sn }) => sn) });
    let here: readonly string[] = [];
    for (const [index, moment] of moments.entries()) {
      const life = await live(profile, units);
      if (index > 0) count(await expectTruth(life.page, service.url, units, here));
      const orders = await goOn(life, service, id, index === 0);
      await expectUnplug(orders, here);
      for (const sn of here) {
        expect(units.memory(sn).importCounter).toBe(1);
        units.remove(sn);
      }
      await units.tell(life.page);
      const next = all[index] ?? [];
      for (const description of next) units.add(description);
      here = next.map(({ sn }) => sn);
      const dead = dieAt(moment, units, life.kill);
      units.tell(life.page).catch(() => undefined); // it dies meanwhile
      await dead;
      if (LONG !== undefined && index % 20 === 19) console.log(`${index + 1} kills, ${lanes} lanes`, [...tally]);
    }
    const life = await live(profile, units);
    count(await expectTruth(life.page, service.url, units, here));
    const orders = await goOn(life, service, id, false);
    await expectUnplug(orders, here);
    await orders.expectDone(all.flat().length);
    const { attempts, breaks } = await readJournal(life.page);
    expect(breaks).toEqual([]);
    expectReasons(attempts);
    await orders.close();
    await orders.toReport();
    await expect(life.page.getByRole('article').getByRole('heading', { level: 2 })).toHaveText('Genuine');
    await life.context.close();
    return tally;
  } finally {
    await service.stop();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Where Chromium keeps what the origin stores, and the log that it would go on with. */
async function logOf(profile: string): Promise<string> {
  const folder = join(profile, 'Default', 'IndexedDB');
  const [store = ''] = (await readdir(folder)).filter((name) => name.endsWith('.leveldb'));
  const logs = (await readdir(join(folder, store))).filter((name) => name.endsWith('.log')).sort();
  return join(folder, store, logs.at(-1) ?? '');
}

test('a store whose last write was cut off by a kill outlives the starts that follow', async () => {
  const service = await Service.start();
  const profile = await mkdtemp(join(tmpdir(), 'kf-kills-'));
  const units = new OutsideUnits();
  try {
    const id = await issue(service, { units: [unit().sn] });
    const first = await live(profile, units);
    await goOn(first, service, id, true);
    const { entries } = await readJournal(first.page);
    await first.kill();
    // The header of a record of 273 octets that never came: what LevelDB leaves when it dies between two writes.
    const log = await logOf(profile);
    await appendFile(log, Uint8Array.of(1, 2, 3, 4, 0x11, 0x01, 1));

    const second = await live(profile, units);
    await goOn(second, service, id, false);
    await expect.poll(() => logOf(profile)).not.toBe(log);
    await second.kill();

    const third = await live(profile, units);
    await third.page.goto(`${service.url}/favicon.svg`);
    const after = await readJournal(third.page);
    expect(after.entries).toBeGreaterThanOrEqual(entries);
    expect(after.breaks).toEqual([]);
    await third.context.close();
  } finally {
    await service.stop();
    await rm(profile, { recursive: true, force: true });
  }
});

for (const lanes of [1, 8]) {
  test(`the browser is killed again and again with ${lanes === 1 ? 'one lane' : 'eight lanes'} at work`, async () => {
    const kills = LONG === undefined ? SHORT.length : Math.ceil(Number(LONG) / 2);
    test.setTimeout(60_000 + kills * 30_000);
    const more = Math.max(0, kills - SHORT.length);
    const tally = await matrix(lanes, [...SHORT, ...Array.from({ length: more }, () => anyMoment(lanes))]);
    const states = [...tally].map(([state, count]) => `${count} × ${state}`);
    test.info().annotations.push({ type: 'states', description: states.join('; ') });
    if (LONG !== undefined) console.log(`${kills} kills, ${lanes} lanes: ${states.join('; ')}`);
    // At the two moments around the import nobody but the unit knows, whether or not the disk has heard that it was begun.
    const open = (isIn: string): number =>
      (tally.get(`export intended, ${isIn}`) ?? 0) + (tally.get(`import intended, ${isIn}`) ?? 0);
    expect(open('in'), states.join()).toBeGreaterThan(0);
    expect(open('not in'), states.join()).toBeGreaterThan(0);
  });
}
