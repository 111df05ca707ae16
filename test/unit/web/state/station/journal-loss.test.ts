// The journal is deleted, emptied, closed or blocked while a key is loaded, at each step of the
// attempt. The page detects this, completes the attempt from memory and begins a new chain, whose
// first entry records the loss.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { empty, remove } from '#test/support/lost-database.ts';
import { STATION_CHAIN } from '#web/journal/chain.ts';
import { Database } from '#web/journal/database.ts';
import { DISTURBANCES, type Disk, LOSSES, openDisk, stationChain } from '../../journal/disk.ts';
import { attached, cable, createAccount, createBench, load, SETS } from './station-fixture.ts';

const STEPS = ['challenge', 'export', 'import', 'verify'] as const;
type Step = (typeof STEPS)[number];

/** Loads one key, and disturbs the disk when the step begins. */
async function loadWith(disturb: (disk: Disk) => Promise<void>, at: Step) {
  const disk = await openDisk();
  const account = createAccount(SETS);
  const bench = await createBench(SETS, { database: disk.database, account, name: 'page' });
  await bench.session.signIn('token');
  await load(await attached(bench), 1); // an earlier attempt, which is lost
  const wire = cable();
  let pending: (() => Promise<void>) | undefined = () => disturb(disk);
  const before = async (step: Step): Promise<void> => {
    if (step !== at) return;
    await pending?.();
    pending = undefined;
  };
  const { exportKey, verifyReceipt } = account;
  account.exportKey = async (request) => {
    await before('export');
    return await exportKey(request);
  };
  account.verifyReceipt = async (...receipt) => {
    await before('verify');
    return await verifyReceipt(...receipt);
  };
  wire.beforeCommand = async (ins) => {
    if (ins === 0x84) await before('challenge');
    if (ins === 0xd8) await before('import');
  };
  wire.unit = cable({ sn: new Uint8Array(16).fill(9) }).unit;
  const lane = await attached(bench, wire, 2);
  await load(lane, 1);
  return { disk, bench, lane };
}

describe.each(Object.keys(LOSSES) as (keyof typeof LOSSES)[])('the journal is lost (%s)', (name) => {
  it.each(STEPS)('while the step "%s" runs: the load is completed and the loss is recorded', async (at) => {
    const { disk, bench, lane } = await loadWith(LOSSES[name], at);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(bench.journal.isLost).toBe(true);
    expect(bench.troubles).toBeGreaterThan(0);
    const { first, batches } = await stationChain(disk);
    expect(first).toBe(0);
    expect(batches[0]?.entries[0]?.body).toMatchObject({
      step: 'journal-lost',
      ends: [[STATION_CHAIN, expect.any(Number), expect.any(Uint8Array)]],
    });
    expect(await bench.journal.lostAt()).toBe('2026-11-23T12:00:00.000Z');
    const [attempt, ...others] = await bench.journal.list(10);
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({ id: 2, outcome: 'done', keyLabel: 'Traffic', steps: { length: 6 } });
    expect(bench.station.failure).toBeUndefined();
    await lane.retry();
    await load(lane, 3);
    expect(lane.phase.is).toBe('done');
    expect((await bench.journal.list(10)).map(({ id }) => id)).toEqual([3, 2]);
    await stationChain(disk);
  });
});

describe.each(Object.keys(DISTURBANCES) as (keyof typeof DISTURBANCES)[])('the journal is disturbed (%s)', (name) => {
  it.each(STEPS)('while the step "%s" runs: the load is completed and nothing is lost', async (at) => {
    const { disk, bench, lane } = await loadWith(DISTURBANCES[name], at);
    expect(lane.phase).toMatchObject({ is: 'done' });
    expect(bench.journal.isLost).toBe(false);
    expect(await bench.journal.lostAt()).toBeUndefined();
    expect((await bench.journal.list(10)).map(({ id, outcome }) => [id, outcome])).toEqual([
      [2, 'done'],
      [1, 'done'],
    ]);
    await stationChain(disk);
  });
});

