// Runs one attempt from the start of the load to its ending, and settles an attempt whose outcome
// is not known. The journal records every intended change of the unit before the change, so that a
// crash of the page leaves no unrecorded change (docs/adr/0041).
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { AttachedUnit } from '#protocol/provisioning/attached-unit.ts';
import type { LoadRequest } from '#protocol/provisioning/load-request.ts';
import { provision, settle, settleByRecall } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';
import {
  type Attempt,
  entryOf,
  type NewAttempt,
  type Outcome,
  outcomeOf,
  type StepBody,
} from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LoadSource } from '../session/semaphore.ts';
import { AttemptLog } from './attempt-log.ts';
import type { Stage } from './stages.ts';

const STAGE_AFTER: Readonly<Record<Step['step'], Stage>> = {
  challenge: 'challenge',
  'export-intended': 'export',
  exported: 'export',
  'import-intended': 'import',
  imported: 'receipt',
  verified: 'receipt',
};

/** The key that the unit has stored, as its receipt states. */
export interface Loaded {
  readonly ref2: number;
  readonly akv: number;
  /** 10 hex digits. */
  readonly kcv: string;
}

export type Ending =
  /** `signed` is true if the AS signed its verdict. A vault or card does not sign verdicts. */
  | { readonly is: 'done'; readonly loaded: Loaded; readonly time: string; readonly signed: boolean }
  | { readonly is: 'failed'; readonly failure: Failure; readonly stage: Stage }
  | { readonly is: 'unverified'; readonly failure: Failure; readonly attempt: number; readonly loaded?: Loaded }
  | { readonly is: 'unknown'; readonly failure: Failure; readonly attempt: number };

/** Status of an attempt: the outcome that the journal proves, and the failure that ended it. */
export interface LoadStatus {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  /** The last stage that began. */
  readonly stage: Stage;
}

interface LoadOptions {
  readonly source: LoadSource;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush'>;
  readonly onStage?: (stage: Stage) => void;
  /**
   * Called before each step up to the import. Returns true to stop the load. The import cannot be
   * stopped.
   */
  readonly isStopped?: () => boolean;
  /**
   * Returns the unit's row in its work order. The journal writes the row in the same transaction as
   * the step.
   */
  readonly row?: ((status: LoadStatus) => UnitRow | undefined) | undefined;
}

/** Runs a new attempt. Returns an expected failure as the ending. Rejects only for a bug. */
export async function load(
  options: LoadOptions,
  device: AttachedUnit,
  attempt: NewAttempt,
  request: LoadRequest,
): Promise<Ending> {
  const log = new AttemptLog(options.journal, attempt);
  return await follow(options, provision(options.source, device, request), {
    log,
    outcome: 'failed',
    stage: 'identity',
  });
}

/**
 * Runs a load up to the request to the AS, but does not send the request. Returns the failure that
 * ended the rehearsal, or undefined.
 */
