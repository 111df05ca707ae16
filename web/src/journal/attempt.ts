// The journal's records of one attempt to load a key, and the rule that computes the outcome from
// its steps (docs/protocol.md clauses 4.5 and 4.2). Never contains a key, DATA or R: a key appears
// as KCV and version.
import { isRefusal } from '#protocol/apdu/status-word.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { Verdict } from '#protocol/provisioning/key-source.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';

/** Written once, when the attempt begins. Bytes are upper-case hex. */
export interface NewAttempt {
  readonly link: 'usb' | 'serial';
  /** 32 hex digits. */
  readonly sn: string;
  readonly set: number;
  readonly tkv: number;
  readonly profile: 'shared' | 'diversified';
  readonly ref1: number;
  readonly ref2: number;
  readonly keyLabel: string;
  /** Version and KCV of the chosen key, from the key list of the AS. */
  readonly akv: number;
  /** 10 hex digits. */
  readonly kcv: string;
  readonly operator: string;
  /** Name of the AS, for example its origin. */
  readonly service: string;
  readonly demo: boolean;
  readonly workOrder?: string;
  /** Number of the work order's chain in this journal. */
  readonly order?: number;
  /** Reason for exporting a key to this unit again. */
  readonly reason?: string;
  readonly idempotencyKey: string;
}

export interface AttemptRecord extends NewAttempt {
  /** Rises by one with each attempt of this station, independently of its clock. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** The end of an attempt without a verdict. */
export interface Failure {
  readonly code: ErrorCode;
  /** Present if `code` is 'status-word'. */
  readonly statusWord?: number;
  readonly command?: string;
  /** For engineers: the field and the clause that a unit violates. */
  readonly detail?: string;
  /** About the file that the operator opened, in place of the message of the code. */
  readonly message?: { readonly remedy: string; readonly title: string };
}

/**
 * `intended` is on disk before the unit or the AS may change, except for an import that its export
 * announces (`thenImport`). `confirmed` is written after the change.
 */
export type StepBody =
  | { readonly step: 'challenge'; readonly state: 'intended'; readonly suite: number }
  /**
   * `thenImport`: the page imports the key without a further write, so that the key may be in the
   * unit even if this is the last step on disk (docs/adr/0041).
   */
  | { readonly step: 'export'; readonly state: 'intended'; readonly suite: number; readonly thenImport?: true }
  | { readonly step: 'export'; readonly state: 'confirmed'; readonly export: ExportSummary }
  | { readonly step: 'import'; readonly state: 'intended' }
  | { readonly step: 'import'; readonly state: 'confirmed'; readonly receipt: Uint8Array }
  /** A token gives no verdict. */
  | { readonly step: 'verify'; readonly state: 'confirmed'; readonly verdict?: string; readonly time: string }
  | { readonly step: 'not-imported'; readonly state: 'confirmed' } // as GET RECEIPT shows
  | { readonly step: 'failure'; readonly state: 'confirmed'; readonly failure: Failure }
  | { readonly step: 'interruption'; readonly state: 'confirmed' }; // the page closed or crashed

export type StepEntry = StepBody & {
  readonly attempt: number;
  /** From 0. */
  readonly index: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** JSON text of the signed audit head that the AS sent with this step. */
  readonly auditHead?: string;
};

/**
 * running     neither a verdict nor a failure yet
 * done        the key is in the unit, and the AS has verified the receipt
 * unverified  the receipt says that the key is in the unit, but the AS has not verified it yet
 * unknown     the key may be in the unit, so the attempt needs to be settled
 * failed      the key is not in the unit, and the slot is unchanged
 */
export type Outcome = 'running' | 'done' | 'unverified' | 'unknown' | 'failed';

export interface Attempt extends AttemptRecord {
  readonly steps: readonly StepEntry[];
  readonly outcome: Outcome;
}

/** Returns the journal entry for a step of provision() or settle(). */
export function entryOf(step: Step): StepBody {
  switch (step.step) {
    case 'challenge':
      return { step: 'challenge', state: 'intended', suite: step.suite };
    case 'export-intended':
      return { step: 'export', state: 'intended', suite: step.suite };
    case 'exported':
      return { step: 'export', state: 'confirmed', export: step.export };
    case 'import-intended':
      return { step: 'import', state: 'intended' };
    case 'imported':
      return { step: 'import', state: 'confirmed', receipt: step.receiptBytes };
    case 'verified':
      return { step: 'verify', state: 'confirmed', ...verdictOf(step.verdict) };
  }
}

function verdictOf({ time, envelope }: Verdict) {
  return envelope === undefined ? { time } : { time, verdict: envelope };
}

/** Returns the outcome that the steps of one attempt, in order, prove. */
export function outcomeOf(steps: readonly StepBody[]): Outcome {
  const has = (step: StepBody['step'], state: StepBody['state']): boolean =>
    steps.some((entry) => entry.step === step && entry.state === state);
  if (has('verify', 'confirmed')) return 'done';
  if (has('not-imported', 'confirmed')) return 'failed';
  if (!has('failure', 'confirmed') && !has('interruption', 'confirmed')) return 'running';
  if (has('import', 'confirmed')) return 'unverified';
  if (!has('import', 'intended') && !mayBeImporting(steps)) return 'failed';
  return steps.some((entry) => entry.step === 'failure' && isImportRefusal(entry.failure)) ? 'failed' : 'unknown';
}

/**
 * True iff the page was interrupted after it announced an import. The journal then does not show
 * whether the AS's answer reached the unit. Without an interruption, the page records it.
 */
function mayBeImporting(steps: readonly StepBody[]): boolean {
  const end = steps.find(({ step }) => step === 'failure' || step === 'interruption');
  return end?.step === 'interruption' && steps.some((entry) => 'thenImport' in entry);
}

/** After any other failure of an import only the receipt shows the outcome. */
function isImportRefusal({ command, statusWord }: Failure): boolean {
  return command === 'IMPORTKEY' && statusWord !== undefined && isRefusal(statusWord);
}
