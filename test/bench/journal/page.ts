// The parts of benchmarks 3 and 7 that run in the browser: they write concurrently, read a long
// journal in parts, and load keys with and without the journal.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import type { ExportedKey, ExportRequest, KeySource } from '#protocol/provisioning/key-source.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision } from '#protocol/provisioning/provision.ts';
import { createTestAs } from '#test/support/as-memory.ts';
import { createTestSource } from '#test/support/test-source.ts';
import { countingRandom, createUnit, TEST_SET, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import type { NewAttempt, StepBody } from '#web/journal/attempt.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { rotateLog } from '#web/journal/log-rotation.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { load } from '#web/state/station/load-attempt.ts';
import type { Stage } from '#web/state/station/stages.ts';

const now = (): Date => new Date();
const random = countingRandom();
/** A signed audit head as long as that of an AS. */
const HEAD = JSON.stringify({
  payloadType: 'application/vnd.keyferry.audit-head+json',
  payload: toBase64url(utf8(JSON.stringify({ asNumber: 1, sequence: 4711, hash: 'A'.repeat(64) }))),
  signatures: [{ keyid: 'A'.repeat(16), sig: toBase64url(new Uint8Array(64).fill(0xa5)) }],
});

const ATTEMPT: NewAttempt = {
  link: 'usb',
  sn: '00112233445566778899AABBCCDDEEFF',
  set: 0xba7c,
  tkv: 1,
  profile: 'diversified',
  ref1: 7,
  ref2: 2,
  keyLabel: 'Meter key',
  akv: 3,
  kcv: '0123456789',
  operator: 'Ada Lovelace',
  service: 'https://as.example',
  demo: false,
  workOrder: '4711',
  order: 1,
  idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
};
const STEP: StepBody = { step: 'import', state: 'confirmed', receipt: new Uint8Array(64) };

async function journal(): Promise<{ database: Database; journal: Journal }> {
  const database = await Database.open(indexedDB, () => undefined);
  return { database, journal: new Journal(database, 'bench', now) };
}

const perSecond = (count: number, ms: number): number => (count * 1000) / ms;

/**
 * Measures how many records per second `count` writers append. Each writer waits until its record
 * is on disk before it appends the next. `group` is the result of the journal, which writes the
 * records of several writers in one transaction. `single` is the result of one strict transaction
 * per record.
 */
async function writers(count: number, each: number): Promise<{ group: number; single: number }> {
  const { database, journal: shared } = await journal();
  const run = async (write: (writer: number) => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await Promise.all(
      Array.from({ length: count }, async (_, writer) => {
        for (let i = 0; i < each; i++) await write(writer);
      }),
    );
    return perSecond(count * each, performance.now() - began);
  };
  const ids = await Promise.all(Array.from({ length: count }, () => shared.begin(ATTEMPT)));
  const group = await run((writer) => shared.append(ids[writer] ?? 0, STEP));
  const chain = 1_000_000 + Math.floor(Math.random() * 1e9); // a new chain in each round
  let at = 0;
  const hash = new Uint8Array(32);
  const single = await run(() => {
    const key: [number, number] = [chain, at++];
    return database.run(['batches'], 'readwrite', (transaction) =>
      transaction.objectStore('batches').add({ firsts: [], entries: [{ at, body: STEP }], hash }, key),
    );
  });
  await database.close();
  return { group, single };
}

/**
 * Measures the time in ms to read 50 rows from the middle. `key` reads a range of keys; `offset`
 * advances a cursor from the first row.
 */
async function pages(units: number): Promise<{ key: number; offset: number }> {
  const { database } = await journal();
  const store = new WorkOrderStore(database, now);
  const at = now().toISOString();
  const sn = (n: number): string => hexNumber(n, 32);
  const BATCH = 5000;
  for (let from = 0; from < units; from += BATCH) {
    await database.run(['units'], 'readwrite', async (transaction) => {
      const rows = transaction.objectStore('units');
      for (let n = from; n < Math.min(units, from + BATCH); n++)
        void rows.put({ order: 2, sn: sn(n), state: 'done', tries: 1, exported: [], begun: at, at });
    });
  }
  const middle = units >> 1;
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    await act();
    const began = performance.now();
    const ROUNDS = 10;
    for (let i = 0; i < ROUNDS; i++) await act();
    return (performance.now() - began) / ROUNDS;
  };
  const key = await timed(() => store.units(2, sn(middle), sn(middle + 49), 50));
  const offset = await timed(() =>
    database.run(['units'], 'readonly', async (transaction) => {
      const range = IDBKeyRange.bound([2, ''], [2, '\uffff']);
      const cursor = await transaction.objectStore('units').openCursor(range);
      let place = await cursor?.advance(middle);
      for (let i = 0; i < 50 && place; i++) place = await place.continue();
    }),
  );
  await database.close();
  return { key, offset };
}

