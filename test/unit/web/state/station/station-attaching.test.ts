// How a station attaches units: by a chooser, after a change of the browser's devices, and again
// after a failure. Also tests which units it ignores.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { UnitLoader } from '#web/state/station/unit-loader.ts';
import { attached, cable, createBench, IMPORTKEY, load, SELECT } from './station-fixture.ts';

/** Time in ms after which the lane of a unit that does not return is removed. */
const RETURN_MS = 4_000;

afterEach(() => {
  vi.useRealTimers();
});

describe('a new station', () => {
  it('has no unit, no attempt and no failure', async () => {
    const { station } = await createBench();
    expect(station).toMatchObject({ lanes: [], open: [], interrupted: [], elsewhere: [], hasDemo: false });
    expect([station.refused, station.cancelled, station.failure, station.loader]).toEqual(Array(4).fill(undefined));
    expect([station.busy, station.awake]).toEqual([false, false]);
    expect([station.platform, station.offers]).toEqual(['linux', { usb: true, serial: true }]);
    station.offerDemo();
    expect(station.hasDemo).toBe(true);
  });
});

describe('the chooser', () => {
  it('shows the lane of a unit while the unit is read, and reads a unit once', async () => {
    const bench = await createBench();
    const { station } = bench;
    const wire = cable();
    const seen: string[][] = [];
    wire.beforeCommand = async () => {
      seen.push(station.lanes.map(({ phase }) => phase.is));
    };
    bench.choice = wire.link(1);
    bench.remembered = [wire.link(1)];
    await Promise.all([station.attach('usb'), bench.changed(), bench.changed()]);
    expect(seen).toEqual([['reading']]);
    expect(station.lanes.map(({ phase }) => phase.is)).toEqual(['ready']);
    expect(station.lanes[0]?.link.id).toBe(1);
  });

  it('says which kind was refused, and why, until it is opened again', async () => {
    const bench = await createBench();
    bench.choice = undefined;
    for (const kind of ['usb', 'serial'] as const) {
      await bench.station.attach(kind);
      expect([bench.station.cancelled, bench.station.refused]).toEqual([kind, undefined]);
    }
    await bench.station.attach('usb', true);
    expect(bench.choosers).toEqual(['usb', 'serial', 'every USB device']);
    const { station } = bench;
    Object.defineProperty(bench, 'choice', {
      configurable: true,
      get: () => {
        throw new ProtocolError('access-denied', 'scripted');
      },
    });
    await station.attach('serial');
    expect(station.refused).toEqual({ kind: 'serial', failure: { code: 'access-denied' } });
    expect(station.cancelled).toBeUndefined();
    Object.defineProperty(bench, 'choice', { value: cable().link(4) });
    await station.attach('usb');
    expect(station.refused).toBeUndefined();
    expect(station.lanes).toHaveLength(1);
  });

  it('attaches a unit that the operator has removed, which the station no longer attaches by itself', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    await bench.station.remove(lane);
    expect(lane.isReachable).toBe(false);
    bench.remembered = [wire.link(1)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([]);
    await attached(bench, wire);
    expect(bench.station.lanes.map(({ phase }) => phase.is)).toEqual(['ready']);
  });
});

describe('a change of the devices', () => {
  it('attaches a unit that was plugged in after the start', async () => {
    const bench = await createBench();
    await bench.station.start();
    expect(bench.station.lanes).toEqual([]);
    bench.remembered = [cable().link(1)];
    bench.plugged();
    await expect.poll(() => bench.station.lanes.map(({ phase }) => phase.is)).toEqual(['ready']);
  });

  it('does not open a unit again that could not be read and is still plugged in', async () => {
    const bench = await createBench();
    const wire = cable();
    wire.cut = { ins: SELECT, when: 'silence' };
    const lane = await attached(bench, wire);
    expect(lane.phase).toMatchObject({ is: 'unread', failure: { code: 'link-timeout' } });
    wire.cut = undefined;
    bench.remembered = [wire.link(1)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
    expect(lane.phase.is).toBe('unread');
  });

  it('removes the lanes that have nothing left to show, and no other', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wires = [1, 2, 3].map((fill) => cable({ sn: new Uint8Array(16).fill(fill) }));
    const lanes = [];
    for (const [id, wire] of wires.entries()) lanes.push(await attached(bench, wire, id));
    const [done, failed, away] = lanes;
    if (!done || !failed || !away) throw new TypeError('no lane');
    await load(done, 1);
    bench.account.refuse('exportKey', 'service-unreachable');
    await load(failed, 1);
    for (const wire of wires) wire.pull();
    await expect.poll(() => bench.station.lanes.map(({ attached: is }) => is)).toEqual([false, false, false]);
    expect(lanes.map(({ phase }) => phase.is)).toEqual(['done', 'failed', 'away']);
    const lane = await attached(bench, cable(), 9);
    expect(bench.station.lanes).toEqual([failed, lane]);
  });

  it('shows no second lane while a unit that may have returned is read', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.pull();
    await expect.poll(() => lane.phase.is).toBe('away');
    const seen: number[] = [];
    wire.beforeCommand = async () => {
      seen.push(bench.station.lanes.length);
    };
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(seen).toEqual([1]);
    expect(bench.station.lanes).toEqual([lane]);
  });

  it('keeps the lane of a unit that restarts for 4 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.pull();
    await Promise.resolve();
    vi.advanceTimersByTime(RETURN_MS - 1);
    expect(bench.station.lanes).toEqual([lane]);
    vi.advanceTimersByTime(1);
    expect(bench.station.lanes).toEqual([]);
  });
});

describe('a unit that could not be read', () => {
  it('is attached as a new unit when it can be read: its attempt is settled, and the open order gets it', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: IMPORTKEY, when: 'after' };
    const first = await attached(bench, wire);
    await load(first, 1);
    await bench.station.remove(first);
    wire.cut = { ins: SELECT, when: 'silence' };
    const lane = await attached(bench, wire, 2);
    const arrive = vi.fn(async () => undefined);
    const loader = { arrive, refuseDuplicate: async () => undefined, recover: async () => undefined };
    bench.station.assign({
      ...loader,
      progress: { id: 'JOB', done: 0, total: 1, failed: 0, isRunning: false },
    } satisfies UnitLoader);
    await bench.station.reread(lane);
    expect(lane.phase.is).toBe('unread');
    expect(arrive).not.toHaveBeenCalled();
    wire.cut = undefined;
    await bench.station.reread(lane);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2 } });
    expect(arrive.mock.calls).toEqual([[lane]]);
  });
});

describe('a page that is closed', () => {
  it('closes every link', async () => {
    const bench = await createBench();
    const lanes = [
      await attached(bench, cable({ sn: new Uint8Array(16).fill(1) }), 1),
      await attached(bench, cable({ sn: new Uint8Array(16).fill(2) }), 2),
    ];
    bench.station.close();
    expect(lanes.map(({ isReachable }) => isReachable)).toEqual([false, false]);
  });
});
