import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { ATTEMPT, INTERRUPTION, LOST, NOT_IMPORTED, RECEIPT, refused, STEPS } from './records.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const NO_SESSION: ReadonlySet<string> = new Set();

interface TestSetup {
  readonly database: Database;
  readonly journal: Journal;
  /** Creates the journal of another page of this station. */
  page(session: string): Journal;
}

async function setUp(): Promise<TestSetup> {
  const database = await Database.open(new IDBFactory(), () => undefined);
  const page = (session: string): Journal => new Journal(database, session, () => NOW);
  return { database, journal: page('this'), page };
}

/** Begins an attempt with its own idempotency key, as each load does. */
let begun = 0;
async function beginWith(journal: Journal, count: number): Promise<number> {
  const idempotencyKey = `${++begun}`.padStart(22, 'A');
  const id = await journal.begin({ ...ATTEMPT, idempotencyKey });
  for (const step of STEPS.slice(0, count)) await journal.append(id, step);
  return id;
}

describe('the journal', () => {
  it('returns an attempt with its steps in sequence', async () => {
    const { journal } = await setUp();
    const id = await beginWith(journal, 6);
    const attempt = await journal.get(id);
    expect(attempt).toMatchObject({
      ...ATTEMPT,
      idempotencyKey: expect.any(String),
      id,
      startedAt: NOW.toISOString(),
      outcome: 'done',
    });
    expect(attempt?.steps).toEqual(
      STEPS.map((step, index) => ({ ...step, attempt: id, index, at: NOW.toISOString() })),
    );
    expect(attempt?.steps.find((entry) => entry.step === 'import' && entry.state === 'confirmed')).toHaveProperty(
      'receipt',
      RECEIPT,
    );
  });

  it('stores the audit head with its step', async () => {
    const { journal } = await setUp();
    const id = await beginWith(journal, 2);
    await journal.append(id, LOST, { auditHead: '{"head":1}' });
    expect((await journal.get(id))?.steps.map((entry) => entry.auditHead)).toEqual([
      undefined,
      undefined,
      '{"head":1}',
    ]);
  });

  it('refuses further steps of an attempt after a failed write, but not those of other attempts', async () => {
    const { database, journal } = await setUp();
    const [one, other] = [await journal.begin(ATTEMPT), await journal.begin(ATTEMPT)];
    const run = database.run.bind(database);
    database.run = () => Promise.reject(new ProtocolError('journal-full', 'no room'));
    const failed = journal.append(one, STEPS.slice(0, 2), {}, 0);
    await expect(failed).rejects.toMatchObject({ code: 'journal-full' });
    database.run = run;
    const later = journal.append(one, STEPS.slice(2, 4), {}, 2);
    const unrelated = journal.append(other, STEPS.slice(0, 2), {}, 0);
    await expect(later).rejects.toMatchObject({ code: 'journal-failed' });
    await unrelated;
    expect((await journal.get(one))?.steps).toEqual([]);
    expect((await journal.get(other))?.steps).toHaveLength(2);
  });

  it('separates the steps of concurrent attempts', async () => {
    const { journal } = await setUp();
    const [a, b] = [await journal.begin(ATTEMPT), await journal.begin(ATTEMPT)];
    await Promise.all(STEPS.flatMap((step) => [journal.append(a, step), journal.append(b, step)]));
    for (const id of [a, b]) expect((await journal.get(id))?.steps).toHaveLength(STEPS.length);
  });

  it('returns undefined for an unknown id', async () => {
    const { journal } = await setUp();
    expect(await journal.get(1)).toBeUndefined();
  });

  it('lists the newest attempts first, page by page', async () => {
    const { journal } = await setUp();
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.unshift(await beginWith(journal, i));
    const first = await journal.list(2);
    const second = await journal.list(2, first.at(-1)?.id);
    const third = await journal.list(2, second.at(-1)?.id);
    expect([...first, ...second, ...third].map(({ id }) => id)).toEqual(ids);
    expect(first.map(({ steps }) => steps.length)).toEqual([4, 3]);
    expect(await journal.list(2, third.at(-1)?.id)).toEqual([]);
  });
});

