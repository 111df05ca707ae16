// What the journal holds of one attempt to load a key, and the pure rule that turns its steps into an outcome (docs/protocol.md
// clause 4, IMPORTKEY and GET RECEIPT). Keys are named by KCV and version; DATA, R and every key stay out. Knows nothing of IndexedDB.
import type { ErrorCode } from '#protocol/errors.ts';
import type { Verdict } from '#protocol/provisioning/source.ts';
import type { ExportSummary, Step } from '#protocol/provisioning/step.ts';

/** Written once, when the attempt begins. Octets are upper-case hex. */
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
  /** Version and check value of the key that was chosen, as the AS listed them. */
  readonly akv: number;
  /** 10 hex digits. */
  readonly kcv: string;
  readonly operator: string;
  /** The AS, e.g. its origin. */
  readonly service: string;
  readonly demo: boolean;
  readonly workOrder?: string;
  /** The work order's chain in this journal. */
  readonly order?: number;
  /** Why a key is exported again for a unit that it was exported for before. */
  readonly reason?: string;
  readonly idempotencyKey: string;
}

export interface AttemptRecord extends NewAttempt {
  /** Rises by one with each attempt of this station, whatever its clock says. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** How an attempt ended when it did not end in a verdict. */
export interface Failure {
  readonly code: ErrorCode;
  /** With code 'status-word'. */
  readonly statusWord?: number;
  readonly command?: string;
}

/** `intended` is on disk before the world may change, but for an import that was announced with its export (`thenImport`); `confirmed` after it did. */
export type StepBody =
  | { readonly step: 'challenge'; readonly state: 'intended'; readonly suite: number }
  /** `thenImport`: whatever the AS exports is imported at once, so that the key may be in though nothing more was written (ADR 0041). */
  | { readonly step: 'export'; readonly state: 'intended'; readonly suite: number; readonly thenImport?: true }
  | { readonly step: 'export'; readonly state: 'confirmed'; readonly export: ExportSummary }
  | { readonly step: 'import'; readonly state: 'intended' } // of what was exported
  | { readonly step: 'import'; readonly state: 'confirmed'; readonly receipt: Uint8Array }
  | { readonly step: 'verify'; readonly state: 'confirmed'; readonly verdict?: string; readonly time: string } // a token signs no verdict
  | { readonly step: 'not-imported'; readonly state: 'confirmed' } // GET RECEIPT has shown that the key is not in
  | { readonly step: 'failure'; readonly state: 'confirmed'; readonly failure: Failure }
  | { readonly step: 'interruption'; readonly state: 'confirmed' }; // the page went away in mid-run

export type StepEntry = StepBody & {
  readonly attempt: number;
  /** From 0. */
  readonly index: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** JSON text of the signed head of the AS's audit log that came with it. */
  readonly auditHead?: string;
};

/**
 * running     neither a verdict nor a failure yet
 * done        in the unit, and the AS has verified its receipt
 * unverified  in the unit by its receipt, which the AS has yet to verify
 * unknown     perhaps in the unit: settle it
 * failed      not in the unit; what was there before still is
 */
export type Outcome = 'running' | 'done' | 'unverified' | 'unknown' | 'failed';

export interface Attempt extends AttemptRecord {
  readonly steps: readonly StepEntry[];
  readonly outcome: Outcome;
}

/** The journal's entry for a step of the flow. */
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

/** What the steps of one attempt, in their order, prove: never more than that. */
export function outcomeOf(steps: readonly StepBody[]): Outcome {
  const has = (step: StepBody['step'], state: StepBody['state']): boolean =>
    steps.some((entry) => entry.step === step && entry.state === state);
  if (has('verify', 'confirmed')) return 'done';
  if (has('not-imported', 'confirmed')) return 'failed';
  if (!has('failure', 'confirmed') && !has('interruption', 'confirmed')) return 'running';
  if (has('import', 'confirmed')) return 'unverified';
  if (!has('import', 'intended') && !isCutUnheard(steps)) return 'failed';
  return steps.some((entry) => entry.step === 'failure' && isRefusal(entry.failure)) ? 'failed' : 'unknown';
}

/** True iff the page went away, and nobody has written down whether the AS's answer reached the unit. A page that lives knows it. */
function isCutUnheard(steps: readonly StepBody[]): boolean {
  const end = steps.find(({ step }) => step === 'failure' || step === 'interruption');
  return end?.step === 'interruption' && steps.some((entry) => 'thenImport' in entry);
}

/**
 * True iff the unit itself said that it did not import: by a status word of ISO/IEC 7816-4 clause 5.6 that says "not done" or "memory
 * unchanged". After 65xx (memory changed or failed), 6Fxx and everything else the receipt has to be looked for.
 */
function isRefusal({ command, statusWord }: Failure): boolean {
  if (command !== 'IMPORTKEY' || statusWord === undefined) return false;
  const sw1 = statusWord >> 8;
  return sw1 === 0x64 || (sw1 >= 0x67 && sw1 <= 0x6e) || sw1 === 0x94;
}
