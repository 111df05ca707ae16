// Implements Memory of as-unit for a vault (docs/protocol.md clause 10.4). The policy is in the
// signed header, and the exports are in the vault store. Each export and its journal entry are
// committed together, before DATA is returned. Keeps the vault journal in memory as well, so that
// it notices a loss of the store and can still return the journal. The caller must run exports one
// after another.
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
  readonly #entries: VaultEntryJson[];
  /** Number of exports. It is also the XC of the last export. */
  #exports: number;

  /** `entries` is the vault journal that is in the store. */
  constructor(
    { header, headerHash }: VerifiedVault,
    store: VaultStore,
    now: () => Date,
    entries: readonly VaultEntryJson[],
  ) {
    this.#header = header;
    this.#headerHash = headerHash;
    this.#store = store;
    this.#id = header.vaultId;
    this.#now = now;
    this.#entries = [...entries];
    this.#exports = entries.filter(({ event }) => event.kind === 'export').length;
    this.asNumber = header.asNumber;
  }

  /** The vault journal. */
  get entries(): readonly VaultEntryJson[] {
    return this.#entries;
  }

  /** Number of exports. */
  get exports(): number {
    return this.#exports;
  }

  /** @throws ProtocolError vault-lost if the store has lost what this vault has read or written */
  async requireKept(): Promise<void> {
    await this.#store.requireKept(this.#id, { entry: this.#entries.length, xc: this.#exports });
  }

  /**
   * Checks the validity period. If the clock is behind the last entry, uses the time of that entry.
   * @throws ProtocolError vault-early, vault-expired
   */
  async requireValid(): Promise<void> {
    requireValid(this.#header, this.#time().getTime());
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
    const exports = this.#exports;
    const ofUnit = await this.#store.countExportsOf(this.#id, toHex(unit.sn));
    requireQuota(this.#header, { exports, ofUnit });
    const xc = exports + 1;
    return {
      xc,
      commit: (record) => this.#commit(xc, record, caller),
      release: () => undefined, // a reservation is stored only by commit()
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array): Promise<void> {
    const { xc } = decodeHeader(record.data);
    const made = await this.#store.findExport(this.#id, xc);
    if (made === undefined) throw new TypeError(`export ${xc} is not in the store`);
    await this.#append({ kind: 'receipt', xc, receipt: toBase64url(receipt) }, (entry) =>
      this.#store.addReceipt({ ...made, receipt: copy(receipt) }, entry),
    );
  }

  /** Records that the vault was unlocked or locked. */
  async record(event: Extract<VaultEventJson, { kind: 'unlocked' | 'locked' }>): Promise<void> {
    await this.#append(event, (entry) =>
      this.#store.addEntry(this.#id, entry, { unlocked: event.kind === 'unlocked' }),
    );
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
    const event: VaultEventJson = {
      kind: 'export',
      header: toBase64url(record.data.subarray(0, HEADER_LENGTH)),
      random: toBase64url(record.random),
      dataHash: toBase64url(dataHash),
      idempotencyKey,
      workOrder: workOrder ?? null,
    };
    await this.#append(event, (entry) => this.#store.addExport(made, entry));
    this.#exports = xc;
  }

  async #append(event: VaultEventJson, write: (entry: VaultEntryJson) => Promise<void>): Promise<void> {
    const entry = nextVaultEntry(this.#entries.at(-1), this.#headerHash, this.#time().toISOString(), event);
    await write(entry);
    this.#entries.push(entry);
  }

  #time(): Date {
    const last = this.#entries.at(-1);
    return new Date(Math.max(this.#now().getTime(), last === undefined ? 0 : Date.parse(last.time)));
  }
}

function challengeOf(sn: Uint8Array, random: Uint8Array): string {
  return `${toHex(sn)} ${toHex(random)}`;
}
