// The state and message of a lane after a load whose outcome is not certain: the unit was unplugged
// or silent, or the journal could not be written. Also tests imports that erase a slot or replace
// T.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { createUnit } from '#test/support/units.ts';
import { Database } from '#web/journal/database.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import {
  attached,
  Cable,
  cable,
  createAccount,
  createBench,
  cutOff,
  GET_CHALLENGE,
  IMPORTKEY,
  load,
  SELECT,
  SETS,
  SETS_WITH_CLAUSE_8,
} from './station-fixture.ts';

const GET_IDENTITY = 0xca;
const GET_RECEIPT = 0xcb;

/** Creates a lane whose load timed out at the command `ins`. */
async function silentAt(ins: number, ref1 = 1, when: 'silence' | 'silence from then on' = 'silence') {
  const bench = await createBench();
  await bench.session.signIn('token');
  const wire = cable();
  wire.cut = { ins, when };
  const lane = await attached(bench, wire);
  await load(lane, ref1);
  return { bench, wire, lane };
}

describe('a unit that does not answer', () => {
  it('is opened again by a retry, and can be loaded afterwards', async () => {
    const { wire, lane } = await silentAt(GET_CHALLENGE);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'link-timeout' } });
    expect(lane.attached).toBe(true);
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase.is).toBe('ready');
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('is opened and loaded again by one call of loadAgain()', async () => {
    const { wire, lane } = await silentAt(GET_CHALLENGE);
    wire.cut = undefined;
    await lane.loadAgain();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
  });

  it('is opened but not loaded by loadAgain() if the slot has changed in the meantime', async () => {
    const { wire, lane } = await silentAt(GET_CHALLENGE, 3);
    wire.cut = undefined;
    const other = await createBench();
    await other.session.signIn('token');
    await load(await attached(other, new Cable(wire.unit)), 1);
    await lane.loadAgain();
    expect(lane.phase.is).toBe('ready');
    expect(lane.choice.chosen).toMatchObject({ key: { ref1: 3 }, slot: { ref2: 2, akv: 5 } });
    expect(wire.commands.filter((ins) => ins === IMPORTKEY)).toEqual([]);
  });

  it('is opened but not loaded by loadAgain() if another unit is at the port or another key is chosen', async () => {
    for (const change of ['unit', 'key'] as const) {
      const { wire, lane } = await silentAt(GET_CHALLENGE);
      wire.cut = undefined;
      if (change === 'unit') wire.unit = createUnit({ sn: fromHex('00000000000000004549000000000008') });
      else lane.choice.chooseKey(3);
      expect(lane.isSameLoad).toBe(change === 'unit');
      await lane.loadAgain();
      expect(lane.phase.is).toBe('ready');
      expect(lane.isSameLoad).toBe(false);
    }
  });

  it('is opened but not loaded by loadAgain() if the operator has signed out', async () => {
    const { bench, wire, lane } = await silentAt(GET_CHALLENGE);
    wire.cut = undefined;
    bench.session.signOut();
    await lane.loadAgain();
    expect(lane.phase.is).toBe('ready');
  });

  it('during an import is asked for the outcome immediately, without being plugged in again', async () => {
    const { wire, lane, bench } = await silentAt(IMPORTKEY);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'no-receipt' } });
    expect(wire.commands.slice(-3)).toEqual([IMPORTKEY, SELECT, GET_RECEIPT]);
    expect(bench.station.open).toEqual([]);
  });

  it('and remains silent has an unknown outcome after a few requests, and is asked again by a click', async () => {
    const { wire, lane } = await silentAt(IMPORTKEY, 1, 'silence from then on');
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Not known yet' });
    expect(wire.commands.filter((ins) => ins === SELECT)).toHaveLength(1 + 5);
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'link-timeout' } });
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'no-receipt' } });
  });

  it('during an import asks to be plugged in again, however late the browser reports the unplug', async () => {
    const { wire, lane } = await silentAt(IMPORTKEY, 1, 'silence from then on');
    expect(lane.attached).toBe(true);
    wire.pull();
    await expect.poll(() => lane.attached).toBe(false);
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Plug in again' });
  });
});

