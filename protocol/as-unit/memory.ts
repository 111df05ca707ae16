// The interface to the persistent state of an AS: sets, key entries, the counter XC and the exports
// (docs/protocol.md clause 3). Service, vault and card implement it over their own storage. The
// state contains no keys: only KeyCrypto has them.
import type { Bytes } from '../bytes/bytes.ts';
import type { Kcv } from '../tkl/body.ts';
import type { UnitId } from '../tkl/key-tree.ts';
import type { KdfFamily, SuiteId } from '../tkl/suites.ts';

/** The arguments of EXPORTKEY (clause 4.2). */
export interface UnitExportRequest {
  /** SET, TKV and SN. */
  readonly unit: UnitId;
  readonly suite: SuiteId;
  /** Requests DATA with SIG. */
  readonly sign: boolean;
  readonly ref1: number;
  /**
   * The only slot for which DATA is valid. Undefined in a request to a card, whose EXPORTKEY has no
   * REF2.
   */
  readonly ref2: number | undefined;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
  /** CHM, 16 bytes. */
  readonly challengeMac: Uint8Array;
}

/** Facts about one version of T. Each version is used with only one KDF family (clause 2). */
export interface TransportKeyFacts {
  readonly family: KdfFamily;
}

/** A key entry under one REF1: an application key, an erasure or the next T (see entry.ts). */
export interface KeyFacts {
  readonly ref1: number;
  /** ATTR, 7 characters; NO_ATTRIBUTES for an erasure. */
  readonly attributes: string;
  /**
   * AKV of an application key or an erasure, from the counter of the set. For the next T, its TKV.
   */
  readonly akv: number;
  /** The permitted REF2; FFFF permits every slot except the transport-key slot. */
  readonly slot: number;
}

/** One export. DATA is stored because a repeated request must return the same bytes. */
export interface ExportRecord {
  /** R, 16 bytes. */
  readonly random: Bytes;
  /** DATA; HDR is its first 48 bytes. */
  readonly data: Bytes;
  readonly kcv: Kcv;
  /** The accepted receipt, 64 bytes. */
  readonly receipt: Bytes | undefined;
}

/** One reserved export, which counts against the quotas. The AS commits or releases it. */
export interface Reservation {
  /** XC of the export. No other committed export has the same XC. */
  readonly xc: number;
  /** Resolves when the export is durable. */
  commit(record: ExportRecord): Promise<void>;
  /** Cancels the export and restores the quotas. Permitted only if no DATA has left the AS. */
  release(): void;
}

/** `Caller` identifies the caller, e.g. the operator. The AS core only passes it on. */
export interface Memory<Caller> {
  /** 0 for the service; each vault and card has its own. */
  readonly asNumber: number;
  /**
   * Returns undefined for a set that is hidden from the caller, so that no caller can find out
   * which sets exist.
   */
  findTransportKey(set: number, tkv: number, caller: Caller): Promise<TransportKeyFacts | undefined>;
  findKey(set: number, ref1: number): Promise<KeyFacts | undefined>;
  /**
   * Returns the committed export for a challenge (SN and R, 16 bytes each), whichever key it
   * contains.
   */
  findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined>;
  findExportByCounter(xc: number): Promise<ExportRecord | undefined>;
  /**
   * Checks that the caller may export this key to this unit. Called before a key is used, and for a
   * repeated request too.
   * @throws ProtocolError not-allowed, unit-not-listed, demo-refused
   */
  authorise(request: UnitExportRequest, caller: Caller): Promise<void>;
  /**
   * Counts one export and assigns its XC, in one atomic step.
   * @throws ProtocolError quota-used, unit-quota-used
   */
  reserveExport(request: UnitExportRequest, caller: Caller): Promise<Reservation>;
  /** Stores an accepted receipt. Resolves when it is durable. */
  commitReceipt(record: ExportRecord, receipt: Uint8Array, caller: Caller): Promise<void>;
}
