// The station and its lanes: units come and go, a key is loaded, and whatever happens the lane says what is true of the unit.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { loadCatalog } from '#web/ui/messages/catalog.svelte.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import { attached, cable, createBench, load } from './station-fixture.ts';

const SELECT = 0xa4;
const GET_CHALLENGE = 0x84;
const IMPORTKEY = 0xd8;

afterEach(() => {
  vi.useRealTimers();
});

describe('activity', () => {
  it('is reported when a unit is attached and when a load begins and ends, until the listener is removed', async () => {
    const bench = await createBench();
    const seen: string[] = [];
    const unsubscribe = bench.station.onActivity(() => seen.push(bench.station.busy ? 'busy' : 'idle'));
    const lane = await attached(bench);
    expect(seen).toEqual(['idle']);
    await bench.session.signIn('KF');
    const loading = load(lane, 1);
    expect(bench.station.busy).toBe(true);
    await loading;
    expect(lane.phase.is).toBe('done');
    expect(seen).toHaveLength(2);
    unsubscribe();
    await attached(bench, undefined, 2);
    expect(seen).toHaveLength(2);
  });
});

describe('attaching', () => {
  it('leaves no lane behind of a unit that went before it could be read, once it is back', async () => {
    const bench = await createBench();
    const wire = cable();
    wire.cut = { ins: SELECT, when: 'before' };
    const lost = await attached(bench, wire);
    expect(lost.phase).toEqual({ is: 'unread', failure: { code: 'device-lost' } });
    wire.cut = undefined;
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(bench.station.lanes.map(({ phase }) => phase.is)).toEqual(['ready']);
  });

  it('reads the identity of the unit', async () => {
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

  it('offers every USB device after a chooser that was closed, and says what is in the way of the chosen one', async () => {
    const bench = await createBench();
    await bench.station.attach('usb');
    expect(bench.station.cancelled).toBe('usb');
    bench.otherChoice = {
      id: 9,
      kind: 'usb',
      label: 'Card reader',
      open: () => Promise.reject(new ProtocolError('protected-class', 'class 0B')),
    };
    await bench.station.attach('usb', true);
    expect(bench.station.cancelled).toBeUndefined();
    const [lane] = bench.station.lanes;
    await loadCatalog();
    expect(lane && laneMessage(lane, 'linux')).toMatchObject({
      word: 'Not attached',
      sentence: 'Attach the unit itself, not a card reader.',
      words: { final: true },
    });
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
    expect(attempt?.steps.at(-1)?.auditHead).toBe('{"head":1}');
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
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'unknown', word: 'Not confirmed' });
    await lane.retry();
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'done', word: 'Unplug' });
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

  it('stays signed in on a station whose clock is ahead: the AS says when the token is over', async () => {
    const { account } = await createBench();
    vi.useFakeTimers();
    const session = new Session(
      async () => account,
      'https://as.example',
      () => new Date('2026-11-24T12:00:00Z'),
    );
    await session.signIn('token');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.state.is).toBe('in');
  });

  it('says that the journal cannot be read only as long as it cannot', async () => {
    const { station, journal } = await createBench();
    const read = vi.spyOn(journal, 'unsettled').mockRejectedValueOnce(new ProtocolError('journal-failed', 'full'));
    await station.readJournal();
    expect(station.failure).toEqual({ code: 'journal-failed' });
    await station.readJournal();
    expect(station.failure).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(2);
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

  it('signs out when the AS is another one than before, until that is explained', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('exportKey', 'service-changed');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'service-changed' } });
    expect(bench.session.state).toEqual({ is: 'out', failure: { code: 'service-changed' } });
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

describe('a unit that another tab wants or has', () => {
  it('is let go when it is idle, and can be taken back', async () => {
    const bench = await createBench();
    await bench.station.start();
    const lane = await attached(bench);
    bench.ask(7);
    expect(lane.phase.is).toBe('ready');
    bench.ask(1);
    await vi.waitFor(() => expect(lane.phase).toEqual({ is: 'unread', failure: { code: 'unit-elsewhere' } }));
    await lane.retry();
    expect(bench.taken).toEqual([1]);
    expect(lane.phase.is).toBe('ready');
  });

  it('is kept as long as a run is under way', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    await bench.station.start();
    const lane = await attached(bench);
    const ending = load(lane, 1);
    bench.ask(1);
    await ending;
    expect(lane.phase.is).toBe('done');
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
    const { id: _id, startedAt: _at, steps: _steps, outcome: _outcome, ...fresh } = attempt;
    const id = await bench.journal.begin(fresh);
    await bench.journal.append(id, { step: 'interruption', state: 'confirmed' });
    await bench.station.start();
    expect(bench.station.interrupted.map((left) => left.id)).toEqual([id]);
  });
});
