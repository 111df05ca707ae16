// What the flow reports while it runs: one value per thing that is about to change the world or has changed it, so that a journal
// can hold both sides of each. Holds no key and nothing that a key could be computed from: DATA itself stays in the generator.
import type { Bytes } from '../bytes/bytes.ts';
import type { Receipt } from '../tkl/receipt.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Verdict } from './source.ts';

/** What is to be loaded where (docs/protocol.md clauses 2 and 4). */
export interface LoadRequest {
  /** An entry of the AS: a key, or by clause 8 one that erases a slot or replaces T. */
  readonly ref1: number;
  /** The slot; FFFE to replace T. */
  readonly ref2: number;
  /** The suites that the AS can use under this unit's TKV, best first; the first one that the unit allows too is taken. */
  readonly suites: readonly SuiteId[];
  /** Signed DATA is wanted although the unit does not insist on it; a unit that requires a signature gets one anyway. */
  readonly sign: boolean;
  /** The customer's job number, 1 to 64 printable characters. */
  readonly workOrder?: string;
  /** Why this key is exported once more for this unit: 1 to 200 printable characters. */
  readonly reason?: string;
  /** 22 characters base64url, fresh for each attempt: the AS never makes two exports under one of them. */
  readonly idempotencyKey: string;
}

/** What was exported, for whom and where to: all that settle() needs to find out later whether it arrived. */
export interface ExportSummary {
  readonly exportId: string;
  /** SHA-256(DATA), 32 bytes. */
  readonly dataHash: Bytes;
  readonly suite: SuiteId;
  readonly tkv: number;
  /** 16 bytes. */
  readonly sn: Bytes;
  readonly ref1: number;
  readonly ref2: number;
  readonly akv: number;
  readonly xc: number;
  readonly asNumber: number;
}

/** What was asked of the AS by a page that did not live to write down the answer: all that settleByRecall() needs. */
export interface Intent {
  /** 16 bytes. */
  readonly sn: Uint8Array;
  readonly tkv: number;
  readonly suite: number;
  readonly ref1: number;
  readonly ref2: number;
  readonly idempotencyKey: string;
}

/**
 * In this order. The generator does nothing until it is asked for the next one, so that its consumer may write its journal first.
 * After `import-intended` and until `imported` the outcome in the unit is unknown; settle() finds it out, or settleByRecall() where a page did not live
 * to write down what was exported.
 */
export type Step =
  | { readonly step: 'challenge'; readonly suite: SuiteId } // GET CHALLENGE comes next
  | { readonly step: 'export-intended'; readonly suite: SuiteId } // the AS is asked next
  | { readonly step: 'exported'; readonly export: ExportSummary }
  | { readonly step: 'import-intended'; readonly export: ExportSummary } // IMPORTKEY comes next
  | { readonly step: 'imported'; readonly receiptBytes: Bytes; readonly receipt: Receipt } // the key is in: it may be unplugged
  | { readonly step: 'verified'; readonly verdict: Verdict }; // the AS agrees: done