describe('a lost journal', () => {
  it('is replaced immediately, even when no load runs, and keeps the open attempts', async () => {
    const disk = await openDisk();
    const bench = await createBench(SETS, { database: disk.database, account: createAccount(SETS), name: 'page' });
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: 0xd8, when: 'after' };
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase.is).toBe('unknown');
    await remove(disk);
    await expect.poll(() => bench.journal.isLost).toBe(true);
    expect(await bench.journal.unsettled()).toMatchObject([{ id: 1, outcome: 'unknown' }]);
    wire.cut = undefined;
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2 } });
    expect((await bench.journal.list(5)).map(({ outcome }) => outcome)).toEqual(['done']);
  });

  it('is detected when an attempt is read', async () => {
    const disk = await openDisk();
    const bench = await createBench(SETS, { database: disk.database, account: createAccount(SETS), name: 'page' });
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: 0xd8, when: 'after' };
    const lane = await attached(bench, wire);
    await load(lane, 1);
    await empty(disk);
    expect(await bench.journal.get(1)).toMatchObject({ outcome: 'unknown' });
    expect(bench.journal.isLost).toBe(true);
  });

  it('refuses the order that was open, until it is opened again', async () => {
    const disk = await openDisk();
    const bench = await createBench(SETS, { database: disk.database, account: createAccount(SETS), name: 'page' });
    const { journal } = bench;
    const opened = { step: 'order-opened', operator: 'ada' } as const;
    await journal.note(4, opened);
    await remove(disk);
    const lost = { code: 'journal-lost' };
    await expect(journal.note(4, { step: 'order-paused' })).rejects.toMatchObject(lost);
    expect(() => journal.requireChain(4)).toThrow(expect.objectContaining(lost));
    await journal.note(4, opened);
    await journal.note(4, { step: 'order-paused' });
    journal.requireChain(4);
  });

  it('is recorded by each of two pages, which continue with one chain', async () => {
    const disk = await openDisk();
    const account = createAccount(SETS);
    const other = await Database.open(disk.factory, () => undefined);
    const pages = [
      await createBench(SETS, { database: disk.database, account, name: 'a' }),
      await createBench(SETS, { database: other, account, name: 'b' }),
    ];
    const lanes = [];
    for (const [index, page] of pages.entries()) {
      await page.session.signIn('token');
      const lane = await attached(page, cable({ sn: new Uint8Array(16).fill(index + 1) }));
      await load(lane, 1);
      lanes.push(lane);
    }
    await remove(disk);
    for (const lane of lanes) {
      await lane.retry();
      await load(lane, 3);
      expect(lane.phase.is).toBe('done');
    }
    expect(pages.map(({ journal }) => journal.isLost)).toEqual([true, true]);
    await stationChain(disk);
    expect((await pages[0]?.journal.list(10))?.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
  });
});

describe('a journal without storage', () => {
  it.each(['QuotaExceededError', 'UnknownError'])(
    'during an import (%s) leads to no uncaught error, and the journal is complete later',
    async (name) => {
      let isDenied = false;
      const { bench, lane, disk } = await loadWith(async ({ database }) => {
        const run = database.run.bind(database);
        isDenied = true;
        database.run = (stores, mode, body, durability) =>
          run(stores, mode, isDenied ? () => Promise.reject(new DOMException('scripted', name)) : body, durability);
      }, 'import');
      expect(lane.phase).toMatchObject({
        is: 'unverified',
        failure: { code: name === 'QuotaExceededError' ? 'journal-full' : 'journal-failed' },
      });
      expect(bench.station.failure).toBeDefined();
      await lane.retry();
      expect(lane.phase.is).toBe('unverified');
      isDenied = false;
      await lane.retry();
      expect(lane.phase.is).toBe('done');
      await stationChain(disk);
    },
  );
});
