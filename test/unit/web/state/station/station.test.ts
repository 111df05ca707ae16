// The station and its lanes: units are attached and removed, and keys are loaded. In each case the
// lane shows the true state of its unit.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { loadCatalog } from '#web/ui/messages/catalog.svelte.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import { attached, cable, createBench, GET_CHALLENGE, IMPORTKEY, load, SELECT } from './station-fixture.ts';

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
  it('leaves only one lane for a unit that was unplugged before it could be read and then returned', async () => {
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

  it('happens automatically for units that were permitted before, once for each unit', async () => {
    const bench = await createBench();
    bench.remembered = [cable().link(1)];
    await bench.station.start();
    await bench.changed();
    expect(bench.station.lanes).toHaveLength(1);
  });

  it('shows no failure when the operator closes the chooser', async () => {
    const bench = await createBench();
    await bench.station.attach('usb');
    expect(bench.station.lanes).toEqual([]);
    expect(bench.station.refused).toBeUndefined();
  });

  it('offers every USB device after a cancelled chooser, and shows why the chosen device is refused', async () => {
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

  it('describes a device that matches no profile and does not answer as a unit', async () => {
    const bench = await createBench();
    bench.otherChoice = {
      id: 9,
      kind: 'usb',
      label: 'Flipper Zero',
      isForeign: true,
      usb: { vendorId: 0x0483, productId: 0x5740 },
      open: () => Promise.reject(new ProtocolError('link-timeout', 'silence')),
    };
    await bench.station.attach('usb', true);
    const [lane] = bench.station.lanes;
    await loadCatalog();
    expect(lane && laneMessage(lane, 'linux')).toMatchObject({
      sentence: 'Choose another device.',
      words: { title: 'This is “Flipper Zero” (USB 0483:5740), not a known unit. It did not answer like a unit.' },
    });
  });

  it('keeps the lane of a unit on USB when the same unit also appears as a serial port', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    bench.remembered = [wire.link(1), wire.link(2, 'serial')];
    await bench.changed();
    expect(bench.station.lanes).toEqual([lane]);
  });

  it('does not happen again for a unit that the operator has removed', async () => {
    const bench = await createBench();
    const wire = cable();
    const lane = await attached(bench, wire);
    await bench.station.remove(lane);
    bench.remembered = [wire.link(1)];
    await bench.changed();
    expect(bench.station.lanes).toEqual([]);
  });

  it('keeps the lane of a unit that restarts, and removes the lane if the unit does not return', async () => {
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
  it('ends with "done", a verified receipt, the slot as in the receipt, and a complete journal', async () => {
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

  it('takes two command round trips after the round trip that read the unit', async () => {
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

  it('shows success only when the AS has verified the receipt', async () => {
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

  it('fails when the AS cannot be reached, and sends no import to the unit', async () => {
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

  it('does not sign out a station whose clock is ahead, because the AS decides when the access code expires', async () => {
    const { account } = await createBench();
    vi.useFakeTimers();
    const session = new Session(
      async () => account,
      () => ['https://as.example'],
      () => new Date('2026-11-24T12:00:00Z'),
    );
    await session.signIn('token');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.state.is).toBe('in');
  });

  it('shows the failure to read the journal only until the journal can be read', async () => {
    const { station, journal } = await createBench();
    const read = vi.spyOn(journal, 'unsettled').mockRejectedValueOnce(new ProtocolError('journal-failed', 'full'));
    await station.readJournal();
    expect(station.failure).toEqual({ code: 'journal-failed' });
    await station.readJournal();
    expect(station.failure).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('signs out when the AS no longer accepts the access code', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('exportKey', 'signed-out');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(bench.session.state).toEqual({ is: 'out', expired: true });
    expect(lane.choice.obstacle).toBe('signed-out');
  });

  it('signs out when the AS shows another root key, and keeps the reason', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    bench.account.refuse('exportKey', 'service-changed');
    const lane = await attached(bench);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'service-changed' } });
    expect(bench.session.state).toEqual({ is: 'out', failure: { code: 'service-changed' } });
  });

  it('can be stopped before the import', async () => {
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

  it('refuses a second load and the removal of the lane until it has ended', async () => {
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

  it('fails when the unit is unplugged before the import', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    wire.cut = { ins: GET_CHALLENGE, when: 'after' };
    const lane = await attached(bench, wire);
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', stage: 'challenge', failure: { code: 'device-lost' } });
  });
});

describe('a unit that another tab requests', () => {
  it('is released when it is idle, and can be taken back', async () => {
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

  it('is released only after a load that is in progress', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    await bench.station.start();
    const lane = await attached(bench);
    const ending = load(lane, 1);
    bench.ask(1);
    await ending;
    expect(lane.phase.is).toBe('done');
    expect(lane.isReachable).toBe(false);
  });

  it('is not released after the load if no USB serial number says which unit was requested', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    await bench.station.start();
    const wire = cable();
    wire.usbSerialNumber = undefined;
    const lane = await attached(bench, wire);
    const ending = load(lane, 1);
    bench.ask(1);
    await ending;
    expect(lane.isReachable).toBe(true);
  });

  it('is not released after the load when the other tab has given up', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    await bench.station.start();
    const lane = await attached(bench);
    const ending = load(lane, 1);
    bench.ask(1);
    bench.awaited.clear();
    await ending;
    expect(lane.isReachable).toBe(true);
  });
});

describe('an attempt that the last page left', () => {
  it('is listed as interrupted if it ended before the import', async () => {
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
