// A unit that is attached again by another link, or twice: which lane it gets, which commands it
// receives, and what the station reports to the open order.
import { describe, expect, it, vi } from 'vitest';
import type { AttachedUnit } from '#protocol/provisioning/attached-unit.ts';
import { suitesFor } from '#web/state/station/lane-load.ts';
import type { UnitLoader } from '#web/state/station/unit-loader.ts';
import { attached, cable, createBench, cutOff, load, SELECT, SETS } from './station-fixture.ts';

const SN = '00000000000000004549000000000007';

async function signedInBench() {
  const bench = await createBench();
  await bench.session.signIn('token');
  return bench;
}

function createLoader() {
  const arrive = vi.fn(async () => undefined);
  const refuseDuplicate = vi.fn(async () => undefined);
  const progress = { id: 'JOB', done: 0, total: 1, failed: 0, isRunning: false };
  return { arrive, refuseDuplicate, recover: async () => undefined, progress } satisfies UnitLoader;
}

describe('a unit whose load is open', () => {
  it('keeps its lane, and no other, when it comes back by its other link', async () => {
    const { bench, wire, lane } = await cutOff();
    expect(bench.station.elsewhere).toEqual([]);
    bench.remembered = [wire.link(2, 'serial')];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
    expect(lane).toMatchObject({ attached: true, link: { kind: 'serial' }, phase: { is: 'done' } });
  });

  it('receives no command for a receipt that only the AS has to verify', async () => {
    const bench = await signedInBench();
    bench.account.refuse('verifyReceipt', 'service-unreachable');
    const wire = cable();
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase.is).toBe('unverified');
    wire.pull();
    await expect.poll(() => lane.isReachable).toBe(false);
    await lane.retry();
    expect(lane.phase.is).toBe('done');
    expect(wire.commands.filter((ins) => ins === SELECT)).toHaveLength(1);
  });
});

describe('the open order', () => {
  it('receives a report of a second unit with the same SN, but not of the other link of a unit', async () => {
    const bench = await signedInBench();
    const loader = createLoader();
    bench.station.assign(loader);
    const wire = cable();
    await attached(bench, wire);
    bench.choice = wire.link(2, 'serial');
    await bench.station.attach('serial');
    expect(loader.refuseDuplicate).not.toHaveBeenCalled();
    bench.choice = cable().link(3);
    await bench.station.attach('usb');
    expect(loader.refuseDuplicate.mock.calls).toEqual([[SN]]);
    expect(loader.arrive).toHaveBeenCalledOnce();
    expect(bench.station.lanes).toHaveLength(1);
  });

  it('keeps the screen on, as a load does', async () => {
    const bench = await signedInBench();
    expect(bench.station.awake).toBe(false);
    const loading = load(await attached(bench), 1);
    expect(bench.station.awake).toBe(true);
    await loading;
    expect(bench.station.awake).toBe(false);
    bench.station.assign(createLoader());
    expect(bench.station.awake).toBe(true);
    bench.station.assign(undefined);
    expect(bench.station.awake).toBe(false);
  });
});

describe('a load', () => {
  it('shows its stage at each command to the unit', async () => {
    const bench = await signedInBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    const stages: string[] = [];
    wire.beforeCommand = async () => {
      stages.push(lane.phase.is === 'running' ? lane.phase.stage : lane.phase.is);
    };
    const { verifyReceipt } = bench.account;
    bench.account.verifyReceipt = (...receipt) => {
      stages.push(lane.phase.is === 'running' ? lane.phase.stage : lane.phase.is);
      return verifyReceipt(...receipt);
    };
    await load(lane, 1);
    expect(stages).toEqual(['challenge', 'import', 'receipt']);
  });

  it('has no suite for a version of T that the AS does not have', () => {
    const [set] = SETS;
    if (set === undefined) throw new TypeError('the bench has no set');
    const unit = (tkv: number) => ({ identity: { tkv } }) as AttachedUnit;
    expect(suitesFor(set, unit(1))).toEqual([1, 2]);
    expect(suitesFor(set, unit(1), { suite: 2 })).toEqual([2]);
    expect(suitesFor(set, unit(9))).toEqual([]);
  });
});
