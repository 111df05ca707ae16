// One attempt against a unit and an AS in the same process, and against a journal whose writes the
// test watches and delays: what each write contains, and which step waits for which write.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { type AttachedUnit, attach } from '#protocol/provisioning/attached-unit.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { ATTEMPT } from '#test/unit/web/journal/records.ts';
import { type Attempt, outcomeOf, type StepBody, type StepEntry } from '#web/journal/attempt.ts';
import type { WriteOptions } from '#web/journal/journal.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import type { LoadSource } from '#web/state/session/semaphore.ts';
import { type LoadStatus, load, settleAttempt } from '#web/state/station/load-attempt.ts';
import { cable, createAccount, IMPORTKEY, SETS } from './station-fixture.ts';

const ID = 7;
const HEAD = '{"head":1}';

/** A journal that stores the writes. The write that `blockedBy` selects waits until release(). */
function createJournal(blockedBy: (steps: readonly StepBody[]) => boolean = () => false) {
  const writes: { steps: readonly StepBody[]; options: WriteOptions }[] = [];
  let reach = (): void => undefined;
  let release = (): void => undefined;
  const blocked = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let denied: ProtocolError | undefined;
  const write = async (steps: readonly StepBody[], options: WriteOptions): Promise<void> => {
    if (denied) throw denied;
    writes.push({ steps, options });
    if (!blockedBy(steps)) return;
    reach();
    await released;
  };
  return {
    writes,
    blocked,
    release,
    /** Refuses all further writes. */
    deny: () => {
      denied = new ProtocolError('journal-full', 'no room');
    },
    journal: {
      begin: async (_attempt: unknown, steps: readonly StepBody[] = [], options: WriteOptions = {}) => {
        await write(steps, options);
        return ID;
      },
      append: async (_id: number, steps: StepBody | readonly StepBody[], options: WriteOptions = {}) =>
        await write([steps].flat() as readonly StepBody[], options),
      flush: () => undefined,
    },
    /** The attempt as the journal lists it, without the last `dropped` writes. */
    attempt(dropped = 0): Attempt {
      const steps = writes.slice(0, writes.length - dropped).flatMap((each) => each.steps);
      const outcome = outcomeOf(steps);
      const entries = steps.map((step, index) => ({ ...step, attempt: ID, index, at: '' }) as StepEntry);
      return { ...UNIT_ATTEMPT, id: ID, startedAt: '', steps: entries, outcome };
    },
  };
}

const UNIT_ATTEMPT = { ...ATTEMPT, sn: '00000000000000004549000000000007', ref1: 1, ref2: 2, akv: 5, kcv: '' };

const isStep =
  (step: StepBody['step'], state: StepBody['state']) =>
  (steps: readonly StepBody[]): boolean =>
    steps.some((entry) => entry.step === step && entry.state === state);

const namesOf = (steps: readonly StepBody[]): readonly string[] => steps.map(({ step, state }) => `${step} ${state}`);

async function setUp(blockedBy?: (steps: readonly StepBody[]) => boolean) {
  const wire = cable();
  const { transmit } = await wire.link(1).open();
  const device = await attach(transmit);
  const account = createAccount(SETS);
  const recorded = createJournal(blockedBy);
  const statuses: LoadStatus[] = [];
  const row = (status: LoadStatus): UnitRow => {
    statuses.push(status);
    return { row: statuses.length } as unknown as UnitRow;
  };
  const { ref1, ref2, idempotencyKey } = UNIT_ATTEMPT;
  const request: LoadRequest = { ref1, ref2, idempotencyKey, suites: [1, 2], sign: false };
  const begin = (source: LoadSource = account) =>
    load({ source, journal: recorded.journal, row }, device, UNIT_ATTEMPT, request);
  const settle = (attempt: Attempt, unit: AttachedUnit | undefined) =>
    settleAttempt({ source: account, journal: recorded.journal }, unit, attempt);
  return { wire, account, recorded, statuses, device, request, begin, settle };
}

/** Presents the AS as a vault or a card that has no recall. */
function withoutRecall({ exportKey, verifyReceipt }: LoadSource): LoadSource {
  return { exportKey, verifyReceipt, auditHead: undefined };
}