describe('an import whose answer is lost', () => {
  it('is "unknown", and the lane shows "Plug in again"', async () => {
    const { lane } = await cutOff('after');
    expect(lane.phase.is).toBe('unknown');
    expect(lane.attached).toBe(false);
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Plug in again' });
  });

  it('becomes "done" when the unit is plugged in again and has the receipt', async () => {
    const { bench, wire, lane } = await cutOff('after');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(bench.station.open).toEqual([]);
    expect(lane.trace.exchanges.map(({ command }) => command)).toEqual([
      'SELECT',
      'GET CHALLENGE',
      'IMPORTKEY',
      'SELECT',
      'GET RECEIPT',
    ]);
  });

  it('becomes "failed" when the unit is plugged in again without a receipt, and can be loaded again', async () => {
    const { bench, wire, lane } = await cutOff('before');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'no-receipt' } });
    await lane.retry();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('is settled even if the lane was removed in between, as by a reload', async () => {
    const { bench, wire } = await cutOff('after');
    for (const lane of bench.station.lanes) await bench.station.remove(lane);
    await bench.station.readJournal();
    expect(bench.station.elsewhere.map(({ sn }) => sn)).toEqual(['00000000000000004549000000000007']);
    const lane = await attached(bench, wire, 7);
    expect(lane.phase.is).toBe('done');
    expect(bench.station.elsewhere).toEqual([]);
  });

  it('is settled only after a sign-in if no operator is signed in', async () => {
    const { bench, wire, lane } = await cutOff('after');
    bench.session.signOut();
    bench.account.refuse('verifyReceipt', 'not-signed-in');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(['unknown', 'unverified']).toContain(lane.phase.is);
    await bench.session.signIn('token');
    await bench.station.settle();
    expect(lane.phase.is).toBe('done');
  });

  it('remains "unknown" when another unit is plugged in', async () => {
    const { bench, lane } = await cutOff('after');
    const other = cable({ sn: fromHex('00000000000000004549000000000008') });
    bench.remembered = [other.link(2)];
    await bench.changed();
    expect(lane.phase.is).toBe('unknown');
    expect(bench.station.lanes.map(({ facts }) => facts?.sn.slice(-2))).toEqual(['07', '08']);
  });
});

describe('a load whose journal entries cannot be written after the export request', () => {
  async function loadWithoutRoom() {
    const database = await Database.open(new IDBFactory(), () => undefined);
    const account = createAccount(SETS);
    const bench = await createBench(SETS, { database, account, name: 'page' });
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    const run = database.run.bind(database);
    let writes = 0;
    database.run = (stores, mode, body) =>
      mode === 'readwrite' && ++writes > 1
        ? Promise.reject(new ProtocolError('journal-full', 'no room'))
        : run(stores, mode, body);
    await load(lane, 1);
    database.run = run;
    return { bench, lane, wire, database, account };
  }

  it('is shown as "unverified", and recorded as "done" when the journal can be written again', async () => {
    const { bench, lane } = await loadWithoutRoom();
    expect(lane.phase).toMatchObject({ is: 'unverified', failure: { code: 'journal-full' }, loaded: { ref2: 2 } });
    expect((await bench.journal.list(1))[0]?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'challenge intended',
      'export intended',
    ]);
    await lane.retry();
    expect(lane.phase.is).toBe('done');
    expect((await bench.journal.list(1))[0]).toMatchObject({ outcome: 'done', steps: { length: 6 } });
  });

  it('is settled when there is space and the unit is plugged in again', async () => {
    const { bench, lane, wire } = await loadWithoutRoom();
    wire.pull();
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2 } });
  });

  it('is settled when there is space and an operator signs in', async () => {
    const { bench, lane } = await loadWithoutRoom();
    await bench.session.signIn('token');
    await bench.station.settle();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2 } });
  });

  it.each(['service-unreachable', 'not-allowed'] as const)(
    'remains open when the recall of the export fails with %s, and is settled later',
    async (code) => {
      const { bench, lane, account } = await loadWithoutRoom();
      account.refuse('recallExport', code);
      await lane.retry();
      expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code } });
      const [attempt] = await bench.journal.unsettled();
      expect(attempt).toMatchObject({ outcome: 'unknown' });
      await lane.retry();
      expect(lane.phase.is).toBe('done');
    },
  );

  it('remains open while there is still no space', async () => {
    const { bench, lane, database, account } = await loadWithoutRoom();
    const run = database.run.bind(database);
    database.run = (stores, mode, body) =>
      mode === 'readwrite' ? Promise.reject(new ProtocolError('journal-full', 'no room')) : run(stores, mode, body);
    account.refuse('recallExport', 'service-unreachable');
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'service-unreachable' } });
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unverified', failure: { code: 'journal-full' } });
    database.run = run;
    await lane.retry();
    expect(lane.phase.is).toBe('done');
    expect((await bench.journal.list(1))[0]?.outcome).toBe('done');
  });

  it('is settled by the next page after a sign-in, because only the AS has a record of the export', async () => {
    const { wire, database, account } = await loadWithoutRoom();
    const next = await createBench(SETS, { database, account, name: 'next page' });
    await next.journal.recover(new Set(['next page']));
    account.refuse('recallExport', 'not-signed-in');
    const lane = await attached(next, wire, 7);
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'not-signed-in' } });
    expect(laneMessage(lane, 'linux').sentence).toContain('Sign in');
    await next.session.signIn('token');
    await next.station.settle();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2 } });
  });
});

