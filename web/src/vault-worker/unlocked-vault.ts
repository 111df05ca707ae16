// An unlocked vault (docs/protocol.md clause 10). Exports keys and verifies receipts with an
// AsUnit, whose keys are WebCrypto keys and whose records are in the vault store. Runs one request
// at a time.
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import { TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { Mutex } from '#protocol/async/mutex.ts';
import { type Bytes, copy, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportedKey, ExportRequest, RecalledExport } from '#protocol/provisioning/key-source.ts';
import { type Envelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { exportIdOf } from '#protocol/tkl/data.ts';
import { decodeVaultFile, type VerifiedVault, verifyVaultFile } from '#protocol/vault/file.ts';
import { vaultCost, vaultName } from '#protocol/vault/header.ts';
import { encodeVaultJournal, findChainBreaks, JOURNAL_TYPE, type VaultEntryJson } from '#protocol/vault/journal.ts';
import { type PasswordKey, requireCost } from '#protocol/vault/passphrase.ts';
import { openVaultSecrets, type VaultSecrets, wipeVaultSecrets } from '#protocol/vault/secrets.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { recalledExportOf, type StoredPasskey, type VaultStore } from '../vault-store/vault-store.ts';
import { KeyWrapper, type Unwrap } from './key-wrapper.ts';
import type { LockReason, Opener, VaultRequest, VaultStatus } from './messages.ts';
import { openKek, sealKek } from './passkey-seal.ts';
import { VaultKeyStore } from './vault-key-store.ts';
import { type VaultCaller, VaultMemory } from './vault-memory.ts';

export interface UnlockedVaultOptions {
  readonly store: VaultStore;
  readonly subtle: SubtleCrypto;
  readonly deriveKey: PasswordKey;
  readonly now: () => Date;
}

export class UnlockedVault {
  readonly #options: UnlockedVaultOptions;
  readonly #vault: VerifiedVault;
  readonly #keys: VaultKeyStore;
  readonly #memory: VaultMemory;
  readonly #as: AsUnit<VaultCaller>;
  /** Decrypts a copy of KEK, so that enrol() can seal it for a passkey. */
  readonly #copyKek: Unwrap;
  readonly #mutex = new Mutex();

  private constructor(
    options: UnlockedVaultOptions,
    vault: VerifiedVault,
    keys: VaultKeyStore,
    memory: VaultMemory,
    copyKek: Unwrap,
  ) {
    this.#options = options;
    this.#vault = vault;
    this.#keys = keys;
    this.#copyKek = copyKek;
    this.#memory = memory;
    this.#as = new AsUnit(this.#memory, new TreeKeyCrypto(keys));
  }

  /**
   * Unlocks a vault and wipes the opener's secret. Counts a passphrase as wrong before it is tried,
   * so that a crash cannot hide the try.
   * @throws ProtocolError passphrase-wrong, passkey-refused, vault-malformed, vault-untrusted,
   *   vault-changed, vault-early, vault-expired, vault-lost, journal-failed
   */
  static async unlock(
    options: UnlockedVaultOptions,
    id: string,
    { by, secret }: Opener,
    roots: readonly Uint8Array[],
  ): Promise<UnlockedVault> {
    const { store, subtle } = options;
    let kek: Bytes | undefined;
    let secrets: VaultSecrets | undefined;
    try {
      const record = await store.find(id);
      if (record === undefined) throw new ProtocolError('vault-lost', 'This browser has no such vault.');
      const vault = await verifyVaultFile(decodeVaultFile(record.text), roots, verifyWith(subtle));
      const memory = new VaultMemory(vault, store, options.now, await readEntries(store, id, vault));
      await memory.requireValid();
      if (by === 'passphrase') await store.countRefusal(id);
      kek = await (by === 'passphrase'
        ? deriveKek(vault, secret, options.deriveKey)
        : openWithPasskey(subtle, vault, secret, record.passkey));
      secrets = openVaultSecrets(vault.sealed, vaultName(vault.header), kek);
      const keys = await VaultKeyStore.create(subtle, vault.header, secrets);
      const wrapper = await KeyWrapper.create(subtle);
      const unlocked = new UnlockedVault(options, vault, keys, memory, await wrapper.wrap(kek));
      await unlocked.#memory.record({ kind: 'unlocked', by, refused: record.refused });
      return unlocked;
    } finally {
      wipe(secret, kek);
      wipeVaultSecrets(secrets);
    }
  }

  /** @throws ProtocolError (SourceErrorCode), vault-expired, journal-full, journal-failed */
  exportKey(request: ExportRequest): Promise<ExportedKey> {
    return this.#run(async () => {
      const { set, tkv, sn, suite, sign, ref1, ref2, random, challengeMac, idempotencyKey, workOrder } = request;
      const fingerprint = [set, tkv, suite, sign, ref1, ref2, toHex(sn), toHex(random)].join(' ');
      const earlier = await this.#options.store.findExportBy(this.#id, 'idempotencyKey', idempotencyKey);
      if (earlier !== undefined && earlier.fingerprint !== fingerprint) {
        throw new ProtocolError('idempotency-conflict', 'The idempotency key was used with another request.');
      }
      const unit = { set, tkv, sn };
      const unitRequest = { unit, suite, sign, ref1, ref2, random, challengeMac };
      const { data } = await this.#as.exportKey(unitRequest, { idempotencyKey, workOrder, fingerprint });
      return { exportId: exportIdOf(sha256(data)), data: copy(data) };
    });
  }

  /**
   * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict, journal-full,
   *   journal-failed
   */
  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<{ readonly time: string }> {
    return this.#run(async () => {
      const made = await this.#options.store.findExportBy(this.#id, 'exportId', exportId);
      if (made === undefined || exportId !== exportIdOf(dataHash)) {
        throw new ProtocolError('export-unknown', `This vault made no export ${exportId}.`);
      }
      const caller = { idempotencyKey: made.idempotencyKey, workOrder: undefined, fingerprint: made.fingerprint };
      await this.#as.verifyReceipt(made.xc, receipt, caller);
      return { time: this.#options.now().toISOString() };
    });
  }

  /** Looks up an export by idempotency key. @throws ProtocolError journal-failed */
  recallExport(idempotencyKey: string): Promise<RecalledExport | undefined> {
    return this.#run(async () => {
      const made = await this.#options.store.findExportBy(this.#id, 'idempotencyKey', idempotencyKey);
      return made && recalledExportOf(made);
    });
  }

  status(): Promise<VaultStatus> {
    return this.#run(async () => ({ exports: this.#memory.exports, entries: this.#memory.entries.length }));
  }

  /**
   * Enrols this passkey in place of any earlier one. Wipes `output`.
   * @throws ProtocolError journal-full, journal-failed
   */
  enrol({ credential, salt, output }: Omit<Extract<VaultRequest, { is: 'enrol' }>, 'is'>): Promise<void> {
    return this.#run(async () => {
      const { store, subtle } = this.#options;
      let kek: Bytes | undefined;
      try {
        kek = await this.#copyKek();
        const sealedKek = await sealKek(subtle, { output, headerHash: this.#vault.headerHash }, kek);
        await store.setPasskey(this.#id, { credential, salt, sealedKek });
      } finally {
        wipe(output, kek);
      }
    });
  }

  /** Returns the whole vault journal, signed. Works even after the store has lost the vault. */
  journal(): Promise<Envelope> {
    return this.#mutex.run(() => this.#signJournal());
  }

  /**
   * Locks the vault and stores the signed journal, so that the page can return the journal without
   * the passphrase. If the store has lost the vault, only returns the journal. The caller must make
   * no further request.
   */
  lock(why: LockReason): Promise<Envelope> {
    return this.#mutex.run(async () => {
      try {
        await this.#memory.record({ kind: 'locked', why });
      } catch (error) {
        if (!(error instanceof ProtocolError) || error.code !== 'vault-lost') throw error;
      }
      return await this.#signJournal();
    });
  }

  /** Runs one request at a time, if the store still has the vault. */
  #run<T>(request: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      await this.#memory.requireKept();
      return await request();
    });
  }

  get #id(): string {
    return this.#vault.header.vaultId;
  }

  async #signJournal(): Promise<Envelope> {
    const { store, now } = this.#options;
    const { vaultId, asNumber } = this.#vault.header;
    const { entries } = this.#memory;
    const payload = encodeVaultJournal({ format: 1, vaultId, asNumber, time: now().toISOString(), entries });
    const signer = {
      publicKey: this.#vault.journalPublicKey,
      sign: (message: Uint8Array): Promise<Bytes> => this.#keys.signJournal(message),
    };
    const journal = await sealEnvelope(JOURNAL_TYPE, payload, signer);
    await store.setJournal(vaultId, journal, entries.length);
    return journal;
  }
}

