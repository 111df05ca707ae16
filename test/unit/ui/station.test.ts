// The station and its lanes: units come and go, a key is loaded, and whatever happens the lane says what is true of the unit.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import type { Lane } from '#web/state/lane.svelte.ts';
import { laneWords } from '#web/ui/lane-words.ts';
import { type BenchParts, cable, createBench } from './bench.ts';

const SELECT = 0xa4;
const GET_CHALLENGE = 0x84;
const IMPORTKEY = 0xd8;

afterEach(() => {
  vi.useRealTimers();
});

async function attached(bench: BenchParts, wire = cable(), id = 1): Promise<Lane> {
  bench.choice = wire.link(id);
  await bench.station.attach('usb');
  const lane = bench.station.lanes.at(-1);
  if (!lane) throw new TypeError('no lane');
  return lane;
}

async function load(lane: Lane, ref1: number): Promise<void> {
  lane.choice.ref1 = ref1;
  const { chosen } = lane.choice;
  if (!chosen) throw new TypeError('nothing is chosen');
  await lane.load(chosen);
}

describe('attaching', () => {
  it('reads what the unit is', async () => {
    const lane = await attached(await createBench());
    expect(lane.phase).toEqual({ is: 'ready' });
    expect(lane.facts).toMatchObject({ sn: '00000000000000004549000000000007', profile: 'diversified' });
    expect(lane.facts?.slots.map(({ ref2, holdsKey }) => [ref2, holdsKey])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  it('shows by themselves the units that were permitted before, each once', async () => {
    const bench = await createBench();
    bench.remembered = [cable().link(1)];
    await bench.station.start();
    await bench.changed();
    expect(bench.station.lanes).toHaveLength(1);
  });

  it('is silent about a chooser that was closed', async () => {
    const bench = await createBench();
    await bench.station.attach('usb');
    expect(bench.station.lanes).toEqual([]);
    expect(bench.station.refused).toBeUndefined();
  });

  it('keeps a unit that is here by USB already where it is when it shows up by its serial port', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    bench.remembered = [wire.link(1), wire.link(2, 'serial')];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
  });

  it('does not bring back a unit that the operator removed', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    await bench.station.remove(lane);
    bench.remembered = [wire.link(1)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([]);
  });

  it('waits a moment for a unit that restarts before it forgets it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.pull();
    await Promise.resolve();
    expect(lane.phase.is).toBe('away');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
    expect(lane.phase.is).toBe('ready');
    wire.pull();
    await Promise.resolve();
    vi.advanceTimersByTime(10_000);
    expect(bench.station.lanes).toEqual([]);
  });
});

describe('loading a key', () => {
  it('ends in done with the receipt verified, the slot shown as the receipt says, and a complete journal', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(lane.facts?.slots[1]).toMatchObject({ ref2: 2, holdsKey: true, akv: 5, attributes: 'D0AB00N' });
    const [attempt] = await bench.journal.list(10);
    expect(attempt?.outcome).toBe('done');
    expect(attempt?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'challenge intended',
      'export intended',
      'export confirmed',
      'import intended',
      'import confirmed',
      'verify confirmed',
    ]);
    expect(attempt?.steps[2]?.auditHead).toBe('{"head":1}');
  });

  it('takes two command round trips after the one that read the unit', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    expect(wire.commands).toHaveLength(1);
    await load(lane, 1);
    expect(wire.commands).toHaveLength(3);
    await lane.retry();
    await load(lane, 3);
    expect(wire.commands).toHaveLength(5);
  });

  it('has the words for success only when the AS has verified the receipt', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('verifyReceipt', 'service-unreachable');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(lane.phase.is).toBe('unverified');
    expect(laneWords(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Not confirmed' });
    await lane.retry();
    expect(laneWords(lane, 'linux')).toMatchObject({ kind: 'done', word: 'Unplug' });
    expect((await bench.journal.list(1))[0]?.outcome).toBe('done');
  });

  it('fails plainly when the AS cannot be reached, and nothing is written', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('exportKey', 'service-unreachable');
    const wire = cable();
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', stage: 'export', failure: { code: 'service-unreachable' } });
    expect(wire.commands).not.toContain(IMPORTKEY);
    await lane.retry();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('signs out when the AS no longer takes the token', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('exportKey', 'signed-out');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(bench.session.state).toEqual({ is: 'out', expired: true });
    expect(lane.choice.obstacle).toBe('signed-out');
  });

  it('can be stopped before the import, and not after', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    const ending = load(lane, 1);
    lane.stop();
    await ending;
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'cancelled' } });
    expect(wire.commands).not.toContain(IMPORTKEY);
    expect((await bench.journal.list(1))[0]?.outcome).toBe('failed');
  });

  it('is one run at a time', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attached(bench);
    const ending = load(lane, 1);
    await expect(load(lane, 1)).rejects.toThrow(RangeError);
    await expect(bench.station.remove(lane)).rejects.toThrow(RangeError);
    expect(bench.station.busy).toBe(true);
    await ending;
    expect(bench.station.busy).toBe(false);
  });

  it('fails plainly when the plug is pulled before the import', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: GET_CHALLENGE, when: 'after' };
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', stage: 'challenge', failure: { code: 'device-lost' } });
  });
});

