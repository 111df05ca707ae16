// Index of all vaults and of all returned journal entries, including entries that contradict each
// other. Each start of the service builds the index from the audit log. Then each log entry updates
// it once the entry is durable.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { decodeVaultHeader, type VaultHeaderJson } from '#protocol/vault/header.ts';
import { hashVaultEntry, headerOf, type VaultEntryJson, type VaultEventJson } from '#protocol/vault/journal.ts';
import type { VaultJson } from '#protocol/vault/messages.ts';

export interface VaultIssue {
  readonly header: VaultHeaderJson;
  /** SHA-256 of the header as signed, 32 bytes. */
  readonly headerHash: Bytes;
  /** Ed25519 public key, 32 bytes. */
  readonly journalPublicKey: Bytes;
}

/** An export in a returned journal. */
export interface VaultExport {
  readonly event: Extract<VaultEventJson, { kind: 'export' }>;
  readonly time: string;
  /** The verified receipt, base64url, and the time of its return. */
  readonly receipt: { readonly value: string; readonly time: string } | undefined;
}

/** A receipt that the AS verified at a return. */
export interface VerifiedReceipt {
  /** SHA-256 of DATA, base64url. */
  readonly dataHash: string;
  /** base64url */
  readonly receipt: string;
}

/**
 * Cache of entry hashes. A returned journal can contain thousands of entries, and reconciling it
 * uses each hash several times.
 */
const hashes = new WeakMap<VaultEntryJson, string>();

function hashOf(entry: VaultEntryJson): string {
  const hash = hashes.get(entry) ?? toBase64url(hashVaultEntry(entry));
  hashes.set(entry, hash);
  return hash;
}

/** The sealed part of a 'vault-returned' entry in the audit log. */
export interface ReturnPart {
  /** The entries that no earlier return contained. */
  readonly entries: readonly VaultEntryJson[];
  readonly receipts: readonly VerifiedReceipt[];
  /** Time at which the vault signed the journal. */
  readonly signed: string;
}

export class VaultRecord {
  readonly issued: VaultIssue;
  /** Time of the revocation. */
  revoked: string | undefined;
  /** Time of the last return. */
  returned: string | undefined;
  /** Time at which the vault signed the newest returned journal. */
  signed = '';
  lastNumber = 0;
  /**
   * Hashes by entry number. A vault whose database was restored from a backup uses entry numbers
   * again, so one number can have several entries.
   */
  readonly #hashes = new Map<number, Set<string>>();
  /** Exports by SHA-256(DATA). */
  readonly #exports = new Map<string, VaultExport>();
  /**
   * SHA-256(DATA) by XC. A vault whose database was restored from a backup uses XCs again, so one
   * XC can have several exports.
   */
  readonly #byCounter = new Map<number, string[]>();

  constructor(issued: VaultIssue) {
    this.issued = issued;
  }

