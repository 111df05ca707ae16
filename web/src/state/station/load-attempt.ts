// One attempt, from Load to its ending, and the settling of one whose ending stayed open. What may come of it is on disk before the AS is asked, so that
// the journal tells the truth whenever the page goes away. Knows nothing of the page.
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Device } from '#protocol/provisioning/device.ts';
import { provision, settle, settleByRecall } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, LoadRequest, Step } from '#protocol/provisioning/step.ts';
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
import type { Asked } from '../session/concurrency-limit.ts';
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

/** The key that went in, as the receipt names it. */
export interface Loaded {
  readonly ref2: number;
  readonly akv: number;
  /** 10 hex digits. */
  readonly kcv: string;
}

export type Ending =
  /** `signed`: the AS gave its word in writing; a vault or a card verifies only. */
  | { readonly is: 'done'; readonly loaded: Loaded; readonly time: string; readonly signed: boolean }
  | { readonly is: 'failed'; readonly failure: Failure; readonly stage: Stage }
  | { readonly is: 'unverified'; readonly failure: Failure; readonly attempt: number; readonly loaded?: Loaded }
  | { readonly is: 'unknown'; readonly failure: Failure; readonly attempt: number };

/** How an attempt stands: what the journal proves, and the failure that ended it. */
export interface LoadStatus {
  readonly outcome: Outcome;
  readonly failure?: Failure;
  /** How far it came. */
  readonly stage: Stage;
}

interface Parts {
  readonly source: Asked;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush'>;
  readonly onStage?: (stage: Stage) => void;
  /** Asked before each step up to the import, which cannot be stopped. */
  readonly isStopped?: () => boolean;
  /** Where the unit then stands in its work order: written in the same breath. */
  readonly row?: ((standing: LoadStatus) => UnitRow | undefined) | undefined;
}

/** Never rejects for an expected failure. */
export async function load(parts: Parts, device: Device, attempt: NewAttempt, order: LoadRequest): Promise<Ending> {
  const log = new AttemptLog(parts.journal, attempt);
  return await follow(parts, provision(parts.source, device, order), { log, outcome: 'failed', stage: 'identity' });
}

/** Runs up to the question to the AS and leaves it unasked. What kept the unit from coming so far, or undefined. */
export async function rehearse(
  source: Asked,
  device: Device,
  order: Omit<LoadRequest, 'idempotencyKey'>,
): Promise<Failure | undefined> {
  try {
    for await (const { step } of provision(source, device, { ...order, idempotencyKey: '' })) {
      if (step === 'export-intended') break;
    }
    return undefined;
  } catch (error) {
    return failureOf(error);
  }
}

/** An unknown outcome needs the unit; an unverified receipt needs only the AS. Never rejects for an expected failure. */
export async function settleAttempt(parts: Parts, device: Device | undefined, attempt: Attempt): Promise<Ending> {
  const { id, outcome, steps } = attempt;
  const exported = steps.find((entry) => entry.step === 'export' && entry.state === 'confirmed');
  const imported = steps.find((entry) => entry.step === 'import' && entry.state === 'confirmed');
  const log = new AttemptLog(parts.journal, id, steps);
  // This page went on when it could write no more: from here on its attempt is one that was cut off, whatever else becomes of it.
  if (outcome === 'running') log.write([{ step: 'interruption', state: 'confirmed' }]);
  if (exported?.step !== 'export' || exported.state !== 'confirmed')
    return await settleUnheardAttempt(parts, device, attempt, log);
  if (imported?.step === 'import' && imported.state === 'confirmed') {
    const loaded = { ref2: attempt.ref2, akv: attempt.akv, kcv: attempt.kcv };
    const again = verifyAgain(parts.source, exported.export, imported.receipt);
    return await follow(parts, again, { log, outcome, stage: 'receipt', loaded });
  }
  if (!device) return { is: 'unknown', failure: { code: 'device-lost' }, attempt: id };
  return await follow(parts, settle(parts.source, device, exported.export), { log, outcome, stage: 'import' });
}