/** Resolves when everything that does not wait for the blocked write has run. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('the journal of a load', () => {
  it('has four writes: the row with the first and the last, the audit head with the last', async () => {
    const { recorded, statuses, begin } = await setUp();
    expect(await begin()).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 }, signed: true });
    expect(recorded.writes.map(({ steps, options }) => [namesOf(steps), options])).toEqual([
      [['challenge intended', 'export intended'], { unit: { row: 1 } }],
      [['export confirmed', 'import intended'], { urgency: 'soon' }],
      [['import confirmed'], { urgency: 'report' }],
      [['verify confirmed'], { auditHead: HEAD, unit: { row: 2 } }],
    ]);
    expect(statuses).toEqual([
      { outcome: 'running', stage: 'identity' },
      { outcome: 'done', stage: 'receipt' },
    ]);
  });

  it('announces the import only if the AS can recall the export', async () => {
    const announced = async (isRecalling: boolean) => {
      const { account, recorded, begin } = await setUp();
      expect(await begin(isRecalling ? account : withoutRecall(account))).toMatchObject({ is: 'done' });
      return recorded.writes[0]?.steps[1];
    };
    expect(await announced(true)).toEqual({ step: 'export', state: 'intended', suite: 1, thenImport: true });
    expect(await announced(false)).toEqual({ step: 'export', state: 'intended', suite: 1 });
  });

  it('has the failure, the row and no audit head if the AS made no export', async () => {
    const { account, recorded, statuses, begin } = await setUp();
    account.refuse('exportKey', 'service-unreachable');
    const failure = { code: 'service-unreachable' };
    expect(await begin()).toEqual({ is: 'failed', failure, stage: 'export' });
    expect(recorded.writes.at(-1)).toEqual({
      steps: [{ step: 'failure', state: 'confirmed', failure }],
      options: { auditHead: undefined, unit: { row: 2 } },
    });
    expect(statuses.at(-1)).toEqual({ outcome: 'failed', failure, stage: 'export' });
  });

  it('has the audit head with a failure after the export', async () => {
    const { account, wire, recorded, statuses, begin } = await setUp();
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6988 };
    expect(await begin()).toMatchObject({ is: 'failed', stage: 'import' });
    expect(recorded.writes.at(-1)?.options).toMatchObject({ auditHead: HEAD });
    expect(statuses.at(-1)).toMatchObject({ outcome: 'failed', stage: 'import' });
    expect(account.auditHead?.envelope).toBe(HEAD);
  });

  it('has only the failure of a load that was stopped while the AS answered', async () => {
    const { wire, account, recorded, device, request } = await setUp();
    let isStopped = false;
    const exportKey: LoadSource['exportKey'] = async (exported) => {
      isStopped = true;
      return await account.exportKey(exported);
    };
    const options = { source: { ...account, exportKey }, journal: recorded.journal, isStopped: () => isStopped };
    const ending = await load(options, device, UNIT_ATTEMPT, request);
    expect(ending).toEqual({ is: 'failed', failure: { code: 'cancelled' }, stage: 'export' });
    expect(wire.commands).not.toContain(IMPORTKEY);
    expect(namesOf(recorded.attempt().steps)).toEqual(['challenge intended', 'export intended', 'failure confirmed']);
  });
});

describe('a step of a load', () => {
  it('that makes an export waits for the entry which announces it', async () => {
    const { account, recorded, begin } = await setUp(isStep('export', 'intended'));
    let exports = 0;
    const exportKey: LoadSource['exportKey'] = async (request) => {
      exports++;
      return await account.exportKey(request);
    };
    const ending = begin({ ...account, exportKey });
    await recorded.blocked;
    await idle();
    expect(exports).toBe(0);
    recorded.release();
    expect(await ending).toMatchObject({ is: 'done' });
    expect(exports).toBe(1);
  });

  it.each([
    ['overlaps with its entry', true],
    ['waits for its entry if the AS cannot recall the export', false],
  ])('that imports a key %s', async (_, isRecalling) => {
    const { wire, account, recorded, begin } = await setUp(isStep('import', 'intended'));
    const ending = begin(isRecalling ? account : withoutRecall(account));
    await recorded.blocked;
    await idle();
    expect(wire.commands.includes(IMPORTKEY)).toBe(isRecalling);
    recorded.release();
    expect(await ending).toMatchObject({ is: 'done' });
  });

  it('that ends the load waits until the verdict is on disk', async () => {
    const { recorded, begin } = await setUp(isStep('verify', 'confirmed'));
    let isEnded = false;
    const ending = begin().then((ended) => {
      isEnded = true;
      return ended;
    });
    await recorded.blocked;
    await idle();
    expect(isEnded).toBe(false);
    recorded.release();
    expect(await ending).toMatchObject({ is: 'done' });
  });
});

describe('a load whose journal takes no further entry', () => {
  it.each([
    ['before the import', 'exportKey', { is: 'failed', stage: 'export' }],
    ['after the import', 'verifyReceipt', { is: 'unverified', loaded: { ref2: 2, akv: 5 } }],
  ] as const)('%s ends as this page has seen it', async (_, call, ending) => {
    const { account, recorded, begin } = await setUp();
    const source = withoutRecall(account);
    const deny = { exportKey: source.exportKey, verifyReceipt: source.verifyReceipt };
    deny.exportKey = async (request) => {
      if (call === 'exportKey') recorded.deny();
      return await source.exportKey(request);
    };
    deny.verifyReceipt = async (...receipt) => {
      if (call === 'verifyReceipt') recorded.deny();
      return await source.verifyReceipt(...receipt);
    };
    expect(await begin({ ...source, ...deny })).toMatchObject({ ...ending, failure: { code: 'journal-full' } });
  });
});

it('a load whose journal takes no further entry during the import is unknown if the answer is lost', async () => {
  const { wire, account, recorded, begin } = await setUp();
  wire.beforeCommand = async (ins) => {
    if (ins === IMPORTKEY) recorded.deny();
  };
  wire.cut = { ins: IMPORTKEY, when: 'silence' };
  expect(await begin(withoutRecall(account))).toEqual({
    ...{ is: 'unknown', failure: { code: 'link-timeout' }, attempt: ID },
  });
});

describe('an attempt to settle', () => {
  /** An attempt that ended at `ins`, and the journal, unit and AS that it left. */
  async function cutAt(ins: number) {
    const bench = await setUp();
    bench.wire.cut = { ins, when: 'after' };
    const ending = await bench.begin();
    bench.wire.cut = undefined;
    const { transmit } = await bench.wire.link(3).open();
    return { ...bench, ending, device: await attach(transmit) };
  }

  it('needs the unit, without which its outcome remains unknown', async () => {
    const { recorded, settle, device, ending } = await cutAt(IMPORTKEY);
    expect(ending).toMatchObject({ is: 'unknown', failure: { code: 'device-lost' }, attempt: ID });
    const writes = recorded.writes.length;
    const lost = { is: 'unknown', failure: { code: 'device-lost' }, attempt: ID };
    expect(await settle(recorded.attempt(), undefined)).toEqual(lost);
    expect(await settle(recorded.attempt(2), undefined)).toEqual(lost);
    expect(recorded.writes).toHaveLength(writes + 1); // the second attempt was running
    expect(await settle(recorded.attempt(1), device)).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
  });

  it('that the journal lists as running is first recorded as interrupted', async () => {
    const { recorded, settle, device } = await cutAt(IMPORTKEY);
    const attempt = recorded.attempt(1); // without the failure
    expect(attempt.outcome).toBe('running');
    recorded.writes.splice(0);
    expect(await settle(attempt, device)).toMatchObject({ is: 'done' });
    expect(recorded.writes.map(({ steps }) => namesOf(steps))).toEqual([
      ['interruption confirmed'],
      ['import confirmed'],
      ['verify confirmed'],
    ]);
  });

  it('that has ended is not recorded as interrupted', async () => {
    const { recorded, settle, device } = await cutAt(IMPORTKEY);
    const attempt = recorded.attempt();
    recorded.writes.splice(0);
    expect(await settle(attempt, device)).toMatchObject({ is: 'done' });
    expect(recorded.writes.map(({ steps }) => namesOf(steps))).toEqual([['import confirmed'], ['verify confirmed']]);
  });

  it('has failed in the import if the unit has no receipt of it', async () => {
    const bench = await setUp();
    bench.wire.cut = { ins: IMPORTKEY, when: 'before' };
    await bench.begin();
    bench.wire.cut = undefined;
    const device = await attach((await bench.wire.link(3).open()).transmit);
    const failed = { is: 'failed', failure: { code: 'no-receipt' }, stage: 'import' };
    expect(await bench.settle(bench.recorded.attempt(), device)).toMatchObject(failed);
    expect(namesOf(bench.recorded.writes.at(-1)?.steps ?? [])).toEqual(['not-imported confirmed']);
    expect(await bench.settle(bench.recorded.attempt(3), device)).toMatchObject(failed);
  });

  it('has the unit answer first, and then the AS, if the export is not in the journal', async () => {
    const { recorded, settle, device } = await cutAt(IMPORTKEY);
    const attempt = recorded.attempt(2); // challenge and export request only
    recorded.writes.splice(0);
    expect(await settle(attempt, device)).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(recorded.writes.map(({ steps }) => namesOf(steps))).toEqual([
      ['interruption confirmed'],
      ['export confirmed', 'import confirmed'],
      ['verify confirmed'],
    ]);
  });

  it('needs only the AS for a receipt in the journal, and keeps what the receipt states if the AS fails', async () => {
    const { account, recorded, begin, settle, wire } = await setUp();
    account.refuse('verifyReceipt', 'service-unreachable');
    const failure = { code: 'service-unreachable' };
    const ending = await begin();
    expect(ending).toMatchObject({ is: 'unverified', failure, attempt: ID, loaded: { ref2: 2 } });
    const attempt = { ...recorded.attempt(), kcv: 'loaded' in ending ? (ending.loaded?.kcv ?? '') : '' };
    expect(attempt.kcv).toMatch(/^[0-9A-F]{10}$/);
    const commands = wire.commands.length;
    account.refuse('verifyReceipt', 'service-timeout');
    const loaded = { ref2: 2, akv: 5, kcv: attempt.kcv };
    expect(await settle(attempt, undefined)).toEqual({
      ...{ is: 'unverified', failure: { code: 'service-timeout' }, attempt: ID, loaded },
    });
    expect(await settle(attempt, undefined)).toMatchObject({ is: 'done', loaded, signed: true });
    expect(wire.commands).toHaveLength(commands);
  });

  it('is a bug if the page never requested an export in it', async () => {
    const { recorded, settle, device, begin, account } = await setUp();
    account.refuse('exportKey', 'service-unreachable');
    await begin();
    const attempt = recorded.attempt();
    const steps = attempt.steps.filter(({ step }) => step === 'challenge');
    await expect(settle({ ...attempt, steps }, device)).rejects.toThrow(TypeError);
  });
});
