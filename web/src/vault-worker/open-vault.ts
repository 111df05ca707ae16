// A vault while it is unlocked (docs/protocol.md clause 10): the AS itself over kept keys and a durable memory. Everything that it is asked
// is done in turn. Is handed its store, WebCrypto, Argon2id and a clock; knows no message and no page.

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
import { encodeVaultJournal, findChainBreaks, JOURNAL_TYPE } from '#protocol/vault/journal.ts';
import { type PasswordKey, requireCost } from '#protocol/vault/passphrase.ts';
import { openVaultSecrets, type VaultSecrets, wipeVaultSecrets } from '#protocol/vault/secrets.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { type KeptPasskey, recalled, type VaultStore } from '../vault-store/vault-store.ts';
import type { LockReason, Opener, VaultQuestion, VaultStatus } from './messages.ts';
import { openKek, sealKek } from './passkey-seal.ts';
import { VaultKeyStore } from './vault-key-store.ts';
import { type VaultCaller, VaultMemory } from './vault-memory.ts';
import { Shelf } from './wrapped-key.ts';

export interface OpenVaultOptions {
  readonly store: VaultStore;
  readonly subtle: SubtleCrypto;
  readonly deriveKey: PasswordKey;
  readonly now: () => Date;
}

export class OpenVault {
  readonly #around: OpenVaultOptions;
  readonly #vault: VerifiedVault;
  readonly #room: VaultKeyStore;
  readonly #memory: VaultMemory;
  readonly #as: AsUnit<VaultCaller>;
  /** The way to a copy of KEK, for a passkey that is enrolled while the vault is open. */
  readonly #copyKek: () => Promise<Bytes>;
  readonly #mutex = new Mutex();

  private constructor(
    around: OpenVaultOptions,
    vault: VerifiedVault,
    room: VaultKeyStore,
    copyKek: () => Promise<Bytes>,
  ) {
    this.#around = around;
    this.#vault = vault;
    this.#room = room;
    this.#copyKek = copyKek;
    this.#memory = new VaultMemory(vault, around.store, around.now);
    this.#as = new AsUnit(this.#memory, new TreeKeyCrypto(room));
  }

  /**
   * The opener's secret is wiped. A passphrase is counted before it is tried.
   * @throws ProtocolError passphrase-wrong, passkey-refused, vault-malformed, vault-untrusted, vault-changed, vault-early, vault-expired,
   *   journal-failed
   */
  static async unlock(
    around: OpenVaultOptions,
    id: string,
    { by, secret }: Opener,
    roots: readonly Uint8Array[],
  ): Promise<OpenVault> {
    const { store, subtle } = around;
    let kek: Bytes | undefined;
    let secrets: VaultSecrets | undefined;
    try {
      const record = await store.find(id);
      if (record === undefined) throw new ProtocolError('vault-malformed', 'This browser has no such vault.');
      const vault = await verifyVaultFile(decodeVaultFile(record.text), roots, verifyWith(subtle));
      await requireWhole(store, id, vault);
      await new VaultMemory(vault, store, around.now).requireValid();
      if (by === 'passphrase') await store.countRefusal(id);
      kek = await (by === 'passphrase'
        ? deriveKek(vault, secret, around.deriveKey)
        : openKept(subtle, vault, secret, record.passkey));
      secrets = openVaultSecrets(vault.sealed, vaultName(vault.header), kek);
      const room = await VaultKeyStore.furnish(subtle, vault.header, secrets);
      const opened = new OpenVault(around, vault, room, await (await Shelf.make(subtle)).put(kek));
      await opened.#memory.record({ kind: 'unlocked', by, refused: record.refused });
      return opened;
    } finally {
      wipe(secret, kek);
      wipeVaultSecrets(secrets);
    }
  }