describe('a unit that does not answer', () => {
  it('is opened anew by the way out of the failure, and loads then', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.cut = { ins: GET_CHALLENGE, when: 'silence' };
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'link-timeout' } });
    expect(lane.attached).toBe(true);
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase.is).toBe('ready');
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('in mid-import is unknown, and settled without being plugged again', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.cut = { ins: IMPORTKEY, when: 'silence' };
    await load(lane, 1);
    expect(laneWords(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Not known yet' });
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'no-receipt' } });
  });

  it('stays unknown when it cannot be reached again', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.cut = { ins: IMPORTKEY, when: 'silence' };
    await load(lane, 1);
    wire.cut = { ins: SELECT, when: 'silence' };
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'link-timeout' } });
  });
});

describe('an import whose answer is lost', () => {
  async function cutOff(when: 'before' | 'after') {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: IMPORTKEY, when };
    const lane = await attached(bench, wire);
    await load(lane, 1);
    wire.cut = undefined;
    return { bench, wire, lane };
  }

  it('is unknown, and says so', async () => {
    const { lane } = await cutOff('after');
    expect(lane.phase.is).toBe('unknown');
    expect(lane.attached).toBe(false);
    expect(laneWords(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Plug it in again' });
  });

  it('turns to done by itself when the unit comes back and holds the receipt', async () => {
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

  it('turns to not loaded when the unit comes back without it, and can be loaded again', async () => {
    const { bench, wire, lane } = await cutOff('before');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'no-receipt' } });
    await lane.retry();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
  });

  it('is settled when the page was reloaded in between', async () => {
    const { bench, wire } = await cutOff('after');
    bench.station.lanes = [];
    await bench.station.readJournal();
    expect(bench.station.elsewhere.map(({ sn }) => sn)).toEqual(['00000000000000004549000000000007']);
    const lane = await attached(bench, wire, 7);
    expect(lane.phase.is).toBe('done');
    expect(bench.station.elsewhere).toEqual([]);
  });

  it('waits for a sign-in where there is none', async () => {
    const { bench, wire, lane } = await cutOff('after');
    bench.session.signOut();
    bench.account.refuse('verifyReceipt', 'signed-out');
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(['unknown', 'unverified']).toContain(lane.phase.is);
    await bench.session.signIn('token');
    await bench.station.settle();
    expect(lane.phase.is).toBe('done');
  });

  it('does not take another unit for it', async () => {
    const { bench, lane } = await cutOff('after');
    const other = cable({ sn: fromHex('00000000000000004549000000000008') });
    bench.remembered = [other.link(2)];
    await bench.changed();
    expect(lane.phase.is).toBe('unknown');
    expect(bench.station.lanes.map(({ facts }) => facts?.sn.slice(-2))).toEqual(['07', '08']);
  });
});

describe('what the last page left behind', () => {
  it('is told: attempts that were interrupted before anything was written', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attached(bench);
    bench.account.refuse('exportKey', 'service-unreachable');
    await load(lane, 1);
    const [attempt] = await bench.journal.list(1);
    if (!attempt) throw new TypeError('no attempt');
    const { id: _id, startedAt: _at, session: _page, steps: _steps, outcome: _outcome, ...fresh } = attempt;
    const id = await bench.journal.begin(fresh);
    await bench.journal.append(id, { step: 'interruption', state: 'confirmed' });
    await bench.station.start();
    expect(bench.station.interrupted.map((left) => left.id)).toEqual([id]);
  });
});
