// The steps that provision() and settle() report, so that the journal can record each intention and
// its result. A step contains no key and no DATA.
import type { Bytes } from '../bytes/bytes.ts';
import type { Receipt } from '../tkl/receipt.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Verdict } from './key-source.ts';

/** The facts of one export, from which settle() finds out whether the key was stored. */
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

/** An export request whose response was not recorded, for settleByRecall(). */
export interface ExportIntent {
  /** 16 bytes. */
  readonly sn: Uint8Array;
  readonly tkv: number;
  readonly suite: number;
  readonly ref1: number;
  readonly ref2: number;
  readonly idempotencyKey: string;
}

/**
 * The steps of a load, in this order. The generator pauses at each step, so that the caller can
 * write the journal first. Between `import-intended` and `imported` the outcome in the unit is
 * unknown: settle() finds out, or settleByRecall() if the export was not recorded.
 */
export type Step =
  | { readonly step: 'challenge'; readonly suite: SuiteId } // GET CHALLENGE is next
  | { readonly step: 'export-intended'; readonly suite: SuiteId } // the request to the AS is next
  | { readonly step: 'exported'; readonly export: ExportSummary }
  | { readonly step: 'import-intended'; readonly export: ExportSummary } // IMPORTKEY is next
  // The unit has stored the key and may be unplugged.
  | { readonly step: 'imported'; readonly receiptBytes: Bytes; readonly receipt: Receipt }
  | { readonly step: 'verified'; readonly verdict: Verdict }; // the AS has verified the receipt
