// Help keeps the exchanges of the last attempts across a reload.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { Attempt } from '#web/journal/attempt.ts';
import { Database } from '#web/journal/database.ts';
import { pastAttempts } from '#web/state/help/past-attempts.ts';
import { TraceKeeper } from '#web/state/help/trace-keeper.ts';
import { Traces } from '#web/state/help/traces.ts';
import {
  attached,
  type BenchParts,
  cable,
  createAccount,
  createBench,
  IMPORTKEY,
  load,
  SETS,
} from '../station/station-fixture.ts';

async function open() {
  const database = await Database.open(new IDBFactory(), () => undefined);
  const found = { database, account: createAccount(SETS), name: 'page' };
  const bench = await createBench(SETS, found);
  const traces = new Traces(database);
  const keeper = new TraceKeeper({ station: bench.station, journal: bench.journal, traces });
  return { bench, traces, keeper, found };
}

async function fail(bench: BenchParts): Promise<void> {
  const wire = cable();
  wire.lie = { ins: IMPORTKEY, statusWord: 0x6988 };
  await bench.session.signIn('KF');
  await load(await attached(bench, wire), 1);
}

const commands = (exchanges: readonly { readonly command: string }[]): string =>
  exchanges.map(({ command }) => command).join();

describe('the trace keeper', () => {
  it('stores the exchanges before its start, and those of each attempt that ends', async () => {
    const { bench, keeper, traces } = await open();
    await fail(bench);
    const stop = keeper.start();
    await keeper.save();
    const [first] = await traces.list();
    expect(commands(first?.exchanges ?? [])).toMatch(/^SELECT,GET CHALLENGE,IMPORTKEY/);
    const [lane] = bench.station.lanes;
    if (!lane) throw new TypeError('no lane');
    await lane.retry();
    await load(lane, 3);
    await keeper.save();
    const stored = await traces.list();
    expect(stored.map(({ attempt }) => attempt).sort()).toEqual([1, 2]);
    expect(commands(stored[1]?.exchanges ?? [])).toMatch(/^GET CHALLENGE,IMPORTKEY/);
    stop();
  });

  it('shows the stored exchanges of an attempt whose lane is gone', async () => {
    const { bench, keeper, traces, found } = await open();
    await fail(bench);
    await keeper.save();
    const reloaded = await createBench(SETS, { ...found, name: 'reloaded' });
    const [past] = pastAttempts(await reloaded.journal.list(5), await traces.list(), reloaded.station.lanes);
    expect(past).toMatchObject({ outcome: 'failed', failure: { command: 'IMPORTKEY', statusWord: 0x6988 } });
    expect(commands(past?.exchanges ?? [])).toMatch(/GET CHALLENGE,IMPORTKEY/);
  });

  it('stores the exchanges of a load that is still running, within a second', async () => {
    const { bench, keeper, traces } = await open();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const stop = keeper.start();
    const wire = cable();
    await bench.session.signIn('KF');
    const lane = await attached(bench, wire);
    let go = (): void => undefined;
    wire.beforeCommand = (ins) => (ins === IMPORTKEY ? new Promise((resolve) => (go = resolve)) : Promise.resolve());
    const loading = load(lane, 1);
    await vi.waitFor(() => expect(lane.phase).toMatchObject({ stage: 'import' }));
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    await vi.waitFor(async () =>
      expect(commands((await traces.list())[0]?.exchanges ?? [])).toBe('SELECT,GET CHALLENGE'),
    );
    stop();
    go();
    await loading;
  });

  it('does not store an exchange twice, and retries after a failed write', async () => {
    const { bench, keeper, traces } = await open();
    await fail(bench);
    const append = vi.spyOn(traces, 'append');
    append.mockRejectedValueOnce(new ProtocolError('journal-full', 'full'));
    await keeper.save();
    await keeper.save();
    await keeper.save();
    expect(append).toHaveBeenCalledTimes(2);
  });
});

describe('the end of a past attempt', () => {
  const attempt = (...steps: readonly object[]): Attempt =>
    ({ id: 1, startedAt: '', link: 'usb', sn: '07', outcome: 'failed', steps }) as unknown as Attempt;
  const ended = (...steps: readonly object[]): unknown => pastAttempts([attempt(...steps)], [], [])[0]?.failure;
  const failure = (code: string, statusWord?: number) => ({ step: 'failure', at: '', failure: { code, statusWord } });
  const notImported = { step: 'not-imported', at: '' };

  it.each([
    ['the failure', [failure('link-timeout')], { code: 'link-timeout' }],
    [
      'the loss of the unit, also if it has no receipt later',
      [failure('device-lost'), notImported],
      { code: 'device-lost' },
    ],
    ['that no receipt was found, if the load was interrupted', [notImported], { code: 'no-receipt' }],
    ['the status word of the import', [failure('status-word', 0x6581), notImported], { code: 'status-word' }],
    [
      'the failure before a reload without a session',
      [failure('receipt-refused'), failure('not-signed-in')],
      { code: 'receipt-refused' },
    ],
    ['nothing after a verdict', [failure('device-lost'), { step: 'verify', at: '' }], undefined],
  ])('is %s', (_, steps, code) => {
    if (code) expect(ended(...steps)).toMatchObject(code);
    else expect(ended(...steps)).toBeUndefined();
  });
});
