// The journal's records of one attempt to load a key, and the rule that computes the outcome from
// its steps (docs/protocol.md clauses 4.5 and 4.2). A record never contains a key, DATA or R. It
// identifies a key by KCV and version.
import { isRefusal } from '#protocol/apdu/status-word.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { Verdict } from '#protocol/provisioning/key-source.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';

/** What the journal stores when an attempt begins. Byte strings are upper-case hex. */
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
  /** Version of the chosen key, as the AS lists it. */
  readonly akv: number;
  /** KCV of the chosen key, as the AS lists it: 10 hex digits. */
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
  /**
   * Rises by one with each attempt of this station, so the sequence does not depend on the clock.
   */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** Why an attempt ended without a verdict. */
export interface Failure {
  readonly code: ErrorCode;
  /** Present if `code` is 'status-word'. */
  readonly statusWord?: number;
  readonly command?: string;
  /**
   * Detail for engineers, such as the field in which a unit breaks the protocol, and the clause that
   * defines the field.
   */
  readonly detail?: string;
  /**
   * Message about a file that the operator opened. If present, it is shown instead of the usual
   * message for `code`.
   */
  readonly message?: { readonly remedy: string; readonly title: string };
}

/**
 * An `intended` step is on disk before the page changes the unit or the AS. The exception is an
 * import that the export step announced with `thenImport`. A `confirmed` step is written after the
 * change.
 */
export type StepBody =
  | { readonly step: 'challenge'; readonly state: 'intended'; readonly suite: number }
  /**
   * With `thenImport` the page starts the import without waiting for another write. The key may
   * therefore be in the unit even if this step is the last on disk (docs/adr/0041).
   */
  | { readonly step: 'export'; readonly state: 'intended'; readonly suite: number; readonly thenImport?: true }
  | { readonly step: 'export'; readonly state: 'confirmed'; readonly export: ExportSummary }
  | { readonly step: 'import'; readonly state: 'intended' }
  | { readonly step: 'import'; readonly state: 'confirmed'; readonly receipt: Uint8Array }
  /**
   * `verdict` is the signed envelope. It is absent if a token verified the receipt, because a token
   * does not sign verdicts.
   */
  | { readonly step: 'verify'; readonly state: 'confirmed'; readonly verdict?: string; readonly time: string }
  | { readonly step: 'not-imported'; readonly state: 'confirmed' } // GET RECEIPT shows that the unit did not store the key
  | { readonly step: 'failure'; readonly state: 'confirmed'; readonly failure: Failure }
  | { readonly step: 'interruption'; readonly state: 'confirmed' }; // the page was closed or crashed

export type StepEntry = StepBody & {
  readonly attempt: number;
  /** Number of the step within the attempt, from 0. */
  readonly index: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** JSON text of the signed audit head that the AS sent with this step. */
  readonly auditHead?: string;
};

/**
 * running     neither a verdict nor a failure yet
 * done        the key is in the unit, and the AS has verified the receipt
 * unverified  the receipt states that the key is in the unit, but the AS has not verified it yet
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

/** Computes the outcome of an attempt from its steps, which are in the sequence of the journal. */
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

/** Whether the unit or the AS must be asked how the attempt ended. */
export function isUnsettled({ outcome }: Pick<Attempt, 'outcome'>): boolean {
  return outcome === 'unknown' || outcome === 'unverified';
}

/**
 * True iff the page was interrupted after it announced an import. The journal then does not show
 * whether the page sent the key to the unit. If the attempt ended with a failure instead, the steps
 * show whether the import began.
 */
function mayBeImporting(steps: readonly StepBody[]): boolean {
  const end = steps.find(({ step }) => step === 'failure' || step === 'interruption');
  return end?.step === 'interruption' && steps.some((entry) => 'thenImport' in entry);
}

/**
 * True iff the unit refused IMPORTKEY. The slot is then unchanged. After any other failure of an
 * import, only the receipt shows whether the key is stored.
 */
function isImportRefusal({ command, statusWord }: Failure): boolean {
  return command === 'IMPORTKEY' && statusWord !== undefined && isRefusal(statusWord);
}