describe('a write for an attempt', () => {
  it('is refused for an attempt that no page has begun', async () => {
    const { journal } = await setUp();
    await expect(journal.append(1, LOST)).rejects.toThrow('there is no attempt 1');
    expect(await journal.begin(ATTEMPT)).toBe(1);
  });

  it('of a closed page continues its steps', async () => {
    const { journal, page } = await setUp();
    const id = await beginWith(page('closed'), 4);
    await journal.append(id, LOST, {}, 4);
    expect((await journal.get(id))?.steps.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  it('stores no signed parts for a step without them', async () => {
    const { database, journal } = await setUp();
    await journal.begin(ATTEMPT, [
      ...STEPS.slice(0, 5),
      { step: 'verify', state: 'confirmed', time: NOW.toISOString() },
    ]);
    const batches = await database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAll(),
    );
    for (const entry of batches.flatMap(({ entries }) => entries)) expect(entry).not.toHaveProperty('signed');
  });

  it('stores several steps, of which only the last has the audit head', async () => {
    const { journal } = await setUp();
    const id = await journal.begin(ATTEMPT, STEPS.slice(0, 2), { auditHead: '{"head":0}' });
    await journal.append(id, STEPS.slice(2), { auditHead: '{"head":1}' });
    const heads = (await journal.get(id))?.steps.map(({ auditHead }) => auditHead);
    expect(heads).toEqual([undefined, '{"head":0}', undefined, undefined, undefined, '{"head":1}']);
  });
});

describe('an attempt after a crash', () => {
  it('is recorded as interrupted once, and its last step determines the outcome', async () => {
    const { journal, page } = await setUp();
    const crashed = page('crashed');
    const ids = [
      await beginWith(crashed, 3),
      await beginWith(crashed, 4),
      await beginWith(crashed, 5),
      await beginWith(crashed, 6),
    ];
    expect(await journal.recover(NO_SESSION)).toBe(3);
    const outcomes = await Promise.all(ids.map(async (id) => (await journal.get(id))?.outcome));
    expect(outcomes).toEqual(['failed', 'unknown', 'unverified', 'done']);
    expect(await journal.recover(NO_SESSION)).toBe(0);
  });

  it('is not confused with a running attempt of another open tab', async () => {
    const { database, journal, page } = await setUp();
    const id = await beginWith(page('other tab'), 4);
    await beginWith(page('crashed'), 4);
    expect(await journal.recover(new Set(['this', 'other tab']))).toBe(1);
    expect((await journal.get(id))?.outcome).toBe('running');
    const open = await database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
    expect(open).toEqual([
      { session: 'other tab', attempts: [id] },
      { session: 'this', attempts: [id + 1] },
    ]);
  });

  it('is listed as unsettled with those of other pages, oldest first', async () => {
    const { journal, page } = await setUp();
    const other = page('other');
    const ids: number[] = [];
    for (const writer of [other, journal, other]) {
      const id = await beginWith(writer, 4);
      await writer.append(id, LOST);
      ids.push(id);
    }
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual(ids);
    expect((await other.unsettled()).map(({ id }) => id)).toEqual(ids);
  });

  it('is listed as unsettled until it is settled', async () => {
    const { journal, page } = await setUp();
    const crashed = page('crashed');
    const ids = [await beginWith(crashed, 4), await beginWith(crashed, 5), await beginWith(crashed, 2)];
    await journal.recover(NO_SESSION);
    const [unknown, unverified] = ids as [number, number, number];
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown, unverified]);
    await journal.append(unknown, NOT_IMPORTED);
    const verified = STEPS.at(-1);
    if (verified) await journal.append(unverified, verified);
    expect(await journal.unsettled()).toEqual([]);
  });

  it('is listed together with attempts of this page whose unit was lost', async () => {
    const { journal } = await setUp();
    const unknown = await beginWith(journal, 4);
    await journal.append(unknown, LOST);
    const refusedAttempt = await beginWith(journal, 4);
    await journal.append(refusedAttempt, refused('IMPORTKEY', 0x6988));
    const running = await beginWith(journal, 4);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
    await journal.append(running, INTERRUPTION);
    expect(await journal.unsettled()).toHaveLength(2);
  });
});

