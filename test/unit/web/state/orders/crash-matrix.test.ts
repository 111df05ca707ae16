// Crashes the page at every operation of a load: before and after each command, each request to the
// AS and each write. After each crash, the journal that the next page reads agrees with the
// memories of the units. Every repeated export of a key to a unit has a recorded reason.
import { describe, expect, it } from 'vitest';
import type { OrderLine } from '#protocol/orders/order.ts';
import type { Cable } from '#test/unit/web/state/station/station-fixture.ts';
import { Crash, ONE_LINE, type Page, quiet, sn, TWO_LINES, truth, unit, World } from './order-fixture.ts';

/** Other tests that run at the same time can make these several times slower. */
const LIMIT = { timeout: 600_000 };

async function crashAt(
  count: number,
  lines: readonly OrderLine[],
  operation: number,
  canRecall: boolean,
): Promise<{ world: World; hasCrashed: boolean }> {
  const world = new World(
    Array.from({ length: count }, (_, index) => unit(index + 1)),
    lines,
    {},
    canRecall,
  );
  const crash = new Crash();
  const page = await world.open(crash);
  await page.start();
  await page.run.start();
  crash.after(operation);
  void page.plug(...world.cables);
  while (!crash.hasHappened && (page.run.counts.here.done < count || world.writing > 0))
    await new Promise((resolve) => setImmediate(resolve));
  await quiet(crash);
  return { world, hasCrashed: crash.hasHappened };
}

/**
 * Compares the row and the attempts of a unit with the memory of the unit. Returns the state of the
 * row.
 */
async function compare(page: Page, cable: Cable, number: string, lines: readonly OrderLine[]): Promise<string> {
  const isIn = truth(cable, lines);
  const row = await page.store.unit(page.chain, number);
  const attempts = (await page.bench.journal.list(100)).filter((each) => each.sn === number);
  for (const [index, { ref2 }] of lines.entries()) {
    const outcomes = attempts.filter((each) => each.ref2 === ref2).map(({ outcome }) => outcome);
    if (outcomes.includes('done') || outcomes.includes('unverified')) expect(isIn[index]).toBe(true);
    else if (!outcomes.includes('unknown')) expect(isIn[index]).toBe(false);
    expect(outcomes).not.toContain('running');
  }
  expect(row?.state).not.toBe('running');
  if (row?.state === 'done') expect(isIn.every(Boolean)).toBe(true);
  else if (row?.state !== 'unknown') expect(isIn.every(Boolean)).toBe(false);
  return row?.state ?? 'unseen';
}

/**
 * Opens the page again after the crash. The page settles the attempts and completes the order.
 * Returns the state of each row after the crash, before the units are plugged in.
 */
async function resume(world: World, lines: readonly OrderLine[]): Promise<readonly string[]> {
  const page = await world.open();
  await page.start();
  const states: string[] = [];
  for (const [index, cable] of world.cables.entries()) states.push(await compare(page, cable, sn(index + 1), lines));
  await page.plug(...world.cables);
  expect(await page.bench.journal.unsettled()).toEqual([]); // the receipt of each unit has settled its attempts
  await page.run.reconcile();
  if (lines.length === 1) expect(page.run.counts.here.unknown).toBe(0); // a second line may still be missing
  for (const [index, cable] of world.cables.entries()) await compare(page, cable, sn(index + 1), lines);
  await page.run.start();
  for (const [index, cable] of world.cables.entries()) {
    expect(truth(cable, lines).every(Boolean)).toBe(true);
    expect(await compare(page, cable, sn(index + 1), lines)).toBe('done');
  }
  const none = { running: 0, failed: 0, unknown: 0, absent: 0, aside: 0 };
  expect(page.run.counts.here).toEqual({ ...none, done: world.cables.length });
  expect(await page.store.counts(page.chain)).toEqual(page.run.counts.here);
  expect(await page.store.check(page.chain)).toBeUndefined();
  const seen = new Set<string>();
  for (const request of world.exports) {
    const name = [...request.sn, request.ref1, request.ref2].join(' ');
    if (seen.has(name)) expect(request.reason).toBeTruthy();
    seen.add(name);
  }
  return states;
}

interface Found {
  /** The states of the rows that the next page found after each crash. */
  readonly states: readonly string[];
  /** Number of exports that only the AS had recorded and that therefore had to be recalled. */
  readonly recalled: number;
}

/**
 * Crashes at the first operation, then at the second, and so on, until the page completes the order
 * without a crash.
 */
async function matrix(count: number, lines: readonly OrderLine[], canRecall = true): Promise<Found> {
  const states: string[] = [];
  let recalled = 0;
  for (let operation = 1; ; operation++) {
    const { world, hasCrashed } = await crashAt(count, lines, operation, canRecall);
    if (!hasCrashed) return { states, recalled };
    states.push(...(await resume(world, lines)));
    recalled += world.recalled;
  }
}

describe('a crash at any operation', () => {
  it(
    'leaves a correct journal with one lane and two keys, and some attempts are settled by recall',
    LIMIT,
    async () => {
      const { states, recalled } = await matrix(1, TWO_LINES);
      expect(new Set(states)).toEqual(new Set(['unseen', 'unknown', 'done']));
      expect(states.length).toBeGreaterThan(25);
      expect(recalled).toBeGreaterThan(0);
    },
  );

  it('leaves a correct journal with an AS that cannot recall exports', LIMIT, async () => {
    const { states, recalled } = await matrix(1, TWO_LINES, false);
    expect(new Set(states)).toEqual(new Set(['unseen', 'failed', 'unknown', 'done']));
    expect(recalled).toBe(0);
  });

  it('leaves a correct journal with eight lanes', LIMIT, async () => {
    const { states, recalled } = await matrix(8, ONE_LINE);
    expect(new Set(states)).toEqual(new Set(['unseen', 'unknown', 'done']));
    expect(recalled).toBeGreaterThan(0);
  });
});