/** @throws ProtocolError vault-changed if the chain is broken or the number of exports differs */
async function readEntries(
  store: VaultStore,
  id: string,
  { headerHash }: VerifiedVault,
): Promise<readonly VaultEntryJson[]> {
  const entries = await store.entries(id);
  const [chainBreak] = findChainBreaks(entries, headerHash);
  if (chainBreak !== undefined)
    throw new ProtocolError('vault-changed', `The journal of the vault was changed: ${chainBreak.words}.`);
  const journalled = entries.filter(({ event }) => event.kind === 'export').length;
  const stored = await store.countExports(id);
  if (journalled !== stored)
    throw new ProtocolError('vault-changed', `Exports in the journal: ${journalled}, in the store: ${stored}.`);
  return entries;
}

/** Returns KEK, 32 bytes, which the caller wipes. */
async function deriveKek({ header }: VerifiedVault, password: Uint8Array, deriveKey: PasswordKey): Promise<Bytes> {
  const { salt, ...cost } = vaultCost(header);
  requireCost(cost);
  return await deriveKey(password, salt, cost);
}

/** Returns KEK, 32 bytes, which the caller wipes. @throws ProtocolError passkey-refused */
async function openWithPasskey(
  subtle: SubtleCrypto,
  { headerHash }: VerifiedVault,
  output: Uint8Array,
  passkey: StoredPasskey | undefined,
): Promise<Bytes> {
  if (passkey === undefined) throw new ProtocolError('passkey-refused', 'No passkey opens this vault.');
  return await openKek(subtle, { output, headerHash }, passkey.sealedKek);
}
