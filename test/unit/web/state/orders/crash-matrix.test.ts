// The page is taken away at every moment of the exchange: before and after each command, each question to the AS and each write to the disk. What the next
// page reads in the journal agrees with the units' memories, every time; and no key is sealed twice for a unit without a reason that is written down.
import { describe, expect, it } from 'vitest';
import type { OrderLine } from '#protocol/orders/order.ts';
import type { Cable } from '#test/unit/web/state/station/station-fixture.ts';
import { Life, ONE_LINE, type Page, quiet, sn, TWO_LINES, truth, unit, World } from './order-fixture.ts';

async function cutAt(
  count: number,
  lines: readonly OrderLine[],
  moment: number,
  remembers: boolean,
): Promise<{ world: World; died: boolean }> {
  const world = new World(
    Array.from({ length: count }, (_, index) => unit(index + 1)),
    lines,
    {},
    remembers,
  );
  const life = new Life();
  const page = await world.open(life);
  await page.start();
  await page.run.resume();
  life.endAfter(moment);
  void page.plug(...world.cables);
  while (!life.isOver && (page.run.counts.done < count || world.writing > 0))
    await new Promise((resolve) => setImmediate(resolve));
  await quiet(life);
  return { world, died: life.isOver };
}

/** What the journal says before anything is asked, against what is true. */
async function compare(page: Page, cable: Cable, number: string, lines: readonly OrderLine[]): Promise<string> {
  const isIn = truth(cable, lines);
  const row = await page.store.unit(page.number, number);
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

/** The next page: reads, finds out, goes on. */
async function resume(world: World, lines: readonly OrderLine[]): Promise<readonly string[]> {
  const page = await world.open();
  await page.start();
  const states: string[] = [];
  for (const [index, cable] of world.cables.entries()) states.push(await compare(page, cable, sn(index + 1), lines));
  await page.plug(...world.cables);
  expect(await page.bench.journal.unsettled()).toEqual([]); // each unit has said by its receipt how it stands
  await page.run.reconcile();
  if (lines.length === 1) expect(page.run.counts.unknown).toBe(0); // with more of them its slots are to say
  for (const [index, cable] of world.cables.entries()) await compare(page, cable, sn(index + 1), lines);
  await page.run.resume();
  for (const [index, cable] of world.cables.entries()) {
    expect(truth(cable, lines).every(Boolean)).toBe(true);
    expect(await compare(page, cable, sn(index + 1), lines)).toBe('done');
  }
  expect(page.run.counts).toEqual({ running: 0, done: world.cables.length, failed: 0, unknown: 0, absent: 0 });
  expect(await page.store.counts(page.number)).toEqual(page.run.counts);
  expect(await page.store.check(page.number)).toBeUndefined();
  const seen = new Set<string>();
  for (const request of world.exports) {
    const name = [...request.sn, request.ref1, request.ref2].join(' ');
    if (seen.has(name)) expect(request.reason).toBeTruthy();
    seen.add(name);
  }
  return states;
}

interface Found {
  /** Of the rows of all the units, as the next pages found them. */
  readonly states: readonly string[];
  /** How often only the AS knew what was exported. */
  readonly recalled: number;
}

/** Every moment until the page lives to the end. */
async function matrix(count: number, lines: readonly OrderLine[], remembers = true): Promise<Found> {
  const states: string[] = [];
  let recalled = 0;
  for (let moment = 1; ; moment++) {
    const { world, died } = await cutAt(count, lines, moment, remembers);
    if (!died) return { states, recalled };
    states.push(...(await resume(world, lines)));
    recalled += world.recalled;
  }
}

describe('a page that goes away at any moment', () => {
  it('with one lane and two keys, leaves the truth behind, some of which only the AS knows', async () => {
    const { states, recalled } = await matrix(1, TWO_LINES);
    // Every kind of ending was among them.
    expect(new Set(states)).toEqual(new Set(['unseen', 'unknown', 'done']));
    expect(states.length).toBeGreaterThan(25);
    expect(recalled).toBeGreaterThan(0);
  });

  it('with an AS that does not recall what it exported, leaves the truth behind', async () => {
    const { states, recalled } = await matrix(1, TWO_LINES, false);
    expect(new Set(states)).toEqual(new Set(['unseen', 'failed', 'unknown', 'done']));
    expect(recalled).toBe(0);
  });

  it('with eight lanes at once, leaves the truth of each behind', { timeout: 120_000 }, async () => {
    const { states, recalled } = await matrix(8, ONE_LINE);
    expect(new Set(states)).toEqual(new Set(['unseen', 'unknown', 'done']));
    expect(recalled).toBeGreaterThan(0);
  });
});