/** The page went away before it had the AS's answer on disk. */
async function settleUnheardAttempt(
  parts: Parts,
  device: Device | undefined,
  { id, outcome, steps, sn, tkv, ref1, ref2, idempotencyKey }: Attempt,
  log: AttemptLog,
): Promise<Ending> {
  const intended = steps.find((entry) => entry.step === 'export' && entry.state === 'intended');
  if (intended?.step !== 'export' || intended.state !== 'intended')
    throw new TypeError(`attempt ${id} has no import to settle`);
  if (!device) return { is: 'unknown', failure: { code: 'device-lost' }, attempt: id };
  const intent = { sn: fromHex(sn), tkv, suite: intended.suite, ref1, ref2, idempotencyKey };
  const found = settleByRecall(parts.source, device, intent);
  return await follow(parts, found, { log, outcome: outcome === 'running' ? 'unknown' : outcome, stage: 'import' });
}

async function* verifyAgain(
  source: Asked,
  { exportId, dataHash }: ExportSummary,
  receipt: Uint8Array,
): AsyncGenerator<Step, void, void> {
  yield { step: 'verified', verdict: await source.verifyReceipt(exportId, receipt, dataHash) };
}

/** What is true so far, whatever the journal could still write. */
interface Known {
  readonly log: AttemptLog;
  outcome: Outcome;
  stage: Stage;
  loaded?: Loaded;
  /** The AS's answer, written together with what follows it. */
  held?: StepBody;
}

async function follow(parts: Parts, steps: AsyncGenerator<Step, void, void>, known: Known): Promise<Ending> {
  try {
    for await (const step of steps) {
      if (step.step === 'imported') {
        const { ref2, akv, kcv } = step.receipt;
        known.loaded = { ref2, akv, kcv: toHex(kcv.value) };
        known.outcome = 'unverified';
      } else if (step.step !== 'verified' && parts.isStopped?.()) {
        throw new ProtocolError('cancelled', `stopped before ${step.step}`);
      }
      await record(parts, step, known);
      if (step.step === 'verified' && known.loaded) {
        const { time, envelope } = step.verdict;
        return { is: 'done', loaded: known.loaded, time, signed: envelope !== undefined };
      }
      known.stage = STAGE_AFTER[step.step];
      parts.onStage?.(known.stage);
    }
  } catch (error) {
    return await fail(parts, known, failureOf(error));
  }
  throw new TypeError('the flow ended without a verdict');
}

/** Comes back when the next step may be taken. */
async function record({ row, source }: Parts, step: Step, known: Known): Promise<void> {
  const { log } = known;
  const entry = entryOf(step);
  switch (step.step) {
    case 'challenge': {
      // Both are on disk before the AS is asked; a challenge alone changes nothing, and the unit need not wait for it.
      const intended = { step: 'export', state: 'intended', suite: step.suite } as const;
      const thenImport = source.recallExport ? { thenImport: true as const } : {};
      return log.write([entry, { ...intended, ...thenImport }], {
        unit: row?.({ outcome: 'running', stage: known.stage }),
      });
    }
    case 'export-intended':
      return await log.settled();
    case 'exported':
      known.held = entry;
      return;
    case 'import-intended':
      log.write(takePending(known, entry), { haste: 'soon' }); // while the unit imports
      // An AS that remembers what it exported is asked by the next page, should this one go away before it is on disk (ADR 0041).
      if (!source.recallExport) await log.settled();
      known.outcome = 'unknown';
      return;
    case 'imported':
      return log.write(takePending(known, entry), { haste: 'report' }); // while the AS looks at the receipt
    case 'verified':
      log.write([entry], {
        auditHead: source.auditHead?.envelope,
        unit: row?.({ outcome: 'done', stage: known.stage }),
      });
      return await log.settled();
  }
}

function takePending(known: Known, entry: StepBody): readonly StepBody[] {
  const { held } = known;
  delete known.held;
  return held ? [held, entry] : [entry];
}

/** The journal has the last word on the outcome; where it cannot be written, what is known without it counts. */
async function fail({ source, row }: Parts, known: Known, failure: Failure): Promise<Ending> {
  const { log, loaded, stage } = known;
  const ended: StepBody =
    failure.code === 'no-receipt'
      ? { step: 'not-imported', state: 'confirmed' }
      : { step: 'failure', state: 'confirmed', failure };
  const steps = takePending(known, ended);
  const isExported = [...log.steps, ...steps].some(({ step, state }) => step === 'export' && state === 'confirmed');
  const proven = outcomeOf([...log.steps, ...steps]);
  log.write(steps, {
    auditHead: isExported ? source.auditHead?.envelope : undefined,
    unit: row?.({ outcome: proven, failure, stage }),
  });
  let { outcome } = known;
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
