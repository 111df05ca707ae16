// The steps that provision() and settle() yield, so that the journal can record each intention and
// its result. A step contains no key and no DATA.
import type { Bytes } from '../bytes/bytes.ts';
import type { Receipt } from '../tkl/receipt.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Verdict } from './key-source.ts';

/** The facts of one export. settle() compares them with a receipt. */
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
 * write the journal first. After a failure between `import-intended` and `imported`, the outcome is
 * unknown until the caller runs settle(), or settleByRecall() if the export was not recorded.
 */
export type Step =
  | { readonly step: 'challenge'; readonly suite: SuiteId } // next: GET CHALLENGE
  | { readonly step: 'export-intended'; readonly suite: SuiteId } // next: the request to the AS
  | { readonly step: 'exported'; readonly export: ExportSummary }
  | { readonly step: 'import-intended'; readonly export: ExportSummary } // next: IMPORTKEY
  // The unit has stored the key and may be unplugged.
  | { readonly step: 'imported'; readonly receiptBytes: Bytes; readonly receipt: Receipt }
  | { readonly step: 'verified'; readonly verdict: Verdict }; // the AS has verified the receipt
