// The actions that a lane permits in each state, and what the lane shows then.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { Chosen } from '#web/state/station/key-choice.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import { attached, cable, createBench, GET_CHALLENGE, IMPORTKEY, load, SELECT } from './station-fixture.ts';

const GET_RECEIPT = 0xcb;

async function ready() {
  const bench = await createBench();
  await bench.session.signIn('token');
  const wire = cable();
  return { bench, wire, lane: await attached(bench, wire) };
}

function chosenOf({ choice }: Lane, ref1 = 1): Chosen {
  choice.chooseKey(ref1);
  const { chosen } = choice;
  if (!chosen) throw new TypeError('nothing is chosen');
  return chosen;
}

describe('a load', () => {
  it('needs a ready lane and a session, unless a work order repeats it', async () => {
    const { bench, lane } = await ready();
    const first = chosenOf(lane);
    await lane.load(first);
    expect(lane.phase.is).toBe('done');
    const second = chosenOf(lane, 3);
    await expect(lane.load(second)).rejects.toThrow(RangeError);
    const order = { workOrder: 'JOB', orderChain: 1, suite: null, row: () => undefined };
    expect(await lane.load(second, order)).toMatchObject({ is: 'done', loaded: { akv: 7 } });
    await lane.retry();
    expect(lane.phase.is).toBe('ready');
    bench.session.signOut();
    await expect(lane.load(second)).rejects.toThrow(RangeError);
    await expect(lane.load(second, order)).rejects.toThrow(RangeError);
    expect(lane.phase.is).toBe('ready');
  });

  it('shows its key and its duration, and can be stopped until the import begins', async () => {
    const { bench, wire, lane } = await ready();
    expect([lane.current, lane.duration, lane.busy, lane.stoppable]).toEqual([undefined, 0, false, false]);
    const seen: (readonly [number, boolean, boolean])[] = [];
    wire.beforeCommand = async (ins) => {
      seen.push([ins, lane.busy, lane.stoppable]);
      if (ins === IMPORTKEY) lane.stop();
    };
    const loading = lane.load(chosenOf(lane));
    expect(lane.phase).toEqual({ is: 'running', stage: 'identity', stopping: false });
    await loading;
    expect(seen).toEqual([
      [GET_CHALLENGE, true, true],
      [IMPORTKEY, true, false],
    ]);
    expect(lane.current).toMatchObject({ label: 'Traffic', ref2: 2, action: 'load' });
    expect([lane.phase.is, lane.duration, lane.stoppable]).toEqual(['done', 1, false]);
    expect((await bench.journal.list(1))[0]).toMatchObject({
      operator: 'ada',
      service: 'https://as.example',
      demo: false,
    });
  });

  it('that was stopped can no longer be stopped, and stops before the next step', async () => {
    const { bench, lane } = await ready();
    let isStoppable: boolean | undefined;
    const { exportKey } = bench.account;
    bench.account.exportKey = async (request) => {
      lane.stop();
      isStoppable = lane.stoppable;
      expect(lane.phase).toMatchObject({ is: 'running', stopping: true });
      return await exportKey(request);
    };
    await load(lane, 1);
    expect([isStoppable, lane.phase]).toEqual([
      false,
      { is: 'failed', failure: { code: 'cancelled' }, stage: 'export' },
    ]);
    lane.stop();
    expect(lane.phase.is).toBe('failed');
  });

  it('that fails twice in the same way on the same unit is shown as repeated', async () => {
    const { bench, lane } = await ready();
    for (const isRepeated of [false, true]) {
      bench.account.refuse('exportKey', 'unit-quota-used');
      await lane.retry();
      await load(lane, 1);
      expect(lane.repetition.isRepeated).toBe(isRepeated);
    }
    await lane.retry();
    await load(lane, 1);
    expect([lane.phase.is, lane.repetition.isRepeated]).toEqual(['done', false]);
  });

  it('whose outcome is unknown closes the link, and a refused one does not', async () => {
    const refused = await ready();
    refused.wire.lie = { ins: IMPORTKEY, statusWord: 0x6988 };
    await load(refused.lane, 1);
    expect([refused.lane.isReachable, refused.wire.closed]).toEqual([true, 0]);
    const { wire, lane } = await ready();
    wire.cut = { ins: IMPORTKEY, when: 'silence' };
    wire.beforeCommand = async (ins) => {
      if (ins === GET_RECEIPT) wire.cut = { ins, when: 'silence' };
    };
    await load(lane, 1);
    expect(lane.phase.is).toBe('unknown');
    // The first link, and the one that each of the five requests for the outcome has opened.
    expect([lane.isReachable, wire.closed]).toEqual([false, 1 + 5]);
  });
});