export async function rehearse(
  source: LoadSource,
  device: AttachedUnit,
  request: Omit<LoadRequest, 'idempotencyKey'>,
): Promise<Failure | undefined> {
  try {
    for await (const { step } of provision(source, device, { ...request, idempotencyKey: '' })) {
      if (step === 'export-intended') break;
    }
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

/**
 * Settles an attempt. An unknown outcome needs the attached unit, an unverified receipt only the
 * AS. Returns an expected failure as the ending. Rejects only for a bug.
 */
export async function settleAttempt(
  options: LoadOptions,
  device: AttachedUnit | undefined,
  attempt: Attempt,
): Promise<Ending> {
  const { id, outcome, steps } = attempt;
  const exported = steps.find((entry) => entry.step === 'export' && entry.state === 'confirmed');
  const imported = steps.find((entry) => entry.step === 'import' && entry.state === 'confirmed');
  const log = new AttemptLog(options.journal, id, steps);
  // The journal lists the attempt as running if this page could not write its ending. Only an ended
  // attempt can be settled, so the interruption is recorded first.
  if (outcome === 'running') log.write([{ step: 'interruption', state: 'confirmed' }]);
  if (exported?.step !== 'export' || exported.state !== 'confirmed')
    return await settleByRecallAttempt(options, device, attempt, log);
  if (imported?.step === 'import' && imported.state === 'confirmed') {
    const loaded = { ref2: attempt.ref2, akv: attempt.akv, kcv: attempt.kcv };
    const again = verifyAgain(options.source, exported.export, imported.receipt);
    return await follow(options, again, { log, outcome, stage: 'receipt', loaded });
  }
  if (!device) return { is: 'unknown', failure: { code: 'device-lost' }, attempt: id };
  return await follow(options, settle(options.source, device, exported.export), { log, outcome, stage: 'import' });
}

/** Settles an attempt that was interrupted before the answer of the AS was on disk. */
async function settleByRecallAttempt(
  options: LoadOptions,
  device: AttachedUnit | undefined,
  { id, outcome, steps, sn, tkv, ref1, ref2, idempotencyKey }: Attempt,
  log: AttemptLog,
): Promise<Ending> {
  const intended = steps.find((entry) => entry.step === 'export' && entry.state === 'intended');
  if (intended?.step !== 'export' || intended.state !== 'intended')
    throw new TypeError(`attempt ${id} has no import to settle`);
  if (!device) return { is: 'unknown', failure: { code: 'device-lost' }, attempt: id };
  const intent = { sn: fromHex(sn), tkv, suite: intended.suite, ref1, ref2, idempotencyKey };
  const found = settleByRecall(options.source, device, intent);
  return await follow(options, found, { log, outcome: outcome === 'running' ? 'unknown' : outcome, stage: 'import' });
}

async function* verifyAgain(
  source: LoadSource,
  { exportId, dataHash }: ExportSummary,
  receipt: Uint8Array,
): AsyncGenerator<Step, void, void> {
  yield { step: 'verified', verdict: await source.verifyReceipt(exportId, receipt, dataHash) };
}

/** Progress of a load. It is in memory, so it is correct even if the journal cannot be written. */
interface LoadProgress {
  readonly log: AttemptLog;
  outcome: Outcome;
  stage: Stage;
  loaded?: Loaded;
  /** The answer of the AS, to be written together with the next step. */
  pending?: StepBody;
}

async function follow(
  options: LoadOptions,
  steps: AsyncGenerator<Step, void, void>,
  progress: LoadProgress,
): Promise<Ending> {
  try {
    for await (const step of steps) {
      if (step.step === 'imported') {
        const { ref2, akv, kcv } = step.receipt;
        progress.loaded = { ref2, akv, kcv: toHex(kcv.value) };
        progress.outcome = 'unverified';
      } else if (step.step !== 'verified' && options.isStopped?.()) {
        throw new ProtocolError('cancelled', `stopped before ${step.step}`);
      }
      await record(options, step, progress);
      if (step.step === 'verified' && progress.loaded) {
        const { time, envelope } = step.verdict;
        return { is: 'done', loaded: progress.loaded, time, signed: envelope !== undefined };
      }
      progress.stage = STAGE_AFTER[step.step];
      options.onStage?.(progress.stage);
    }
  } catch (error) {
    return await fail(options, progress, failureOf(error));
  }
  throw new TypeError('the flow ended without a verdict');
}

/** Writes a step to the journal. Resolves when the load may continue. */
async function record({ row, source }: LoadOptions, step: Step, progress: LoadProgress): Promise<void> {
  const { log } = progress;
  const entry = entryOf(step);
  switch (step.step) {
    case 'challenge': {
      // The challenge and the intended export share one write, because a challenge alone changes
      // nothing.
      const intended = { step: 'export', state: 'intended', suite: step.suite } as const;
      const thenImport = source.recallExport ? { thenImport: true as const } : {};
      return log.write([entry, { ...intended, ...thenImport }], {
        unit: row?.({ outcome: 'running', stage: progress.stage }),
      });
    }
    case 'export-intended':
      return await log.settled();
    case 'exported':
      progress.pending = entry;
      return;
    case 'import-intended':
      log.write(takePending(progress, entry), { urgency: 'soon' }); // the write overlaps with the import
      // If the AS supports recall, a later page can settle this import even without this entry
      // (docs/adr/0041).
      if (!source.recallExport) await log.settled();
      progress.outcome = 'unknown';
      return;
    case 'imported':
      return log.write(takePending(progress, entry), { urgency: 'report' }); // the write overlaps with the verification
    case 'verified':
      log.write([entry], {
        auditHead: source.auditHead?.envelope,
        unit: row?.({ outcome: 'done', stage: progress.stage }),
      });
      return await log.settled();
  }
}

function takePending(progress: LoadProgress, entry: StepBody): readonly StepBody[] {
  const { pending } = progress;
  delete progress.pending;
  return pending ? [pending, entry] : [entry];
}

/**
 * Writes the failure and returns the ending. Computes the outcome from the steps. If they cannot be
 * written, takes the outcome from `progress`.
 */
async function fail({ source, row }: LoadOptions, progress: LoadProgress, failure: Failure): Promise<Ending> {
  const { log, loaded, stage } = progress;
  const ended: StepBody =
    failure.code === 'no-receipt'
      ? { step: 'not-imported', state: 'confirmed' }
      : { step: 'failure', state: 'confirmed', failure };
  const steps = takePending(progress, ended);
  const isExported = [...log.steps, ...steps].some(({ step, state }) => step === 'export' && state === 'confirmed');
  const proven = outcomeOf([...log.steps, ...steps]);
  log.write(steps, {
    auditHead: isExported ? source.auditHead?.envelope : undefined,
    unit: row?.({ outcome: proven, failure, stage }),
  });
  let { outcome } = progress;
  try {
    await log.settled();
    outcome = proven;
  } catch (error) {
    failureOf(error);
  }
  const attempt = await log.id();
  if (attempt !== undefined && outcome === 'unknown') return { is: outcome, failure, attempt };
  if (attempt !== undefined && outcome === 'unverified') {
    return { is: outcome, failure, attempt, ...(loaded ? { loaded } : {}) };
  }
  return { is: 'failed', failure, stage };
}
