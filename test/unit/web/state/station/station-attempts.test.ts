// The attempts that a station lists: open ones, open ones that no attached unit can settle, and
// interrupted ones. Also tests when the station settles attempts.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ATTEMPT } from '#test/unit/web/journal/records.ts';
import type { StepBody } from '#web/journal/attempt.ts';
import type { UnitLoader } from '#web/state/station/unit-loader.ts';
import { attached, type BenchParts, cable, createBench, cutOff, load, localOf } from './station-fixture.ts';

const SN = '00000000000000004549000000000007';
const INTERRUPTED: StepBody = { step: 'interruption', state: 'confirmed' };

const beginAttempt = async ({ journal }: BenchParts, ...steps: StepBody[]): Promise<number> =>
  await journal.begin({ ...ATTEMPT, sn: SN }, [{ step: 'challenge', state: 'intended', suite: 1 }, ...steps]);

describe('the interrupted attempts', () => {
  it('are those that ended before the import because the page was closed, until they are dismissed', async () => {
    const bench = await createBench();
    const interrupted = await beginAttempt(bench, INTERRUPTED);
    await beginAttempt(bench, { step: 'failure', state: 'confirmed', failure: { code: 'service-unreachable' } });
    await beginAttempt(bench, { step: 'import', state: 'intended' }, INTERRUPTED);
    await bench.station.start();
    expect(bench.station.interrupted.map(({ id }) => id)).toEqual([interrupted]);
    bench.station.dismissInterrupted();
    expect(bench.station.interrupted).toEqual([]);
  });

  it('are searched among the newest 25 attempts', async () => {
    const bench = await createBench();
    for (let count = 0; count < 26; count++) await beginAttempt(bench, INTERRUPTED);
    await bench.station.start();
    expect(bench.station.interrupted).toHaveLength(25);
  });
});

describe('the open attempts', () => {
  it('are read when the station starts', async () => {
    const bench = await createBench();
    const id = await beginAttempt(bench, { step: 'import', state: 'intended' }, INTERRUPTED);
    await bench.station.start();
    expect(bench.station.open).toMatchObject([{ id, outcome: 'unknown' }]);
    expect(bench.station.elsewhere).toHaveLength(1);
  });

  it('of a vault are elsewhere while an operator is signed in to another AS', async () => {
    const bench = await createBench();
    await bench.session.use(localOf(bench));
    const lane = await attached(bench);
    bench.account.refuse('verifyReceipt', 'service-unreachable');
    lane.choice.chooseSlot(2);
    await load(lane, 1);
    expect([lane.phase.is, bench.station.elsewhere]).toEqual(['unverified', []]);
    bench.session.signOut();
    expect(bench.station.elsewhere).toEqual([]);
    await bench.session.signIn('token');
    expect(bench.station.elsewhere).toHaveLength(1);
  });

  it('are settled after a sign-in, and then the open order continues', async () => {
    const { bench, lane } = await cutOff();
    const recover = vi.fn(async () => undefined);
    const loader = { recover, arrive: async () => undefined, refuseDuplicate: async () => undefined };
    bench.station.assign({
      ...loader,
      progress: { id: 'JOB', done: 0, total: 1, failed: 0, isRunning: false },
    } satisfies UnitLoader);
    bench.session.signOut();
    await bench.station.settle();
    expect(recover).not.toHaveBeenCalled();
    await bench.session.signIn('token');
    await bench.station.settle();
    expect(recover).toHaveBeenCalledOnce();
    expect(lane.phase.is).toBe('unknown'); // the unit is unplugged
  });

  it('are not settled by a unit with another SN, and not while the unit is unplugged', async () => {
    const { bench, wire, lane } = await cutOff();
    const commands = wire.commands.length;
    await bench.station.settle();
    const other = await attached(bench, cable({ sn: new Uint8Array(16).fill(3) }), 5);
    expect([lane.phase.is, other.phase.is]).toEqual(['unknown', 'ready']);
    expect(wire.commands).toHaveLength(commands);
  });

  it('of another AS are not settled when their unit is attached', async () => {
    const { bench, wire, lane } = await cutOff();
    await bench.station.remove(lane);
    await bench.session.use(localOf(bench));
    const returned = await attached(bench, wire, 2);
    expect(returned.phase.is).toBe('ready');
    expect(bench.station.open).toHaveLength(1);
  });
});

describe('an open attempt with an AS whose first address has changed', () => {
  it('is settled when the operator retries it', async () => {
    const { bench, lane } = await cutOff();
    bench.asNames = ['https://new.example', ...bench.asNames];
    await lane.retry();
    expect([lane.phase.is, bench.station.open]).toEqual(['done', []]);
    await lane.retry();
    lane.choice.chooseSlot(1);
    await load(lane, 2);
    expect(await bench.journal.list(1)).toMatchObject([{ service: 'https://new.example' }]);
  });

  it('is settled when its unit is attached', async () => {
    const { bench, wire, lane } = await cutOff();
    await bench.station.remove(lane);
    bench.asNames = ['https://new.example', ...bench.asNames];
    const returned = await attached(bench, wire, 2);
    expect([returned.phase.is, bench.station.elsewhere]).toEqual(['done', []]);
  });

  it('remains open at an AS with another root key', async () => {
    const { bench, lane } = await cutOff();
    bench.asNames = ['https://new.example'];
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'source-other' } });
    expect(bench.station.elsewhere).toHaveLength(1);
  });
});

describe('a journal that cannot be read', () => {
  it('is no failure of a station whose units have no open attempt', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const get = vi.spyOn(bench.journal, 'get');
    const lane = await attached(bench);
    await bench.station.settle();
    expect([lane.phase.is, bench.station.failure]).toEqual(['ready', undefined]);
    expect(get).not.toHaveBeenCalled();
  });

  it('leaves the attempt of a returning unit open, and the station says why', async () => {
    const { bench, wire, lane } = await cutOff();
    vi.spyOn(bench.journal, 'unsettled').mockResolvedValue([]);
    const get = vi.spyOn(bench.journal, 'get').mockRejectedValue(new ProtocolError('journal-failed', 'scripted'));
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase.is).toBe('unknown');
    expect(bench.station.failure).toEqual({ code: 'journal-failed' });
    get.mockResolvedValue(undefined);
    await bench.station.settle();
    expect([lane.phase.is, bench.station.failure]).toEqual(['unknown', undefined]);
  });
});