describe('urgency', () => {
  async function setUpRecording(): Promise<{ journal: Journal; commits: ('strict' | 'relaxed')[] }> {
    const { database, journal } = await setUp();
    const commits: ('strict' | 'relaxed')[] = [];
    const run = database.run.bind(database);
    database.run = (stores, mode, body, durability = 'strict') => {
      if (mode === 'readwrite') commits.push(durability);
      return run(stores, mode, body, durability);
    };
    return { journal, commits };
  }

  const [first, second] = STEPS;
  if (!first || !second) throw new TypeError('no steps');

  it('"now" also writes the queued entries', async () => {
    const { journal, commits } = await setUpRecording();
    const id = await journal.begin(ATTEMPT);
    const soon = journal.append(id, first, { urgency: 'report' });
    const now = journal.begin(ATTEMPT);
    await Promise.all([soon, now]);
    expect(commits).toEqual(['strict', 'strict']);
  });

  it('"soon" and "report" delay the write, and "report" has relaxed durability', async () => {
    const { journal, commits } = await setUpRecording();
    const id = await journal.begin(ATTEMPT, [], { urgency: 'soon' });
    await journal.append(id, first, { urgency: 'report' });
    await Promise.all([
      journal.append(id, second, { urgency: 'report' }),
      journal.append(id, LOST, { urgency: 'soon' }),
    ]);
    expect(commits).toEqual(['strict', 'relaxed', 'strict']);
    expect((await journal.get(id))?.steps).toHaveLength(3);
  });

  it('"now" leaves nothing to write for the timer of an earlier entry', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { journal, commits } = await setUpRecording();
      const id = await journal.begin(ATTEMPT);
      const soon = journal.append(id, first, { urgency: 'soon' });
      expect(vi.getTimerCount()).toBe(1);
      await Promise.all([soon, journal.append(id, second)]);
      expect(vi.getTimerCount()).toBe(0);
      expect(commits).toEqual(['strict', 'strict']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('"soon" also delays the write after a flush() without queued entries', async () => {
    const { journal, commits } = await setUpRecording();
    const id = await journal.begin(ATTEMPT);
    journal.flush();
    const soon = journal.append(id, first, { urgency: 'soon' });
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    await Promise.all([soon, journal.append(id, second, { urgency: 'soon' })]);
    expect(commits).toEqual(['strict', 'strict']);
  });

  it('"soon" writes immediately on flush(), even during another write', async () => {
    const { journal, commits } = await setUpRecording();
    const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementation(() => 0 as never); // no timer fires
    try {
      const waiting = journal.begin(ATTEMPT, [], { urgency: 'soon' });
      journal.flush();
      const id = await waiting;
      const busy = journal.append(id, first);
      await Promise.resolve();
      await Promise.resolve(); // the transaction has begun
      const queued = journal.append(id, second, { urgency: 'report' });
      journal.flush();
      await Promise.all([busy, queued]);
    } finally {
      timers.mockRestore();
    }
    expect(commits).toEqual(['strict', 'strict', 'relaxed']);
  });
});

describe('the list of open attempts', () => {
  it('is one record per page, and the next page takes over the record of a crashed page', async () => {
    const { database, journal, page } = await setUp();
    const crashed = page('crashed');
    for (let i = 0; i < 3; i++) await beginWith(crashed, 6);
    const unknown = await beginWith(crashed, 4);
    const read = () => database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
    expect(await read()).toEqual([{ session: 'crashed', attempts: [unknown] }]);
    await journal.recover(NO_SESSION);
    expect(await read()).toEqual([{ session: 'this', attempts: [unknown] }]);
    await journal.append(unknown, NOT_IMPORTED);
    expect(await read()).toEqual([{ session: 'this', attempts: [unknown] }]); // only begin() writes the list
    const [failed, running] = [await journal.begin(ATTEMPT, [LOST]), await journal.begin(ATTEMPT)];
    expect(failed).toBe(unknown + 1);
    expect(await read()).toEqual([{ session: 'this', attempts: [running] }]);
  });

  it('does not take over an attempt that this page has settled for a closed one', async () => {
    const { database, journal, page } = await setUp();
    const settled = await beginWith(page('closed'), 4);
    await journal.append(settled, [INTERRUPTION, NOT_IMPORTED]);
    const unknown = await beginWith(page('crashed'), 4);
    await journal.recover(NO_SESSION);
    const open = await database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
    expect(open).toEqual([{ session: 'this', attempts: [unknown] }]);
  });

  it('includes the unknown attempts of another open page', async () => {
    const { journal, page } = await setUp();
    const other = page('other tab');
    const unknown = await beginWith(other, 4);
    await other.append(unknown, LOST);
    await beginWith(other, 4);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
    await journal.append(unknown, NOT_IMPORTED);
    expect(await other.unsettled()).toEqual([]);
  });

  it.each([
    ['after they are read', true],
    ['without that', false],
  ])('includes the attempts of an order, which are settled in the chain of the order %s', async (_, isRead) => {
    const { database, journal, page } = await setUp();
    const order = 4;
    const unknown = await page('closed').begin({ ...ATTEMPT, order }, [...STEPS.slice(0, 4), LOST]);
    if (isRead) expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
    await journal.append(unknown, NOT_IMPORTED);
    const keys = await database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAllKeys(),
    );
    expect(keys).toEqual([
      [order, 0],
      [order, 6],
    ]);
  });

  it('has different numbers for the attempts of two pages', async () => {
    const { journal, page } = await setUp();
    const other = page('other tab');
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? journal : other).begin({ ...ATTEMPT, order: n % 3 })),
    );
    expect(new Set(ids).size).toBe(12);
    for (const id of ids) expect((await journal.get(id))?.id).toBe(id);
  });
});
