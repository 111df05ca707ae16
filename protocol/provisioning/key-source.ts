// The interface through which keys are loaded from an AS. The service over HTTPS, a vault and a
// token card implement it (web/src/as-client, web/src/vault-worker).
import type { Bytes } from '../bytes/bytes.ts';
import type { SuiteId } from '../tkl/suites.ts';

/** The arguments of EXPORTKEY (docs/protocol.md clause 4.2), and the slot. */
export interface ExportRequest {
  readonly set: number;
  readonly tkv: number;
  readonly suite: SuiteId;
  /** Whether to request SIG, an Ed25519 signature of the AS over DATA. */
  readonly sign: boolean;
  readonly ref1: number;
  readonly ref2: number;
  /** 16 bytes. */
  readonly sn: Uint8Array;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
  /** CHM, 16 bytes. */
  readonly challengeMac: Uint8Array;
  /**
   * 16 random bytes in base64url, 22 characters. The AS makes at most one export per key.
   */
  readonly idempotencyKey: string;
  /** Id of the work order, 1 to 64 printable characters. The verdict contains it. */
  readonly workOrder?: string;
  /** Reason for another export of this key to this unit, 1 to 200 printable characters. */
  readonly reason?: string;
}

export interface ExportedKey {
  readonly exportId: string;
  /** DATA: HDR ‖ BLEN ‖ BODY ‖ TAG [‖ SIG]. Only the unit of the request can open it. */
  readonly data: Bytes;
}

/** An export without its DATA. */
export interface RecalledExport {
  readonly exportId: string;
  /** HDR, 48 bytes. */
  readonly header: Bytes;
  /** SHA-256(DATA), 32 bytes. */
  readonly dataHash: Bytes;
}

/** The statement of the AS that a receipt is authentic. */
export interface Verdict {
  /**
   * ISO 8601, from the clock of the AS. A token card has no clock, so the station sets this time.
   */
  readonly time: string;
  /**
   * JSON text of the signed DSSE envelope as received, for auditors. Absent from a token card,
   * which verifies receipts but does not sign verdicts.
   */
  readonly envelope?: string;
}

/** A verdict of an AS that signs its verdicts. */
export interface SignedVerdict extends Verdict {
  readonly envelope: string;
}

export interface KeySource {
  /**
   * Makes one export, or returns the one made under the idempotency key.
   * @throws ProtocolError (SourceErrorCode)
   */
  exportKey(request: ExportRequest): Promise<ExportedKey>;
  /**
   * Has the AS verify a receipt.
   * @param receipt 64 bytes
   * @param dataHash SHA-256(DATA), 32 bytes, which the verdict must contain
   * @throws ProtocolError (SourceErrorCode)
   */
  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<Verdict>;
  /**
   * Looks up an export by idempotency key, for a page that crashed before it stored the response.
   * Returns everything except DATA; undefined if there is no export. A token card does not store
   * idempotency keys and lacks this method.
   * @throws ProtocolError (SourceErrorCode); not-allowed if this operator may not see the export
   */
  recallExport?(idempotencyKey: string): Promise<RecalledExport | undefined>;
}
