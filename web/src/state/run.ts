// One attempt, from Load to its ending, and the settling of one whose ending stayed open. Each step is on disk before the next one is
// asked for, so that the journal tells the truth whenever the page goes away. Knows nothing of the page.
import { toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Device } from '#protocol/provisioning/device.ts';
import { provision, settle } from '#protocol/provisioning/provision.ts';
import type { ExportSummary, Order, Step } from '#protocol/provisioning/step.ts';
import { type Attempt, entryOf, type NewAttempt, type Outcome } from '../store/attempt.ts';
import type { Journal } from '../store/journal.ts';
import { type Failure, failureOf } from './failure.ts';
import type { AsAccount } from './session.svelte.ts';
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
  | { readonly is: 'done'; readonly loaded: Loaded; readonly time: string }
  | { readonly is: 'failed'; readonly failure: Failure; readonly stage: Stage }
  | { readonly is: 'unverified'; readonly failure: Failure; readonly attempt: number; readonly loaded?: Loaded }
  | { readonly is: 'unknown'; readonly failure: Failure; readonly attempt: number };

interface Parts {
  readonly source: AsAccount;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'get'>;
  readonly onStage?: (stage: Stage) => void;
  /** Asked before each step up to the import, which cannot be stopped. */
  readonly isStopped?: () => boolean;
}

/** Never rejects for an expected failure. */
export async function load(parts: Parts, device: Device, attempt: NewAttempt, order: Order): Promise<Ending> {
  let id: number;
  try {
    id = await parts.journal.begin(attempt);
  } catch (error) {
    return { is: 'failed', failure: failureOf(error), stage: 'identity' };
  }
  return await follow(parts, provision(parts.source, device, order), {
    attempt: id,
    outcome: 'failed',
    stage: 'identity',
  });
}

/** An unknown outcome needs the unit; an unverified receipt needs only the AS. Never rejects for an expected failure. */
export async function settleAttempt(parts: Parts, device: Device | undefined, attempt: Attempt): Promise<Ending> {
  const { id, outcome } = attempt;
  const summary = attempt.steps.find((entry) => entry.step === 'import' && entry.state === 'intended');
  const imported = attempt.steps.find((entry) => entry.step === 'import' && entry.state === 'confirmed');
  if (summary?.step !== 'import' || summary.state !== 'intended')
    throw new TypeError(`attempt ${id} has no import to settle`);
  if (imported?.step === 'import' && imported.state === 'confirmed') {
    const loaded = { ref2: attempt.ref2, akv: attempt.akv, kcv: attempt.kcv };
    const steps = verifyAgain(parts.source, summary.export, imported.receipt);
    return await follow(parts, steps, { attempt: id, outcome, stage: 'receipt', loaded });
  }
  if (!device) return { is: 'unknown', failure: { code: 'device-lost' }, attempt: id };
  return await follow(parts, settle(parts.source, device, summary.export), { attempt: id, outcome, stage: 'import' });
}

async function* verifyAgain(
  source: AsAccount,
  { exportId, dataHash }: ExportSummary,
  receipt: Uint8Array,
): AsyncGenerator<Step, void, void> {
  yield { step: 'verified', verdict: await source.verifyReceipt(exportId, receipt, dataHash) };
}

/** What is true so far, whatever the journal could still write. */
interface Known {
  readonly attempt: number;
  outcome: Outcome;
  stage: Stage;
  loaded?: Loaded;
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
      await parts.journal.append(known.attempt, entryOf(step), headWith(step, parts.source));
      if (step.step === 'verified' && known.loaded)
        return { is: 'done', loaded: known.loaded, time: step.verdict.time };
      if (step.step === 'import-intended') known.outcome = 'unknown';
      known.stage = STAGE_AFTER[step.step];
      parts.onStage?.(known.stage);
    }
  } catch (error) {
    return await fail(parts.journal, known, failureOf(error));
  }
  throw new TypeError('the flow ended without a verdict');
}

/** The signed head of the AS's log came with these two answers. */
function headWith(step: Step, source: AsAccount): string | undefined {
  return step.step === 'exported' || step.step === 'verified' ? source.auditHead?.envelope : undefined;
}

/** The journal has the last word on the outcome; where it cannot be written or read, what is known without it counts. */
async function fail(journal: Parts['journal'], known: Known, failure: Failure): Promise<Ending> {
  const { attempt, loaded, stage } = known;
  let { outcome } = known;
  try {
    const isNotIn = failure.code === 'no-receipt';
    await journal.append(
      attempt,
      isNotIn ? { step: 'not-imported', state: 'confirmed' } : { step: 'failure', state: 'confirmed', failure },
    );
    outcome = (await journal.get(attempt))?.outcome ?? outcome;
  } catch (error) {
    failureOf(error);
  }
  if (outcome === 'unknown') return { is: outcome, failure, attempt };
  if (outcome === 'unverified') return { is: outcome, failure, attempt, ...(loaded ? { loaded } : {}) };
  return { is: 'failed', failure, stage };
}
