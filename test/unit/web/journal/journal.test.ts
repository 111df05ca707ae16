import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { ATTEMPT, INTERRUPTION, LOST, NOT_IMPORTED, RECEIPT, refused, STEPS } from './records.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const NOBODY: ReadonlySet<string> = new Set();

interface Bench {
  readonly database: Database;
  readonly journal: Journal;
  /** Another page of this station. */
  page(session: string): Journal;
}

async function bench(): Promise<Bench> {
  const database = await Database.open(new IDBFactory(), () => undefined);
  const page = (session: string): Journal => new Journal(database, session, () => NOW);
  return { database, journal: page('this'), page };
}

async function begun(journal: Journal, count: number): Promise<number> {
  const id = await journal.begin(ATTEMPT);
  for (const step of STEPS.slice(0, count)) await journal.append(id, step);
  return id;
}

describe('the journal', () => {
  it('gives back an attempt with its steps in their order', async () => {
    const { journal } = await bench();
    const id = await begun(journal, 6);
    const attempt = await journal.get(id);
    expect(attempt).toMatchObject({ ...ATTEMPT, id, startedAt: NOW.toISOString(), outcome: 'done' });
    expect(attempt?.steps).toEqual(
      STEPS.map((step, index) => ({ ...step, attempt: id, index, at: NOW.toISOString() })),
    );
    expect(attempt?.steps.find((entry) => entry.step === 'import' && entry.state === 'confirmed')).toHaveProperty(
      'receipt',
      RECEIPT,
    );
  });

  it('keeps the head of the audit log with the step that it came with', async () => {
    const { journal } = await bench();
    const id = await begun(journal, 2);
    await journal.append(id, LOST, { auditHead: '{"head":1}' });
    expect((await journal.get(id))?.steps.map((entry) => entry.auditHead)).toEqual([
      undefined,
      undefined,
      '{"head":1}',
    ]);
  });

  it('leaves no gap: what stands behind a step that could not be written is refused, and nothing else is', async () => {
    const { database, journal } = await bench();
    const [one, other] = [await journal.begin(ATTEMPT), await journal.begin(ATTEMPT)];
    const run = database.run.bind(database);
    database.run = () => Promise.reject(new ProtocolError('journal-full', 'no room'));
    const lost = journal.append(one, STEPS.slice(0, 2), {}, 0);
    await expect(lost).rejects.toMatchObject({ code: 'journal-full' });
    database.run = run;
    const behind = journal.append(one, STEPS.slice(2, 4), {}, 2);
    const beside = journal.append(other, STEPS.slice(0, 2), {}, 0);
    await expect(behind).rejects.toMatchObject({ code: 'journal-failed' });
    await beside;
    expect((await journal.get(one))?.steps).toEqual([]);
    expect((await journal.get(other))?.steps).toHaveLength(2);
  });

  it('does not mix the steps of attempts that run side by side', async () => {
    const { journal } = await bench();
    const [a, b] = [await journal.begin(ATTEMPT), await journal.begin(ATTEMPT)];
    await Promise.all(STEPS.flatMap((step) => [journal.append(a, step), journal.append(b, step)]));
    for (const id of [a, b]) expect((await journal.get(id))?.steps).toHaveLength(STEPS.length);
  });

  it('has nothing under an id that was never given', async () => {
    const { journal } = await bench();
    expect(await journal.get(1)).toBeUndefined();
  });

  it('lists the newest first, page by page', async () => {
    const { journal } = await bench();
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await begun(journal, i));
    const first = await journal.list(2);
    const second = await journal.list(2, first.at(-1)?.id);
    const third = await journal.list(2, second.at(-1)?.id);
    expect([...first, ...second, ...third].map(({ id }) => id)).toEqual(ids);
    expect(first.map(({ steps }) => steps.length)).toEqual([4, 3]);
    expect(await journal.list(2, third.at(-1)?.id)).toEqual([]);
  });
});

