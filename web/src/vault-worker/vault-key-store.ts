// The KeyStore of an unlocked vault (docs/protocol.md clause 10). K_D, or T in an open vault, is a
// WebCrypto key that JavaScript cannot read. TA and the keys that clause 8 distributes are wrapped
// (key-wrapper.ts). They are in clear only while the worker seals DATA.
import type { KeyStore } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveKey, deviceContext, type Label, type UnitId } from '#protocol/tkl/key-tree.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import { familyOf, type VaultHeaderJson } from '#protocol/vault/header.ts';
import type { VaultSecrets } from '#protocol/vault/secrets.ts';
import { KeyWrapper, type Unwrap } from './key-wrapper.ts';
import { deriveWith, importSigningKey, importTreeKey, signWith, type TreeKey } from './tree-key.ts';

interface VaultKeys {
  /** Indexed by TKV and SN. */
  readonly deviceKeys: ReadonlyMap<string, TreeKey>;
  /** Indexed by TKV. Empty unless this is an open vault. */
  readonly transportKeys: ReadonlyMap<number, TreeKey>;
  /** Indexed by REF1. */
  readonly applicationKeys: ReadonlyMap<number, Unwrap>;
  /**
   * New T or K_D for units that replace theirs (clause 8). T is indexed by TKV, K_D by TKV and SN.
   */
  readonly replacements: ReadonlyMap<string, Unwrap>;
  readonly dataKey: CryptoKey;
  readonly journalKey: CryptoKey;
}

export class VaultKeyStore implements KeyStore {
  readonly #subtle: SubtleCrypto;
  readonly #header: VaultHeaderJson;
  readonly #keys: VaultKeys;

  private constructor(subtle: SubtleCrypto, header: VaultHeaderJson, keys: VaultKeys) {
    this.#subtle = subtle;
    this.#header = header;
    this.#keys = keys;
  }

  /** Imports `secrets`, which the caller wipes. */
  static async create(subtle: SubtleCrypto, header: VaultHeaderJson, secrets: VaultSecrets): Promise<VaultKeyStore> {
    return new VaultKeyStore(subtle, header, await importKeys(subtle, header, secrets));
  }

  async deriveFromDeviceKey(unit: UnitId, family: KdfFamily, label: Label, context: Uint8Array): Promise<Bytes> {
    const transportKey = this.#keys.transportKeys.get(unit.tkv);
    if (transportKey === undefined) {
      const deviceKey = this.#keys.deviceKeys.get(nameOf(unit));
      if (deviceKey === undefined) throw missing(unit);
      return await deriveWith(this.#subtle, deviceKey, label, context);
    }
    const deviceKey = await deriveWith(this.#subtle, transportKey, 'TKL1DEV', deviceContext(unit));
    try {
      return deriveKey(family, deviceKey, label, context);
    } finally {
      wipe(deviceKey);
    }
  }

  async copyApplicationKey(_set: number, ref1: number): Promise<Bytes> {
    const unwrap = this.#keys.applicationKeys.get(ref1);
    if (unwrap === undefined)
      throw new ProtocolError('key-unknown', `The vault holds no key of REF1 ${hexNumber(ref1, 4)}.`);
    return await unwrap();
  }

  async copyTransportKeyFor(unit: UnitId): Promise<Bytes> {
    const transportKey = this.#keys.transportKeys.get(unit.tkv);
    if (transportKey !== undefined && this.#header.set.profile === 'diversified') {
      return await deriveWith(this.#subtle, transportKey, 'TKL1DEV', deviceContext(unit));
    }
    const unwrap = this.#keys.replacements.get(transportKey === undefined ? nameOf(unit) : String(unit.tkv));
    if (unwrap === undefined) throw missing(unit);
    return await unwrap();
  }

  signData(message: Uint8Array): Promise<Bytes> {
    return signWith(this.#subtle, this.#keys.dataKey, message);
  }

  /** Returns the signature of the vault journal, 64 bytes. */
  signJournal(message: Uint8Array): Promise<Bytes> {
    return signWith(this.#subtle, this.#keys.journalKey, message);
  }

  random(length: number): Bytes {
    return crypto.getRandomValues(new Uint8Array(length));
  }
}

async function importKeys(subtle: SubtleCrypto, header: VaultHeaderJson, secrets: VaultSecrets): Promise<VaultKeys> {
  const wrapper = await KeyWrapper.create(subtle);
  const distributed = new Set(header.set.keys.filter(({ slot }) => slot === TRANSPORT_KEY_SLOT).map(({ akv }) => akv));
  const [deviceKeys, transportKeys, applicationKeys, replacements] = [
    new Map<string, TreeKey>(),
    new Map<number, TreeKey>(),
    new Map<number, Unwrap>(),
    new Map<string, Unwrap>(),
  ];
  for (const { ref1, key } of secrets.applicationKeys) applicationKeys.set(ref1, await wrapper.wrap(key));
  for (const { tkv, sn, key } of secrets.deviceKeys) {
    const name = nameOf({ tkv, sn });
    deviceKeys.set(name, await importTreeKey(subtle, requireFamily(header, tkv), key));
    if (distributed.has(tkv)) replacements.set(name, await wrapper.wrap(key));
  }
  for (const { tkv, key } of secrets.transportKeys) {
    transportKeys.set(tkv, await importTreeKey(subtle, requireFamily(header, tkv), key));
    if (distributed.has(tkv) && header.set.profile === 'shared') replacements.set(String(tkv), await wrapper.wrap(key));
  }
  const dataKey = await importSigningKey(subtle, secrets.dataKey);
  const journalKey = await importSigningKey(subtle, secrets.journalKey);
  return { deviceKeys, transportKeys, applicationKeys, replacements, dataKey, journalKey };
}

function requireFamily(header: VaultHeaderJson, tkv: number): KdfFamily {
  const family = familyOf(header, tkv);
  if (family !== undefined) return family;
  throw new ProtocolError(
    'vault-malformed',
    `The sealed part has a key of version ${tkv}, which is missing in the header.`,
  );
}

function nameOf({ tkv, sn }: Pick<UnitId, 'tkv' | 'sn'>): string {
  return `${tkv} ${toHex(sn)}`;
}

function missing({ tkv, sn }: UnitId): ProtocolError {
  return new ProtocolError('set-unknown', `The vault holds no key of version ${tkv} for unit ${toHex(sn)}.`);
}
