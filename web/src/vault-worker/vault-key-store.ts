// The KeyStore of an open vault (docs/protocol.md clause 10): K_D, or T in an open vault, as keys that JavaScript cannot read; TA, and
// what clause 8 hands to a unit, at rest under such a key and in clear only while a key is sealed. Knows no quota and no journal.
import type { KeyStore } from '#protocol/as-unit/tree-key-crypto.ts';
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveKey, deviceContext, type Label, type UnitId } from '#protocol/tkl/key-tree.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import { familyOf, type VaultHeaderJson } from '#protocol/vault/header.ts';
import type { VaultSecrets } from '#protocol/vault/secrets.ts';
import { deriveFromKept, type KeptKey, keepKey, keepSigningKey, Shelf, signWithKept } from './wrapped-key.ts';

type Copy = () => Promise<Bytes>;

interface Kept {
  /** By TKV and SN. */
  readonly deviceKeys: ReadonlyMap<string, KeptKey>;
  /** By TKV; none but in an open vault. */
  readonly transportKeys: ReadonlyMap<number, KeptKey>;
  /** By REF1. */
  readonly applicationKeys: ReadonlyMap<number, Copy>;
  /** What a unit is given in the place of its T (clause 8): by TKV and SN a K_D, by TKV alone T itself. */
  readonly replacements: ReadonlyMap<string, Copy>;
  readonly dataKey: CryptoKey;
  readonly journalKey: CryptoKey;
}

export class VaultKeyStore implements KeyStore {
  readonly #subtle: SubtleCrypto;
  readonly #header: VaultHeaderJson;
  readonly #kept: Kept;

  private constructor(subtle: SubtleCrypto, header: VaultHeaderJson, kept: Kept) {
    this.#subtle = subtle;
    this.#header = header;
    this.#kept = kept;
  }

  /** `secrets` remain the caller's to wipe. */
  static async furnish(subtle: SubtleCrypto, header: VaultHeaderJson, secrets: VaultSecrets): Promise<VaultKeyStore> {
    return new VaultKeyStore(subtle, header, await keepAll(subtle, header, secrets));
  }

  async deriveFromDeviceKey(unit: UnitId, family: KdfFamily, label: Label, context: Uint8Array): Promise<Bytes> {
    const transportKey = this.#kept.transportKeys.get(unit.tkv);
    if (transportKey === undefined) {
      const deviceKey = this.#kept.deviceKeys.get(nameOf(unit));
      if (deviceKey === undefined) throw missing(unit);
      return await deriveFromKept(this.#subtle, deviceKey, label, context);
    }
    const deviceKey = await deriveFromKept(this.#subtle, transportKey, 'TKL1DEV', deviceContext(unit));
    try {
      return deriveKey(family, deviceKey, label, context);
    } finally {
      wipe(deviceKey);
    }
  }

  async copyApplicationKey(_set: number, ref1: number): Promise<Bytes> {
    const copy = this.#kept.applicationKeys.get(ref1);
    if (copy === undefined) throw new ProtocolError('key-unknown', `The vault holds no key of REF1 ${ref1}.`);
    return await copy();
  }

  async copyTransportKeyFor(unit: UnitId): Promise<Bytes> {
    const transportKey = this.#kept.transportKeys.get(unit.tkv);
    if (transportKey !== undefined && this.#header.set.profile === 'diversified') {
      return await deriveFromKept(this.#subtle, transportKey, 'TKL1DEV', deviceContext(unit));
    }
    const copy = this.#kept.replacements.get(transportKey === undefined ? nameOf(unit) : String(unit.tkv));
    if (copy === undefined) throw missing(unit);
    return await copy();
  }

  signData(message: Uint8Array): Promise<Bytes> {
    return signWithKept(this.#subtle, this.#kept.dataKey, message);
  }

  /** The vault's word on its journal. 64 bytes. */
  signJournal(message: Uint8Array): Promise<Bytes> {
    return signWithKept(this.#subtle, this.#kept.journalKey, message);
  }

  random(length: number): Bytes {
    return crypto.getRandomValues(new Uint8Array(length));
  }
}

async function keepAll(subtle: SubtleCrypto, header: VaultHeaderJson, secrets: VaultSecrets): Promise<Kept> {
  const shelf = await Shelf.make(subtle);
  const given = new Set(header.set.keys.filter(({ slot }) => slot === TRANSPORT_KEY_SLOT).map(({ akv }) => akv));
  const [deviceKeys, transportKeys, applicationKeys, replacements] = [
    new Map<string, KeptKey>(),
    new Map<number, KeptKey>(),
    new Map<number, Copy>(),
    new Map<string, Copy>(),
  ];
  for (const { ref1, key } of secrets.applicationKeys) applicationKeys.set(ref1, await shelf.put(key));
  for (const { tkv, sn, key } of secrets.deviceKeys) {
    const name = nameOf({ tkv, sn });
    deviceKeys.set(name, await keepKey(subtle, requireFamily(header, tkv), key));
    if (given.has(tkv)) replacements.set(name, await shelf.put(key));
  }
  for (const { tkv, key } of secrets.transportKeys) {
    transportKeys.set(tkv, await keepKey(subtle, requireFamily(header, tkv), key));
    if (given.has(tkv) && header.set.profile === 'shared') replacements.set(String(tkv), await shelf.put(key));
  }
  const dataKey = await keepSigningKey(subtle, secrets.dataKey);
  const journalKey = await keepSigningKey(subtle, secrets.journalKey);
  return { deviceKeys, transportKeys, applicationKeys, replacements, dataKey, journalKey };
}

function requireFamily(header: VaultHeaderJson, tkv: number): KdfFamily {
  const family = familyOf(header, tkv);
  if (family !== undefined) return family;
  throw new ProtocolError('vault-malformed', `The sealed part has a key of version ${tkv}, which the header has not.`);
}

function nameOf({ tkv, sn }: Pick<UnitId, 'tkv' | 'sn'>): string {
  return `${tkv} ${toHex(sn)}`;
}

function missing({ tkv, sn }: UnitId): ProtocolError {
  return new ProtocolError('set-unknown', `The vault holds no key of version ${tkv} for unit ${toHex(sn)}.`);
}