  /** @throws ProtocolError (SourceErrorCode), vault-expired, journal-full, journal-failed */
  exportKey(request: ExportRequest): Promise<ExportedKey> {
    return this.#mutex.run(async () => {
      const { set, tkv, sn, suite, sign, ref1, ref2, random, challengeMac, idempotencyKey, workOrder } = request;
      const fingerprint = [set, tkv, suite, sign, ref1, ref2, toHex(sn), toHex(random)].join(' ');
      const known = await this.#around.store.findExportBy(this.#id, 'idempotencyKey', idempotencyKey);
      if (known !== undefined && known.fingerprint !== fingerprint) {
        throw new ProtocolError('idempotency-conflict', 'The idempotency key was used with another request.');
      }
      const unit = { set, tkv, sn };
      const asked = { unit, suite, sign, ref1, ref2, random, challengeMac };
      const { data } = await this.#as.exportKey(asked, { idempotencyKey, workOrder, fingerprint });
      return { exportId: exportIdOf(sha256(data)), data: copy(data) };
    });
  }

  /** @throws ProtocolError export-unknown, receipt-refused, receipt-conflict, journal-full, journal-failed */
  verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<{ readonly time: string }> {
    return this.#mutex.run(async () => {
      const made = await this.#around.store.findExportBy(this.#id, 'exportId', exportId);
      if (made === undefined || exportId !== exportIdOf(dataHash)) {
        throw new ProtocolError('export-unknown', `This vault made no export ${exportId}.`);
      }
      const caller = { idempotencyKey: made.idempotencyKey, workOrder: undefined, fingerprint: made.fingerprint };
      await this.#as.verifyReceipt(made.xc, receipt, caller);
      return { time: this.#around.now().toISOString() };
    });
  }

  /** What was exported under this idempotency key, or undefined. @throws ProtocolError journal-failed */
  recallExport(idempotencyKey: string): Promise<RecalledExport | undefined> {
    return this.#mutex.run(async () => {
      const made = await this.#around.store.findExportBy(this.#id, 'idempotencyKey', idempotencyKey);
      return made && recalled(made);
    });
  }

  status(): Promise<VaultStatus> {
    return this.#mutex.run(async () => {
      const last = await this.#around.store.lastEntry(this.#id);
      return { exports: await this.#around.store.countExports(this.#id), entries: last?.number ?? 0 };
    });
  }

  /** From now on this passkey opens the vault too, and no other. `output` is wiped. @throws ProtocolError journal-full, journal-failed */
  enrol({ credential, salt, output }: Omit<Extract<VaultQuestion, { is: 'enrol' }>, 'is'>): Promise<void> {
    return this.#mutex.run(async () => {
      const { store, subtle } = this.#around;
      let kek: Bytes | undefined;
      try {
        kek = await this.#copyKek();
        const sealedKek = await sealKek(subtle, { output, headerHash: this.#vault.headerHash }, kek);
        await store.keepPasskey(this.#id, { credential, salt, sealedKek });
      } finally {
        wipe(output, kek);
      }
    });
  }

  /** All of it, signed. */
  journal(): Promise<Envelope> {
    return this.#mutex.run(() => this.#signJournal());
  }

  /** The last thing that it does: the signed journal stays, so that it can be returned without the passphrase. */
  lock(why: LockReason): Promise<Envelope> {
    return this.#mutex.run(async () => {
      await this.#memory.record({ kind: 'locked', why });
      return await this.#signJournal();
    });
  }

  get #id(): string {
    return this.#vault.header.vaultId;
  }

  async #signJournal(): Promise<Envelope> {
    const { store, now } = this.#around;
    const { vaultId, asNumber } = this.#vault.header;
    const entries = await store.entries(vaultId);
    const payload = encodeVaultJournal({ format: 1, vaultId, asNumber, time: now().toISOString(), entries });
    const signer = {
      publicKey: this.#vault.journalPublicKey,
      sign: (message: Uint8Array): Promise<Bytes> => this.#room.signJournal(message),
    };
    const journal = await sealEnvelope(JOURNAL_TYPE, payload, signer);
    await store.keepJournal(vaultId, journal, entries.length);
    return journal;
  }
}

/** @throws ProtocolError vault-changed where the journal was cut or changed, or does not tell of every export */
async function requireWhole(store: VaultStore, id: string, { headerHash }: VerifiedVault): Promise<void> {
  const entries = await store.entries(id);
  const [found] = findChainBreaks(entries, headerHash);
  if (found !== undefined) throw new ProtocolError('vault-changed', `The journal of the vault was changed: ${found}.`);
  const told = entries.filter(({ event }) => event.kind === 'export').length;
  const kept = await store.countExports(id);
  if (told !== kept)
    throw new ProtocolError('vault-changed', `The journal tells of ${told} exports, ${kept} are kept.`);
}

/** KEK, 32 bytes, which the caller wipes. */
async function deriveKek({ header }: VerifiedVault, password: Uint8Array, deriveKey: PasswordKey): Promise<Bytes> {
  const { salt, ...cost } = vaultCost(header);
  requireCost(cost);
  return await deriveKey(password, salt, cost);
}

/** KEK, 32 bytes, which the caller wipes. @throws ProtocolError passkey-refused */
async function openKept(
  subtle: SubtleCrypto,
  { headerHash }: VerifiedVault,
  output: Uint8Array,
  passkey: KeptPasskey | undefined,
): Promise<Bytes> {
  if (passkey === undefined) throw new ProtocolError('passkey-refused', 'No passkey opens this vault.');
  return await openKek(subtle, { output, headerHash }, passkey.sealedKek);
}