  get exports(): VaultExport[] {
    return [...this.#exports.values()];
  }

  findExports(xc: number): VaultExport[] {
    return (this.#byCounter.get(xc) ?? []).flatMap((dataHash) => this.#exports.get(dataHash) ?? []);
  }

  hasNumber(number: number): boolean {
    return this.#hashes.has(number);
  }

  has(entry: VaultEntryJson): boolean {
    return this.#hashes.get(entry.number)?.has(hashOf(entry)) ?? false;
  }

  /** Returns a copy. add() on the copy does not change this record. */
  copy(): VaultRecord {
    const copied = new VaultRecord(this.issued);
    copied.revoked = this.revoked;
    copied.returned = this.returned;
    copied.signed = this.signed;
    copied.lastNumber = this.lastNumber;
    for (const [number, hashes] of this.#hashes) copied.#hashes.set(number, new Set(hashes));
    for (const [dataHash, exported] of this.#exports) copied.#exports.set(dataHash, exported);
    for (const [xc, dataHashes] of this.#byCounter) copied.#byCounter.set(xc, [...dataHashes]);
    return copied;
  }

  add({ entries, receipts, signed }: ReturnPart, time: string): void {
    this.returned = time;
    if (signed > this.signed) this.signed = signed;
    for (const entry of entries) this.#addEntry(entry);
    for (const { dataHash, receipt } of receipts) {
      const exported = this.#exports.get(dataHash);
      if (exported === undefined || exported.receipt !== undefined) continue;
      this.#exports.set(dataHash, { ...exported, receipt: { value: receipt, time } });
    }
  }

  view(): VaultJson {
    const { vaultId, asNumber, set, units, quota, custodian, issued, expires } = this.issued.header;
    return {
      vaultId,
      asNumber,
      set: set.set,
      ref1: set.keys.map(({ ref1 }) => ref1),
      units: units?.length ?? null,
      exports: quota.exports,
      exportsPerUnit: quota.perUnit,
      custodian,
      issued,
      expires,
      revoked: this.revoked ?? null,
      returned: this.returned ?? null,
      exportsSeen: this.#exports.size,
      receiptsSeen: this.exports.filter(({ receipt }) => receipt !== undefined).length,
    };
  }

  #addEntry(entry: VaultEntryJson): void {
    const { number, event, time } = entry;
    this.lastNumber = Math.max(this.lastNumber, number);
    const hashes = this.#hashes.get(number) ?? new Set();
    this.#hashes.set(number, hashes.add(hashOf(entry)));
    if (event.kind !== 'export' || this.#exports.has(event.dataHash)) return;
    this.#exports.set(event.dataHash, { event, time, receipt: undefined });
    const { xc } = headerOf(event);
    this.#byCounter.set(xc, [...(this.#byCounter.get(xc) ?? []), event.dataHash]);
  }
}

export class VaultLedger {
  readonly #byId = new Map<string, VaultRecord>();

  /** All vaults, newest first. */
  get all(): VaultRecord[] {
    return [...this.#byId.values()].reverse();
  }

  /** AS number of the next vault. No number is used twice. */
  get nextAsNumber(): number {
    return Math.max(0, ...this.all.map(({ issued }) => issued.header.asNumber)) + 1;
  }

  find(vaultId: string): VaultRecord | undefined {
    return this.#byId.get(vaultId);
  }

  /** Counts the returned exports and receipts under a work order. The count never decreases. */
  countLoads(workOrder: string): number {
    let count = 0;
    for (const record of this.#byId.values()) {
      for (const { event, receipt } of record.exports) {
        if (event.workOrder === workOrder) count += receipt === undefined ? 1 : 2;
      }
    }
    return count;
  }

  addVault(issued: VaultIssue): VaultRecord {
    const record = new VaultRecord(issued);
    this.#byId.set(issued.header.vaultId, record);
    return record;
  }

  revoke(vaultId: string, time: string): void {
    this.#require(vaultId).revoked ??= time;
  }

  addReturn(vaultId: string, part: ReturnPart, time: string): void {
    this.#require(vaultId).add(part, time);
  }

  #require(vaultId: string): VaultRecord {
    const record = this.#byId.get(vaultId);
    if (record === undefined) throw new RangeError(`there is no vault ${vaultId}`);
    return record;
  }
}

export function encodeReturn(part: ReturnPart): Uint8Array {
  return Buffer.from(JSON.stringify(part));
}

/** Encodes the sealed part of a 'vault-issued' entry in the audit log. */
export function encodeIssue({ header, headerHash, journalPublicKey }: VaultIssue): Uint8Array {
  const encoded = { headerHash: toBase64url(headerHash), journalPublicKey: toBase64url(journalPublicKey) };
  return Buffer.from(JSON.stringify({ header, ...encoded }));
}

/** Applies an entry of the audit log to the ledger. `open` returns its sealed part. */
export function replayVault(
  ledger: VaultLedger,
  { event, time, details }: { event: string; time: string; details: Readonly<Record<string, unknown>> },
  open: () => Uint8Array,
): void {
  const read = () => JSON.parse(Buffer.from(open()).toString('utf8'));
  if (event === 'vault-issued') {
    const { header, headerHash, journalPublicKey } = read() as Record<
      'header' | 'headerHash' | 'journalPublicKey',
      string
    >;
    ledger.addVault({
      header: decodeVaultHeader(header),
      headerHash: fromBase64url(headerHash),
      journalPublicKey: fromBase64url(journalPublicKey),
    });
  } else if (event === 'vault-revoked') {
    ledger.revoke(String(details.vaultId), time);
  } else if (event === 'vault-returned') {
    ledger.addReturn(String(details.vaultId), read() as ReturnPart, time);
  }
}