const EXCHANGE_MS = 9;

/**
 * Maximum duration of one timer, in ms. sleep() splits a longer wait, because Chromium may fire a
 * timer of 32 ms or more a few ms late if the thread is idle. In this benchmark only the
 * measurement with the journal was delayed, which distorted the ratio.
 */
const MAX_TIMER_MS = 25;

async function sleep(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= MAX_TIMER_MS)
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, MAX_TIMER_MS)));
}

/**
 * The recorded load of one unit: the responses of the unit and of the AS. The benchmark replays
 * them, so that it does not measure the computing time of the unit and the AS.
 */
interface Recording {
  readonly identity: AttachedUnit['identity'];
  /** Recorded responses of the unit, by INS. */
  readonly answers: ReadonlyMap<number, Uint8Array>;
  /** SN and R of the export request, as hex. */
  readonly challenge: string;
  /** The answer of the AS to this request. */
  readonly exported: ExportedKey;
}

const challengeOf = ({ sn, random: r }: ExportRequest): string => toHex(sn) + toHex(r);

let orders = 0;
const order = (): LoadRequest => ({
  ref1: 1,
  ref2: 2,
  suites: [1],
  sign: false,
  idempotencyKey: `bench-${++orders}`.padEnd(22, 'A'),
});

async function record(count: number): Promise<readonly Recording[]> {
  const keys = [{ ref1: 1, attributes: 'D0AB00N', akv: 1, slot: 2, key: new Uint8Array(32).fill(1) }];
  const signingKey = new Uint8Array(32).fill(7);
  const room = { set: TEST_SET, tkv: TEST_TKV, family: 'cmac', transportKey: TEST_TRANSPORT_KEY, keys } as const;
  const source = createTestSource(createTestAs({ ...room, signingKey, random }).as);
  const all: Recording[] = [];
  for (let n = 0; n < count; n++) {
    const unit = createUnit({ sn: random(16) });
    const answers = new Map<number, Uint8Array>();
    const { identity } = await attach(unit.transmit);
    const transmit: Transmit = async (command) => {
      const answer = await unit.transmit(command);
      answers.set(command[1] ?? 0, copy(answer));
      return answer;
    };
    const made: Omit<Recording, 'identity' | 'answers'>[] = [];
    const recording: KeySource = {
      ...source,
      exportKey: async (request) => {
        const { exportId, data } = await source.exportKey(request);
        made.push({ challenge: challengeOf(request), exported: { exportId, data: copy(data) } });
        return { exportId, data };
      },
    };
    for await (const { step } of provision(recording, { transmit, identity }, order())) void step;
    for (const one of made) all.push({ identity, answers, ...one });
  }
  return all;
}