describe('a rehearsal', () => {
  it('shows its key, ends before the export, and leaves the lane ready', async () => {
    const { bench, wire, lane } = await ready();
    const phases: unknown[] = [];
    wire.beforeCommand = async () => {
      phases.push(lane.phase);
    };
    expect(await lane.rehearse(chosenOf(lane), null)).toBeUndefined();
    expect(phases).toEqual([{ is: 'running', stage: 'challenge', stopping: false }]);
    expect(lane.phase).toEqual({ is: 'ready' });
    expect(lane.current).toMatchObject({ label: 'Traffic', ref2: 2, action: 'load', identity: undefined });
    expect(await bench.journal.list(1)).toEqual([]);
  });

  it('shows why it failed', async () => {
    const { wire, lane } = await ready();
    wire.lie = { ins: GET_CHALLENGE, statusWord: 0x6982 };
    const failure = { code: 'status-word', command: 'GET CHALLENGE', statusWord: 0x6982 };
    expect(await lane.rehearse(chosenOf(lane), null)).toMatchObject(failure);
    expect(lane.phase).toMatchObject({ is: 'failed', failure, stage: 'challenge' });
    const other = await ready();
    expect(await other.lane.rehearse(chosenOf(other.lane), 4)).toMatchObject({ code: 'suite-unsupported' });
  });

  it('needs an idle unit, and releases the unit for another tab afterwards', async () => {
    const { bench, wire, lane } = await ready();
    await bench.station.start();
    const chosen = chosenOf(lane);
    wire.beforeCommand = async () => {
      await expect(lane.rehearse(chosen, null)).rejects.toThrow(RangeError);
      bench.ask(1);
    };
    await lane.rehearse(chosen, null);
    expect([lane.isReachable, lane.isInOtherTab]).toEqual([false, true]);
    expect(lane.phase).toEqual({ is: 'unread', failure: { code: 'unit-elsewhere' } });
    await expect(lane.rehearse(chosen, null)).rejects.toThrow(RangeError);
  });
});

describe('a retry of an attempt whose outcome is open', () => {
  async function unknown() {
    const made = await ready();
    made.wire.cut = { ins: IMPORTKEY, when: 'after' };
    await load(made.lane, 1);
    made.wire.cut = undefined;
    expect(made.lane.phase.is).toBe('unknown');
    return made;
  }

  it('opens the link and settles the attempt', async () => {
    const { wire, lane } = await unknown();
    const links = wire.commands.filter((ins) => ins === SELECT).length;
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'done' });
    expect(wire.commands.filter((ins) => ins === SELECT)).toHaveLength(links + 1);
  });

  it.each([
    ['cannot be read', 'journal-failed'],
    ['has lost it', 'journal-lost'],
  ] as const)('leaves it open if the journal %s', async (_, code) => {
    const { bench, lane } = await unknown();
    const get = vi.spyOn(bench.journal, 'get');
    if (code === 'journal-lost') get.mockResolvedValue(undefined);
    else get.mockRejectedValue(new ProtocolError(code, 'scripted'));
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code }, attempt: 1 });
    get.mockRestore();
    await lane.retry();
    expect(lane.phase.is).toBe('done');
  });

  it('leaves it open, with the reason, if the unit cannot be opened', async () => {
    const { wire, lane } = await unknown();
    wire.cut = { ins: SELECT, when: 'silence' };
    await lane.retry();
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'link-timeout' }, attempt: 1 });
  });
});

describe('a lane that another tab asks for its unit', () => {
  it('is closed in any state but a load, and shows only from ready that the unit is elsewhere', async () => {
    const { bench, lane } = await ready();
    expect(lane.isInOtherTab).toBe(false);
    bench.account.refuse('exportKey', 'unit-quota-used');
    await load(lane, 1);
    await lane.closeForOtherTab();
    expect([lane.isReachable, lane.isInOtherTab, lane.phase.is]).toEqual([false, true, 'failed']);
    await lane.retry();
    expect([lane.isReachable, lane.isInOtherTab, lane.phase.is]).toEqual([true, false, 'ready']);
    expect(bench.taken).toEqual([1]);
    await lane.close();
    await lane.closeForOtherTab();
    expect([lane.isInOtherTab, lane.phase.is]).toEqual([false, 'ready']);
  });
});

describe('a lane whose unit returns by another link', () => {
  it('continues with the new link, its trace and the facts of the unit', async () => {
    const { bench, wire, lane } = await ready();
    await load(lane, 1);
    wire.pull();
    await expect.poll(() => lane.attached).toBe(false);
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
    expect([lane.link.id, lane.attached, lane.phase.is]).toEqual([2, true, 'ready']);
    expect(lane.trace.exchanges.map(({ command }) => command)).toEqual([
      ...['SELECT', 'GET CHALLENGE', 'IMPORTKEY', 'SELECT'],
    ]);
    expect(lane.facts?.slots[1]).toMatchObject({ holdsKey: true, akv: 5 });
    await load(lane, 3);
    expect(lane.phase.is).toBe('done');
    wire.pull();
    await expect.poll(() => lane.attached).toBe(false);
    expect(lane.phase.is).toBe('done');
  });
});