describe('a memory failure that the unit reports (6581)', () => {
  const FAILURE = { ins: IMPORTKEY, statusWord: 0x6581 };

  it('does not show what the slot holds, so the page asks the unit, which has stored the key', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    wire.lie = FAILURE; // as if writing the tries failed after the key was committed
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(wire.commands.slice(-2)).toEqual([IMPORTKEY, GET_RECEIPT]);
    expect((await bench.journal.list(1))[0]).toMatchObject({
      outcome: 'done',
      steps: expect.arrayContaining([
        expect.objectContaining({ failure: { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6581 } }),
      ]),
    });
  });

  it('is settled as not loaded when the unit has no receipt', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.unit.memory.arm({ write: 1, effect: 'failure' });
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { command: 'IMPORTKEY', statusWord: 0x6581 } });
    await lane.retry();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });
});

describe('the tries of a unit', () => {
  it('are those that the unit has left after a failed import, and all after a load', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attached(bench);
    const { exportKey } = bench.account;
    bench.account.exportKey = async (request) => {
      const exported = await exportKey(request);
      exported.data.set([(exported.data.at(-1) ?? 0) ^ 1], exported.data.length - 1);
      return exported;
    };
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { statusWord: 0x6988 } });
    expect(lane.facts?.tries).toBe(63);
    bench.account.exportKey = exportKey;
    await lane.retry();
    await load(lane, 1);
    expect(lane.facts?.tries).toBe(64);
  });
});

describe('a key entry that contains no key', () => {
  async function ready() {
    const bench = await createBench(SETS_WITH_CLAUSE_8);
    await bench.session.signIn('token');
    const wire = cable();
    return { bench, wire, lane: await attached(bench, wire) };
  }

  it('can erase a slot, and the lane shows the slots that the unit then returns', async () => {
    const { lane } = await ready();
    await load(lane, 1);
    await lane.retry();
    await load(lane, 8);
    expect(lane.phase.is).toBe('done');
    expect(laneMessage(lane, 'linux').sentence).toBe('Slot erased. The AS has verified the receipt.');
    expect(lane.facts?.slots[1]).toMatchObject({ ref2: 2, holdsKey: false, akv: 9 });
  });

  it('can replace the transport key, and the next key is loaded under the new transport key', async () => {
    const { bench, lane, wire } = await ready();
    await load(lane, 9);
    expect(lane.phase.is).toBe('done');
    expect(laneMessage(lane, 'linux').sentence).toBe('Transport key replaced. The AS has verified the receipt.');
    expect(lane.facts?.tkv).toBe(2);
    await lane.retry();
    expect(lane.choice.rows.at(-1)).toMatchObject({ slot: { akv: 2 }, keys: [], bar: 'not-newer' });
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
    expect((await bench.journal.list(1))[0]).toMatchObject({ tkv: 2, outcome: 'done' });
    expect(wire.commands.filter((ins) => ins === GET_IDENTITY)).toHaveLength(1);
  });

  it('may leave a unit that does not answer GET IDENTITY, and a retry then reads the unit again', async () => {
    const { lane, wire } = await ready();
    wire.cut = { ins: GET_IDENTITY, when: 'silence' };
    await load(lane, 9);
    expect(lane.phase.is).toBe('done');
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase.is).toBe('ready');
    expect(lane.facts?.tkv).toBe(2);
  });
});