/** Creates a key source that replays the recorded exports, each after `asMs` milliseconds. */
function sourceOf(all: readonly Recording[], asMs: number) {
  const exports = new Map(all.map(({ challenge, exported }) => [challenge, exported]));
  return {
    auditHead: { envelope: HEAD },
    async exportKey(request: ExportRequest): Promise<ExportedKey> {
      await sleep(asMs);
      const exported = exports.get(challengeOf(request));
      if (!exported) throw new Error('this challenge was not recorded');
      return { exportId: exported.exportId, data: copy(exported.data) };
    },
    verifyReceipt: async () => ({ time: '2026-11-23T09:00:00Z', envelope: HEAD }),
    recallExport: async () => undefined,
  };
}

function deviceOf({ identity, answers }: Recording): AttachedUnit {
  const transmit: Transmit = async (command) => {
    await sleep(EXCHANGE_MS);
    return copy(answers.get(command[1] ?? 0) ?? new Uint8Array());
  };
  return { identity, transmit };
}

/** Throughput in units per second. */
interface Throughput {
  /** Without the journal. */
  readonly bare: number;
  /**
   * With every step in the journal. A lane starts the next unit as soon as the previous one has
   * returned its receipt.
   */
  readonly journaled: number;
  /**
   * With every step in the journal. A lane starts the next unit only when the verdict is on disk.
   */
  readonly waiting: number;
}

/**
 * Measures the throughput of `lanes` lanes with `each` units per lane. Each unit needs three
 * exchanges: SELECT, GET CHALLENGE and IMPORTKEY. The members of Throughput say when a lane starts
 * the next unit. The measurement ends when every load has ended.
 */
async function throughput(lanes: number, each: number, asMs: number): Promise<Throughput> {
  const { database, journal: shared } = await journal();
  await shared.begin(ATTEMPT); // a running page has already read the end of the chain
  const recordings = await record(lanes * each);
  const source = sourceOf(recordings, asMs);
  const run = async (one: (unit: AttachedUnit, free: () => void) => Promise<unknown>): Promise<number> => {
    const units = recordings.map(deviceOf);
    const began = performance.now();
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const ends: Promise<unknown>[] = [];
        for (const unit of units.slice(lane * each, (lane + 1) * each)) {
          await sleep(EXCHANGE_MS);
          await new Promise<void>((free, fail) => {
            const end = one(unit, free).then(() => free());
            end.catch(fail);
            ends.push(end);
          });
        }
        await Promise.all(ends);
      }),
    );
    return perSecond(lanes * each, performance.now() - began);
  };
  const bare = await run(async (unit, free) => {
    for await (const { step } of provision(source, unit, order())) if (step === 'imported') free();
  });
  const loading = async (unit: AttachedUnit, onStage: (stage: Stage) => void): Promise<void> => {
    const ending = await load({ source, journal: shared, onStage }, unit, ATTEMPT, order());
    if (ending.is !== 'done') throw new Error(`a load of the bench ended ${JSON.stringify(ending)}`);
  };
  const journaled = await run((unit, free) => loading(unit, (stage) => stage === 'receipt' && free()));
  const waiting = await run((unit) => loading(unit, () => undefined));
  await database.close();
  return { bare, journaled, waiting };
}

/**
 * Appends to the chain of an order until the browser is killed. Calls `said` with the number of
 * each attempt as soon as it is on disk.
 */
async function writeForever(order: number, said: (id: number) => void): Promise<void> {
  const { journal: shared } = await journal();
  const attempt = { ...ATTEMPT, order };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (;;) said(await shared.begin(attempt, [STEP]));
    }),
  );
}

/**
 * Returns the number of the newest attempt and whether the chain of the order is intact. First
 * rotates the database log, as the page does at its start.
 */
async function readBack(order: number): Promise<{ last: number; holds: boolean }> {
  const { database, journal: shared } = await journal();
  await rotateLog(database);
  const [newest] = await shared.list(1);
  const found = await new WorkOrderStore(database, now).check(order);
  await database.close();
  return { last: newest?.id ?? 0, holds: found === undefined };
}

const cases = { writers, pages, throughput, writeForever, readBack };

declare global {
  var keyferryJournal: typeof cases;
}

globalThis.keyferryJournal = cases;
