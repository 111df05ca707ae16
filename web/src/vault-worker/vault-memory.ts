// Implements Memory of as-unit for a vault (docs/protocol.md clause 10.4). The policy is in the
// signed header, and the exports are in the vault store. Each export and its journal entry are
// committed together, before DATA is returned. The caller must run exports one after another.
import type {
  ExportRecord,
  KeyFacts,
  Memory,
  Reservation,
  TransportKeyFacts,
  UnitExportRequest,
} from '#protocol/as-unit/memory.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeHeader, HEADER_LENGTH } from '#protocol/tkl/header.ts';
import type { VerifiedVault } from '#protocol/vault/file.ts';
import { familyOf, keyFactsOf, type VaultHeaderJson } from '#protocol/vault/header.ts';
import { nextVaultEntry, type VaultEntryJson, type VaultEventJson } from '#protocol/vault/journal.ts';
import { requireQuota, requireServed, requireValid } from '#protocol/vault/policy.ts';
import type { VaultExport, VaultStore } from '../vault-store/vault-store.ts';

/** What the vault records about an export in addition to its UnitExportRequest. */
export interface VaultCaller {
  readonly idempotencyKey: string;
  readonly workOrder: string | undefined;
  readonly fingerprint: string;
}

export class VaultMemory implements Memory<VaultCaller> {
  readonly asNumber: number;
  readonly #header: VaultHeaderJson;
  readonly #headerHash: Uint8Array;
  readonly #store: VaultStore;
  readonly #id: string;
  readonly #now: () => Date;

  constructor({ header, headerHash }: VerifiedVault, store: VaultStore, now: () => Date) {
    this.#header = header;
    this.#headerHash = headerHash;
    this.#store = store;
    this.#id = header.vaultId;
    this.#now = now;
    this.asNumber = header.asNumber;
  }

  /**
   * Checks the validity period. If the clock is behind the last entry, uses the time of that entry.
   * @throws ProtocolError vault-early, vault-expired
   */
  async requireValid(): Promise<void> {
    requireValid(this.#header, this.#time(await this.#store.lastEntry(this.#id)).getTime());
  }

  async findTransportKey(set: number, tkv: number): Promise<TransportKeyFacts | undefined> {
    const family = set === this.#header.set.set ? familyOf(this.#header, tkv) : undefined;
    return family && { family };
  }

  async findKey(set: number, ref1: number): Promise<KeyFacts | undefined> {
    const key = this.#header.set.keys.find((each) => each.ref1 === ref1);
    return key && set === this.#header.set.set ? keyFactsOf(key) : undefined;
  }

  findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined> {
    return this.#store.findExportBy(this.#id, 'challenge', challengeOf(sn, random));
  }

  findExportByCounter(xc: number): Promise<ExportRecord | undefined> {
    return this.#store.findExport(this.#id, xc);
  }

  async authorise(request: UnitExportRequest): Promise<void> {
    requireServed(this.#header, request);
    await this.requireValid();
  }

  async reserveExport({ unit }: UnitExportRequest, caller: VaultCaller): Promise<Reservation> {
    const exports = await this.#store.countExports(this.#id);
    const ofUnit = await this.#store.countExportsOf(this.#id, toHex(unit.sn));
    requireQuota(this.#header, { exports, ofUnit });
    const xc = exports + 1;
    return {
      xc,
      commit: (record) => this.#commit(xc, record, caller),
      release: () => undefined, // an uncommitted reservation needs no release
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array): Promise<void> {
    const { xc } = decodeHeader(record.data);
    const made = await this.#store.findExport(this.#id, xc);
    if (made === undefined) throw new TypeError(`export ${xc} is not in the store`);
    const entry = await this.#entry({ kind: 'receipt', xc, receipt: toBase64url(receipt) });
    await this.#store.addReceipt({ ...made, receipt: copy(receipt) }, entry);
  }

  /** Records that the vault was unlocked or locked. */
  async record(event: Extract<VaultEventJson, { kind: 'unlocked' | 'locked' }>): Promise<void> {
    await this.#store.addEntry(this.#id, await this.#entry(event), { unlocked: event.kind === 'unlocked' });
  }

  async #commit(xc: number, record: ExportRecord, { idempotencyKey, workOrder, fingerprint }: VaultCaller) {
    const { sn } = decodeHeader(record.data);
    const dataHash = sha256(record.data);
    const made: VaultExport = {
      ...record,
      vault: this.#id,
      xc,
      sn: toHex(sn),
      challenge: challengeOf(sn, record.random),
      exportId: exportIdOf(dataHash),
      idempotencyKey,
      fingerprint,
    };
    const entry = await this.#entry({
      kind: 'export',
      header: toBase64url(record.data.subarray(0, HEADER_LENGTH)),
      random: toBase64url(record.random),
      dataHash: toBase64url(dataHash),
      idempotencyKey,
      workOrder: workOrder ?? null,
    });
    await this.#store.addExport(made, entry);
  }

  async #entry(event: VaultEventJson): Promise<VaultEntryJson> {
    const last = await this.#store.lastEntry(this.#id);
    return nextVaultEntry(last, this.#headerHash, this.#time(last).toISOString(), event);
  }

  #time(last: VaultEntryJson | undefined): Date {
    return new Date(Math.max(this.#now().getTime(), last === undefined ? 0 : Date.parse(last.time)));
  }
}

function challengeOf(sn: Uint8Array, random: Uint8Array): string {
  return `${toHex(sn)} ${toHex(random)}`;
}
