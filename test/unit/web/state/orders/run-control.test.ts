// The state of the run of an order: what starts, halts and ends it, and how often it recovers
// without the operator.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { OrderEvent } from '#web/journal/order-record.ts';
import { RunControl, type RunControlOptions } from '#web/state/orders/run-control.svelte.ts';

const UNIT = { code: 'device-lost' } as const;
const TEMPORARY = { code: 'service-unreachable' } as const;
const LASTING = { code: 'service-changed' } as const;
const CHAIN = 4;

function setUp(more: Partial<RunControlOptions> = {}) {
  const events: OrderEvent[] = [];
  const disk = { isFull: false };
  const note = async (chain: number, event: OrderEvent): Promise<void> => {
    expect(chain).toBe(CHAIN);
    if (disk.isFull) throw new ProtocolError('journal-full', 'scripted');
    events.push(event);
  };
  const control = new RunControl({ journal: { note }, chain: CHAIN, ...more });
  return { control, events, disk, steps: () => events.map(({ step }) => step) };
}

async function running(more: Partial<RunControlOptions> = {}) {
  const made = setUp(more);
  await made.control.start();
  made.events.splice(0);
  return made;
}

describe('a run', () => {
  it('is paused at first, and records each start and each pause once', async () => {
    const { control, steps } = setUp();
    expect([control.state, control.isRunning, control.ended]).toEqual([{ is: 'paused' }, false, undefined]);
    await control.pause();
    expect(steps()).toEqual([]);
    await control.start();
    await control.start();
    expect([control.state, control.isRunning]).toEqual([{ is: 'running' }, true]);
    await control.pause();
    expect([control.state, control.isRunning]).toEqual([{ is: 'paused' }, false]);
    expect(steps()).toEqual(['order-resumed', 'order-paused']);
  });

  it.each([
    ['closed', 'order-closed'],
    ['revoked', 'order-revoked'],
  ] as const)('ends when the AS has %s the order', async (as, step) => {
    const { control, steps } = await running();
    await control.end(as);
    expect([control.ended, control.state, steps()]).toEqual([as, { is: 'paused' }, [step]]);
    expect(setUp({ endedAs: as }).control.ended).toBe(as);
  });

  it('halts if its start cannot be recorded', async () => {
    const { control, disk } = setUp();
    disk.isFull = true;
    await control.start();
    expect(control.state).toEqual({ is: 'halted', failures: 0, failure: { code: 'journal-full' } });
  });

  it('halts when an action of the operator fails, even if it is paused, but not after its end', async () => {
    const { control } = setUp();
    const full = (): Promise<never> => Promise.reject(new ProtocolError('journal-full', 'scripted'));
    await control.attempt(full);
    expect(control.state).toEqual({ is: 'halted', failures: 0, failure: { code: 'journal-full' } });
    await control.end('closed');
    await control.attempt(full);
    expect(control.state).toEqual({ is: 'paused' });
    await expect(control.attempt(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow(TypeError);
  });

  it('halts when an action fails that it requires, which also rejects', async () => {
    const { control } = await running();
    const error = new ProtocolError('journal-failed', 'scripted');
    await expect(control.require(() => Promise.reject(error))).rejects.toBe(error);
    expect(control.state).toMatchObject({ is: 'halted', failure: { code: 'journal-failed' } });
    let ran = 0;
    await control.require(async () => void ran++);
    expect(ran).toBe(1);
  });
});

describe('failed units', () => {
  it('halt the run when they are as many in a row as the order names', async () => {
    const { control, events } = await running();
    control.countFailure(UNIT, 2);
    expect(control.isRunning).toBe(true);
    control.countDone();
    control.countFailure(UNIT, 2);
    expect(control.isRunning).toBe(true);
    control.countFailure(UNIT, 2);
    expect(control.state).toEqual({ is: 'halted', failures: 2, failure: UNIT });
    expect(events).toEqual([{ step: 'order-halted', failures: 2 }]);
    control.countFailure({ code: 'link-timeout' }, 2); // of another lane
    expect(control.state).toMatchObject({ failure: UNIT });
    await control.start();
    control.countFailure(UNIT, 2);
    expect(control.isRunning).toBe(true);
  });

  it('do not halt an order that names no number, but a failure that no unit caused does', async () => {
    const { control, events } = await running();
    for (let count = 0; count < 20; count++) control.countFailure(UNIT, null);
    expect(control.isRunning).toBe(true);
    control.countFailure(LASTING, null);
    expect(control.state).toEqual({ is: 'halted', failures: 20, failure: LASTING });
    expect(events).toEqual([{ step: 'order-halted', failures: 20 }]);
  });
});

describe('a recovery without the operator', () => {
  const recovering = async () => {
    const made = await running();
    let recoveries = 0;
    const recover = (isNeeded = false) => made.control.recoverAutomatically(isNeeded, async () => void recoveries++);
    return { ...made, recover, count: () => recoveries };
  };

  it('needs a run that halted after a temporary failure, or a unit that needs it', async () => {
    const { control, recover, count } = await recovering();
    await recover();
    expect(count()).toBe(0);
    await recover(true);
    expect(count()).toBe(1);
    control.halt(LASTING);
    await recover();
    expect(count()).toBe(1);
    await control.start();
    control.halt(TEMPORARY);
    await recover();
    expect(count()).toBe(2);
  });

  it('happens at most three times until a unit is done or the operator acts', async () => {
    const { control, recover, count } = await recovering();
    for (let times = 0; times < 5; times++) await recover(true);
    expect(count()).toBe(3);
    control.countDone();
    for (let times = 0; times < 5; times++) await recover(true);
    expect(count()).toBe(6);
    control.allowRecoveries();
    await recover(true);
    expect(count()).toBe(7);
  });

  it('is not started during another one', async () => {
    const { control, recover, count } = await recovering();
    let isSeen = false;
    await control.recoverAutomatically(true, async () => {
      isSeen = control.isRecovering;
      await recover(true);
    });
    expect([isSeen, count(), control.isRecovering]).toEqual([true, 0, false]);
    await recover(true);
    expect(count()).toBe(1);
  });

  it('halts the run if it fails, and can be repeated', async () => {
    const { control, recover, count } = await recovering();
    const failing = (): Promise<never> => Promise.reject(new ProtocolError('service-timeout', 'scripted'));
    await control.recoverAutomatically(true, failing);
    expect(control.state).toMatchObject({ is: 'halted', failure: { code: 'service-timeout' } });
    await recover();
    expect(count()).toBe(1);
  });

  it('resumes only a run that halted after a temporary failure and has not ended', async () => {
    const { control, steps } = await running();
    expect(await control.resume()).toBe(false);
    control.halt(LASTING);
    expect(await control.resume()).toBe(false);
    await control.start();
    control.halt(TEMPORARY);
    expect(await control.resume()).toBe(true);
    expect(control.isRunning).toBe(true);
    expect(steps()).toEqual(['order-halted', 'order-resumed', 'order-halted', 'order-resumed']);
    const ended = await running({ endedAs: 'revoked' });
    ended.control.halt(TEMPORARY);
    expect(await ended.control.resume()).toBe(false);
  });

  it('has not resumed a run whose start cannot be recorded', async () => {
    const { control, disk } = await running();
    control.halt(TEMPORARY);
    disk.isFull = true;
    expect(await control.resume()).toBe(false);
  });
});