describe('what a crash leaves behind', () => {
  it('is marked once, by the rule of its last step', async () => {
    const { journal, page } = await bench();
    const gone = page('gone');
    const ids = [await begun(gone, 3), await begun(gone, 4), await begun(gone, 5), await begun(gone, 6)];
    expect(await journal.recover(NOBODY)).toBe(3);
    const outcomes = await Promise.all(ids.map(async (id) => (await journal.get(id))?.outcome));
    expect(outcomes).toEqual(['failed', 'unknown', 'unverified', 'done']);
    expect(await journal.recover(NOBODY)).toBe(0);
  });

  it('is not what another tab is doing right now', async () => {
    const { journal, page } = await bench();
    const id = await begun(page('other tab'), 4);
    expect(await journal.recover(new Set(['this', 'other tab']))).toBe(0);
    expect((await journal.get(id))?.outcome).toBe('running');
  });

  it('is listed until it is settled', async () => {
    const { journal, page } = await bench();
    const gone = page('gone');
    const ids = [await begun(gone, 4), await begun(gone, 5), await begun(gone, 2)];
    await journal.recover(NOBODY);
    const [unknown, unverified] = ids as [number, number, number];
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown, unverified]);
    await journal.append(unknown, NOT_IMPORTED);
    const verified = STEPS.at(-1);
    if (verified) await journal.append(unverified, verified);
    expect(await journal.unsettled()).toEqual([]);
  });

  it('can also come from an attempt of this page whose unit went away', async () => {
    const { journal } = await bench();
    const unknown = await begun(journal, 4);
    await journal.append(unknown, LOST);
    const refusedAttempt = await begun(journal, 4);
    await journal.append(refusedAttempt, refused('IMPORTKEY', 0x6988));
    const running = await begun(journal, 4);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
    await journal.append(running, INTERRUPTION);
    expect(await journal.unsettled()).toHaveLength(2);
  });
});

describe('what may wait', () => {
  async function watched(): Promise<{ journal: Journal; written: ('strict' | 'relaxed')[] }> {
    const { database, journal } = await bench();
    const written: ('strict' | 'relaxed')[] = [];
    const run = database.run.bind(database);
    database.run = (stores, mode, body, durability = 'strict') => {
      if (mode === 'readwrite') written.push(durability);
      return run(stores, mode, body, durability);
    };
    return { journal, written };
  }

  const [first, second] = STEPS;
  if (!first || !second) throw new TypeError('there are steps');

  it('goes with the next write that cannot', async () => {
    const { journal, written } = await watched();
    const id = await journal.begin(ATTEMPT);
    const soon = journal.append(id, first, { haste: 'report' });
    const now = journal.begin(ATTEMPT);
    await Promise.all([soon, now]);
    expect(written).toEqual(['strict', 'strict']);
  });

  it('is written by itself when nothing follows, a mere report as relaxed as can be', async () => {
    const { journal, written } = await watched();
    const id = await journal.begin(ATTEMPT, [], { haste: 'soon' });
    await journal.append(id, first, { haste: 'report' });
    await Promise.all([journal.append(id, second, { haste: 'report' }), journal.append(id, LOST, { haste: 'soon' })]);
    expect(written).toEqual(['strict', 'relaxed', 'strict']);
    expect((await journal.get(id))?.steps).toHaveLength(3);
  });

  it('is written at once when somebody hastens, also while another write is under way', async () => {
    const { journal, written } = await watched();
    const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => 0 as never); // no time passes
    try {
      const waiting = journal.begin(ATTEMPT, [], { haste: 'soon' });
      journal.flush();
      const id = await waiting;
      const busy = journal.append(id, first);
      await Promise.resolve();
      await Promise.resolve(); // its transaction has begun
      const behind = journal.append(id, second, { haste: 'report' });
      journal.flush();
      await Promise.all([busy, behind]);
    } finally {
      timers.mockRestore();
    }
    expect(written).toEqual(['strict', 'strict', 'relaxed']);
  });
});

describe('the list of what is open', () => {
  it('is one record for each page, which the next page takes over and clears', async () => {
    const { database, journal, page } = await bench();
    const gone = page('gone');
    for (let i = 0; i < 3; i++) await begun(gone, 6);
    const unknown = await begun(gone, 4);
    const read = () => database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
    expect(await read()).toEqual([{ session: 'gone', attempts: [unknown] }]);
    await journal.recover(NOBODY);
    expect(await read()).toEqual([{ session: 'this', attempts: [unknown] }]);
    await journal.append(unknown, NOT_IMPORTED);
    await journal.begin(ATTEMPT);
    expect(await read()).toEqual([{ session: 'this', attempts: [unknown + 1] }]);
  });

  it('does not hide from a page what another one left unknown and is still there', async () => {
    const { journal, page } = await bench();
    const other = page('other tab');
    const unknown = await begun(other, 4);
    await other.append(unknown, LOST);
    await begun(other, 4);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
    await journal.append(unknown, NOT_IMPORTED);
    expect(await other.unsettled()).toEqual([]);
  });

  it('never gives two attempts of two pages the same number', async () => {
    const { journal, page } = await bench();
    const other = page('other tab');
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? journal : other).begin({ ...ATTEMPT, order: n % 3 })),
    );
    expect(new Set(ids).size).toBe(12);
    for (const id of ids) expect((await journal.get(id))?.id).toBe(id);
  });
});
