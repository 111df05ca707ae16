// Vaults for tests: vault files, and an unlocked vault that uses protocol/as-unit with a vault
// journal in memory.
import { randomBytes } from 'node:crypto';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type { ExportRecord, Memory, Reservation, UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { transportKeyStore } from '#protocol/as-unit/transport-key-store.ts';
import { type KeyStore, TreeKeyCrypto } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { type Argon2Cost, argon2id } from '#protocol/crypto/argon2.ts';
import { ed25519PublicKey, isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { CERTIFICATE_TYPE, type CertificateJson } from '#protocol/service/messages.ts';
import { type Envelope, type Signer, sealEnvelope, type Verify } from '#protocol/signing/envelope.ts';
import { keyCheckValue, NO_KCV } from '#protocol/tkl/body.ts';
import { decodeHeader, HEADER_LENGTH } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey } from '#protocol/tkl/key-tree.ts';
import { type KdfFamily, SUITES } from '#protocol/tkl/suites.ts';
import { decodeVaultFile, type VerifiedVault, verifyVaultFile } from '#protocol/vault/file.ts';
import { familyOf, keyFactsOf, type VaultHeaderJson, vaultCost, vaultName } from '#protocol/vault/header.ts';
import { issueVaultFile } from '#protocol/vault/issue.ts';
import {
  encodeVaultJournal,
  JOURNAL_TYPE,
  nextVaultEntry,
  type VaultEntryJson,
  type VaultEventJson,
} from '#protocol/vault/journal.ts';
import { deriveVaultKey, type PasswordKey } from '#protocol/vault/passphrase.ts';
import { requireQuota, requireServed, requireValid } from '#protocol/vault/policy.ts';
import { findDeviceKey, openVaultSecrets, type VaultSecrets } from '#protocol/vault/secrets.ts';

/** The lowest Argon2id cost that a reader accepts. Tests use it because they open many vaults. */
const MIN_COST: Argon2Cost = { memoryKib: 47_104, passes: 1, lanes: 1 };

/** A fast and insecure derivation, for tests that do not depend on Argon2id. */
export const quickKey: PasswordKey = async (password, salt) => sha256(Buffer.concat([password, salt]));

export const verifyEd25519: Verify = isSignedBy;

export function signerOf(secretKey: Uint8Array): Signer {
  return { publicKey: ed25519PublicKey(secretKey), sign: (message) => signEd25519(secretKey, message) };
}

export interface TestVaultKey {
  readonly ref1: number;
  readonly label?: string;
  /** Empty for an entry that erases a slot. */
  readonly attributes?: string;
  readonly akv: number;
  readonly slot?: number;
  /** TA. Absent for an entry that erases a slot or replaces T. */
  readonly key?: Uint8Array;
}

export interface TestVaultOptions {
  readonly set: number;
  readonly profile?: 'shared' | 'diversified';
  readonly family?: KdfFamily;
  /** Versions of T, 32 bytes each. */
  readonly transportKeys: readonly { readonly tkv: number; readonly key: Uint8Array }[];
  readonly keys: readonly TestVaultKey[];
  /** SNs in hex; null for an open vault. */
  readonly units: readonly string[] | null;
  readonly asNumber?: number;
  readonly quota?: VaultHeaderJson['quota'];
  readonly notBefore?: string;
  readonly expires?: string;
  readonly passphrase?: string;
  readonly cost?: Argon2Cost;
  /** Derives the vault key from the passphrase. Default: Argon2id of noble. */
  readonly derive?: PasswordKey;
  /** Secret Ed25519 key of the AS's root, 32 bytes. Default: random. */
  readonly root?: Uint8Array;
}

export interface TestVault {
  /** Content of the file. */
  readonly text: string;
  readonly passphrase: string;
  readonly header: VaultHeaderJson;
  /** Public root key of the AS, which a page would pin. */
  readonly root: Bytes;
  /** Public key that verifies SIG. */
  readonly dataPublicKey: Bytes;
}

const FROM = '2026-01-01T00:00:00.000Z';
const UNTIL = '2036-01-01T00:00:00.000Z';

export async function createTestVault(options: TestVaultOptions): Promise<TestVault> {
  const { asNumber = 7, passphrase = 'correct horse battery staple', cost = MIN_COST, derive = argon2id } = options;
  const root = signerOf(options.root ?? randomBytes(32));
  const issuer = signerOf(randomBytes(32));
  const secrets = secretsFor(options);
  const certify = (purpose: CertificateJson['purpose'], publicKey: Uint8Array, number: number): Promise<Envelope> => {
    const certificate = { purpose, publicKey: toBase64url(publicKey), asNumber: number, from: FROM, until: UNTIL };
    return sealEnvelope(CERTIFICATE_TYPE, utf8(JSON.stringify(certificate)), root);
  };
  const dataPublicKey = ed25519PublicKey(secrets.dataKey);
  const { text, header } = await issueVaultFile({
    header: {
      vaultId: toBase64url(randomBytes(16)),
      asNumber,
      service: { name: 'Test AS', asNumber: 0 },
      custodian: 'test',
      issued: FROM,
      notBefore: options.notBefore ?? FROM,
      expires: options.expires ?? UNTIL,
      set: setOf(options),
      units: options.units,
      quota: options.quota ?? { exports: 100, perUnit: null },
      dataCertificate: await certify('data', dataPublicKey, asNumber),
      journalCertificate: await certify('vault-journal', ed25519PublicKey(secrets.journalKey), asNumber),
    },
    secrets,
    passphrase,
    cost,
    salt: randomBytes(16),
    derive,
    signer: issuer,
    certificate: await certify('vault', issuer.publicKey, 0),
  });
  return { text, passphrase, header, root: copy(root.publicKey), dataPublicKey };
}

function setOf({ set, profile = 'diversified', family = 'cmac', transportKeys, keys }: TestVaultOptions) {
  const suites = Object.values(SUITES).filter((suite) => suite.family === family);
  return {
    set,
    name: 'Test set',
    profile,
    demo: false,
    transportKeys: transportKeys.map(({ tkv }) => ({ tkv, suites: suites.map(({ id }) => id) })),
    keys: keys.map(({ ref1, label = 'Test key', attributes = 'D0AB00N', akv, slot = 0xffff, key }) => {
      const kcv = toHex((key === undefined ? NO_KCV : keyCheckValue(attributes, key)).value);
      return { ref1, label, attributes, akv, slot, kcv };
    }),
  };
}

function secretsFor({ set, family = 'cmac', transportKeys, keys, units }: TestVaultOptions): VaultSecrets {
  return {
    dataKey: copy(randomBytes(32)),
    journalKey: copy(randomBytes(32)),
    applicationKeys: keys.flatMap(({ ref1, key }) => (key === undefined ? [] : [{ ref1, key: copy(key) }])),
    deviceKeys: (units ?? []).flatMap((text) =>
      transportKeys.map(({ tkv, key }) => {
        const sn = fromHex(text);
        return { tkv, sn, key: deriveDeviceKey(family, key, { set, tkv, sn }) };
      }),
    ),
    transportKeys: units === null ? transportKeys.map(({ tkv, key }) => ({ tkv, key: copy(key) })) : [],
  };
}

/** An unlocked vault. A test can replace its vault journal (`entries`) with an older state. */
export class SoftwareVault implements Memory<undefined> {
  readonly vault: VerifiedVault;
  readonly secrets: VaultSecrets;
  readonly unit: AsUnit;
  entries: VaultEntryJson[] = [];
  exports: ExportRecord[] = [];
  /** The work order that is written into each export; null for none. */
  workOrder: string | null = null;
  readonly #now: () => Date;

  static async open(
    text: string,
    passphrase: string,
    root: Uint8Array,
    { derive = argon2id as PasswordKey, now = () => new Date() } = {},
  ): Promise<SoftwareVault> {
    const vault = await verifyVaultFile(decodeVaultFile(text), [root], verifyEd25519);
    const key = await deriveVaultKey(passphrase, vaultCost(vault.header), derive);
    return new SoftwareVault(vault, openVaultSecrets(vault.sealed, vaultName(vault.header), key), now);
  }

  private constructor(vault: VerifiedVault, secrets: VaultSecrets, now: () => Date) {
    this.vault = vault;
    this.secrets = secrets;
    this.#now = now;
    this.unit = new AsUnit(this, new TreeKeyCrypto(this.#keyStore()));
    this.write({ kind: 'unlocked', by: 'passphrase', refused: 0 });
  }

  get asNumber(): number {
    return this.vault.header.asNumber;
  }

  /** Appends an event to the vault journal. */
  write(event: VaultEventJson): void {
    this.entries.push(nextVaultEntry(this.entries.at(-1), this.vault.headerHash, this.#now().toISOString(), event));
  }

  /** Returns the signed vault journal, as it is returned to the AS. */
  returnJournal(entries: readonly VaultEntryJson[] = this.entries): Promise<Envelope> {
    const { vaultId, asNumber } = this.vault.header;
    const time = this.#now().toISOString();
    const payload = encodeVaultJournal({ format: 1, vaultId, asNumber, time, entries });
    return sealEnvelope(JOURNAL_TYPE, payload, signerOf(this.secrets.journalKey));
  }

  async findTransportKey(set: number, tkv: number) {
    const family = set === this.vault.header.set.set ? familyOf(this.vault.header, tkv) : undefined;
    return family === undefined ? undefined : { family };
  }

  async findKey(set: number, ref1: number) {
    const { header } = this.vault;
    const found = set === header.set.set ? header.set.keys.find((key) => key.ref1 === ref1) : undefined;
    return found === undefined ? undefined : keyFactsOf(found);
  }

  async findExport(sn: Uint8Array, random: Uint8Array): Promise<ExportRecord | undefined> {
    return this.exports.find(
      (record) => equalBytes(record.random, random) && equalBytes(decodeHeader(record.data).sn, sn),
    );
  }

  async findExportByCounter(xc: number): Promise<ExportRecord | undefined> {
    return this.exports[xc - 1];
  }

  async authorise(request: UnitExportRequest): Promise<void> {
    requireValid(this.vault.header, this.#now().getTime());
    requireServed(this.vault.header, request);
  }

  async reserveExport({ unit }: UnitExportRequest): Promise<Reservation> {
    const ofUnit = this.exports.filter(({ data }) => equalBytes(decodeHeader(data).sn, unit.sn)).length;
    requireQuota(this.vault.header, { exports: this.exports.length, ofUnit });
    return {
      xc: this.exports.length + 1,
      commit: async (record) => {
        this.exports.push(record);
        this.write({
          kind: 'export',
          header: toBase64url(record.data.subarray(0, HEADER_LENGTH)),
          random: toBase64url(record.random),
          dataHash: toBase64url(sha256(record.data)),
          idempotencyKey: toBase64url(randomBytes(16)),
          workOrder: this.workOrder,
        });
      },
      release: () => undefined,
    };
  }

  async commitReceipt(record: ExportRecord, receipt: Uint8Array): Promise<void> {
    const { xc } = decodeHeader(record.data);
    this.exports[xc - 1] = { ...record, receipt: copy(receipt) };
    this.write({ kind: 'receipt', xc, receipt: toBase64url(receipt) });
  }

  #keyStore(): KeyStore {
    const { secrets } = this;
    const { set, units } = this.vault.header;
    const applicationKey = (ref1: number) => secrets.applicationKeys.find((each) => each.ref1 === ref1)?.key;
    const store = transportKeyStore({
      copyTransportKey: (_set, tkv) => copyOf(secrets.transportKeys.find((each) => each.tkv === tkv)?.key),
      isDiversified: () => set.profile === 'diversified',
      copyApplicationKey: (_set, ref1) => copyOf(applicationKey(ref1)),
      signData: (message) => signEd25519(secrets.dataKey, message),
      random: (length) => copy(randomBytes(length)),
    });
    if (units === null) return store;
    return {
      ...store,
      deriveFromDeviceKey: async (unit, family, label, context) =>
        deriveKey(family, copyOf(findDeviceKey(secrets, unit)?.key), label, context),
      copyTransportKeyFor: async (unit) => copyOf(findDeviceKey(secrets, unit)?.key),
    };
  }
}

function copyOf(key: Uint8Array | undefined): Bytes {
  if (key === undefined) throw new RangeError('as-unit requested an unknown key');
  return copy(key);
}
