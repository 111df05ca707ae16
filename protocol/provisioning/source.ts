// A KeySource is an AS as the flow sees it: the service over HTTPS, a vault or a token card. It knows nothing of devices.
import type { Bytes } from '../bytes/bytes.ts';
import type { SuiteId } from '../tkl/suites.ts';

/** What EXPORTKEY needs (docs/protocol.md clause 4), and the slot that is asked for. */
export interface ExportRequest {
  readonly set: number;
  readonly tkv: number;
  readonly suite: SuiteId;
  /** An Ed25519 signature of the AS over DATA is wanted. */
  readonly sign: boolean;
  readonly ref1: number;
  readonly ref2: number;
  /** 16 bytes. */
  readonly sn: Uint8Array;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
  /** CHM, 16 bytes. */
  readonly challengeMac: Uint8Array;
  /** The same key, asked again, never yields a second export. 22 characters base64url of 16 random bytes. */
  readonly idempotencyKey: string;
  /** The customer's job number, quoted in the verdict; 1 to 64 printable characters. */
  readonly workOrder?: string;
  /** Why this key is exported once more for a unit of the work order: 1 to 200 printable characters. */
  readonly reason?: string;
}

export interface ExportedKey {
  readonly exportId: string;
  /** DATA: HDR ‖ BLEN ‖ BODY ‖ TAG [‖ SIG]. Useless to anyone but the one unit. */
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

/** The AS's word that a receipt is the unit's. */
export interface Verdict {
  /** ISO 8601: the AS's clock, or the station's where the AS has none. */
  readonly time: string;
  /**
   * JSON text of the DSSE envelope that the AS signed, kept as it came, for auditors. Absent from a token card, which verifies but
   * signs no verdict: the auditor's proof comes when the card's journal is back at the service.
   */
  readonly envelope?: string;
}

/** From an AS that signs its verdicts. */
export interface SignedVerdict extends Verdict {
  readonly envelope: string;
}

export interface KeySource {
  /** @throws ProtocolError (SourceErrorCode) */
  exportKey(request: ExportRequest): Promise<ExportedKey>;
  /**
   * Has the AS verify a receipt of 64 bytes; its verdict must name this SHA-256(DATA), 32 bytes.
   * @throws ProtocolError (SourceErrorCode)
   */
  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<Verdict>;
  /**
   * What was exported under this idempotency key, whoever asked for it: of the answer that a page may not have lived to keep, all but what
   * could be imported. Undefined only where nothing was exported. Absent from an AS that does not remember by it: a token card.
   * @throws ProtocolError (SourceErrorCode); not-allowed where this operator may not know
   */
  recallExport?(idempotencyKey: string): Promise<RecalledExport | undefined>;
}
