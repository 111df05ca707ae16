// What an AS must remember for good: its sets, its keys by REF1, the counter XC and every export until its receipt is in
// (docs/protocol.md clause 3). A file, a database, a browser's store or a card's flash stands behind it. It holds facts only: T, K_D
// and TA are the business of KeyCrypto.
import type { Bytes } from '../bytes/bytes.ts';
import type { Kcv } from '../tkl/body.ts';
import type { UnitId } from '../tkl/key-tree.ts';
import type { KdfFamily, SuiteId } from '../tkl/suites.ts';

/** EXPORTKEY as the AS sees it, whoever carried it here (clause 4). */
export interface UnitExportRequest {
  /** SET, TKV and SN. */
  readonly unit: UnitId;
  readonly suite: SuiteId;
  /** DATA is to carry the AS's signature. */
  readonly sign: boolean;
  readonly ref1: number;
  /** Where the key is meant to go: DATA is then bound to that slot. Unknown to EXPORTKEY of a card. */
  readonly ref2: number | undefined;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
  /** CHM, 16 bytes. */
  readonly challengeMac: Uint8Array;
}

/** A version of T that this AS holds. One T serves one KDF family (clause 2). */
export interface TransportKeyFacts {
  readonly family: KdfFamily;
}

/** An entry of REF1: an application key, or what clause 8 makes of one (entry.ts says which). */
export interface KeyFacts {
  readonly ref1: number;
  /** ATTR, 7 characters; NO_ATTRIBUTES where the entry erases. */
  readonly attributes: string;
  /** From the set's counter; of an entry that replaces T, the new TKV. */
  readonly akv: number;
  /** The REF2 that is permitted; FFFF = any but the transport-key slot. */
  readonly slot: number;
}

/** One export: kept as it left until its receipt is in, since a repeat must return the same octets. */
export interface ExportRecord {
  readonly random: Bytes;
  /** DATA; HDR is its first 48 bytes. */
  readonly data: Bytes;
  readonly kcv: Kcv;
  /** The receipt that was accepted, 64 bytes. */
  readonly receipt: Bytes | undefined;
}

/** A place for one export, counted against every quota, that is either committed or released. */
export interface Reservation {
  /** Never given to another export that was committed. */
  readonly xc: number;
  /** Resolves once the export would survive the loss of power. */
  commit(record: ExportRecord): Promise<void>;
  /** Nothing left the AS: the place is free again. */
  release(): void;
}

/** `Caller` is whatever the keeper needs to know of who asks, e.g. the operator; the AS only hands it on. */
export interface Memory<Caller> {
  /** 0000 is the service; each vault and card has its own. */
  readonly asNumber: number;
  /** A set that this caller may not know of is not found, so that nobody learns which sets there are. */
  findTransportKey(set: number, tkv: number, caller: Caller): Promise<TransportKeyFacts | undefined>;
  findKey(set: number, ref1: number): Promise<KeyFacts | undefined>;
  /** The committed export for that challenge (SN and R, 16 bytes each), whatever key it was for. */
  findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined>;
  findExportByCounter(xc: number): Promise<ExportRecord | undefined>;
  /**
   * May this caller have this key for this unit? Asked before a key is used, also for a repeat.
   * @throws ProtocolError not-allowed, unit-not-listed, demo-refused
   */
  authorise(request: UnitExportRequest, caller: Caller): Promise<void>;
  /**
   * Counts one export and gives it a number, in one step that no other call can come between.
   * @throws ProtocolError quota-used, unit-quota-used
   */
  reserveExport(request: UnitExportRequest, caller: Caller): Promise<Reservation>;
  /** Durable when it resolves. */
  commitReceipt(record: ExportRecord, receipt: Uint8Array, caller: Caller): Promise<void>;
}
