// The sealed part of a vault, which contains its keys (docs/protocol.md clause 10.3). Encoded as
// bytes and not as JSON, so that all keys are in one buffer, which can be wiped.
import { type Bytes, concat, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '../bytes/integers.ts';
import { ascii } from '../bytes/text.ts';
import { openAead, sealAead } from '../crypto/aead.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';

export interface VaultDeviceKey {
  readonly tkv: number;
  /** 16 bytes. */
  readonly sn: Bytes;
  /** K_D of that unit under that TKV, 32 bytes. Secret. */
  readonly key: Bytes;
}

export interface VaultTransportKey {
  readonly tkv: number;
  /** T, 32 bytes. Secret. */
  readonly key: Bytes;
}

export interface VaultApplicationKey {
  readonly ref1: number;
  /** TA, 16, 24 or 32 bytes. Secret. */
  readonly key: Bytes;
}

export interface VaultSecrets {
  /** Ed25519 seed, 32 bytes: signs DATA (SIG). */
  readonly dataKey: Bytes;
  /** Ed25519 seed, 32 bytes: signs the journal. */
  readonly journalKey: Bytes;
  /** One TA for each key entry, except entries that erase a slot or replace T. */
  readonly applicationKeys: readonly VaultApplicationKey[];
  /** Device keys of the listed units; empty in an open vault. */
  readonly deviceKeys: readonly VaultDeviceKey[];
  /** Versions of T in an open vault; empty in any other vault. */
  readonly transportKeys: readonly VaultTransportKey[];
}

/** Identifies the vault in the associated data of the AEAD. */
export interface VaultName {
  /** 16 bytes. */
  readonly vaultId: Uint8Array;
  readonly asNumber: number;
}

const MAGIC = ascii('KFVAULT1');
const SEED_LENGTH = 32;
/**
 * A constant nonce is safe: each vault file has its own salt, so each KEK seals only one plaintext.
 */
const NONCE = new Uint8Array(12);

/** Seals with ChaCha20-Poly1305 under KEK (32 bytes). */
export function sealVaultSecrets(secrets: VaultSecrets, name: VaultName, key: Uint8Array): Bytes {
  const plaintext = encodeVaultSecrets(secrets);
  try {
    return sealAead({ key, nonce: NONCE, aad: associatedData(name) }, plaintext);
  } finally {
    wipe(plaintext);
  }
}

/**
 * Opens the sealed part. The caller has verified `sealed` by its hash in the header, so only a
 * wrong passphrase makes this fail. The keys are views of one buffer, and wipeVaultSecrets() wipes
 * them all.
 * @throws ProtocolError passphrase-wrong, vault-malformed
 */
export function openVaultSecrets(sealed: Uint8Array, name: VaultName, key: Uint8Array): VaultSecrets {
  const plaintext = openSeal(sealed, name, key);
  try {
    return decodeVaultSecrets(plaintext);
  } catch (cause) {
    wipe(plaintext);
    throw cause;
  }
}

function openSeal(sealed: Uint8Array, name: VaultName, key: Uint8Array): Bytes {
  try {
    return openAead({ key, nonce: NONCE, aad: associatedData(name) }, sealed);
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new ProtocolError('passphrase-wrong', 'The passphrase does not open the vault.', { cause });
  }
}

export function wipeVaultSecrets(secrets: VaultSecrets | undefined): void {
  if (secrets === undefined) return;
  const { dataKey, journalKey, applicationKeys, deviceKeys, transportKeys } = secrets;
  wipe(dataKey, journalKey);
  for (const { key } of [...applicationKeys, ...deviceKeys, ...transportKeys]) wipe(key);
}

/** Returns the plaintext of the sealed part, which the caller wipes. */
export function encodeVaultSecrets(secrets: VaultSecrets): Bytes {
  const { dataKey, journalKey, applicationKeys, deviceKeys, transportKeys } = secrets;
  requireLength('dataKey', dataKey, SEED_LENGTH);
  requireLength('journalKey', journalKey, SEED_LENGTH);
  const parts: (Uint8Array | number)[] = [dataKey, journalKey, u16(applicationKeys.length)];
  for (const { ref1, key } of applicationKeys) {
    requireLength('application key', key, 16, 24, 32);
    parts.push(u16(ref1), key.length, key);
  }
  parts.push(u32(deviceKeys.length));
  for (const { tkv, sn, key } of deviceKeys) {
    requireLength('sn', sn, 16);
    requireLength('device key', key, 32);
    parts.push(tkv, sn, key);
  }
  parts.push(transportKeys.length);
  for (const { tkv, key } of transportKeys) {
    requireLength('transport key', key, 32);
    parts.push(tkv, key);
  }
  return concat(...parts);
}

/** Returns keys that are views of `bytes`. @throws ProtocolError vault-malformed */
export function decodeVaultSecrets(bytes: Bytes): VaultSecrets {
  let offset = 0;
  const take = (length: number): Bytes => {
    if (offset + length > bytes.length) throw malformed();
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  const list = <Item>(count: number, item: () => Item): Item[] => Array.from({ length: count }, item);
  const dataKey = take(SEED_LENGTH);
  const journalKey = take(SEED_LENGTH);
  const applicationKeys = list(readU16(take(2), 0), () => {
    const ref1 = readU16(take(2), 0);
    const length = readU8(take(1), 0);
    if (![16, 24, 32].includes(length)) throw malformed();
    return { ref1, key: take(length) };
  });
  const units = readU32(take(4), 0);
  // Checks the count before a list of that length is allocated.
  if (units * 49 > bytes.length) throw malformed();
  const deviceKeys = list(units, () => ({ tkv: readU8(take(1), 0), sn: take(16), key: take(32) }));
  const transportKeys = list(readU8(take(1), 0), () => ({ tkv: readU8(take(1), 0), key: take(32) }));
  if (offset !== bytes.length) throw malformed();
  return { dataKey, journalKey, applicationKeys, deviceKeys, transportKeys };
}

/** Returns K_D of a unit; undefined if the vault has none. */
export function findDeviceKey(
  { deviceKeys }: VaultSecrets,
  { tkv, sn }: { readonly tkv: number; readonly sn: Uint8Array },
): VaultDeviceKey | undefined {
  return deviceKeys.find((each) => each.tkv === tkv && equalBytes(each.sn, sn));
}

function associatedData({ vaultId, asNumber }: VaultName): Bytes {
  requireLength('vaultId', vaultId, 16);
  return concat(MAGIC, vaultId, u16(asNumber));
}

function malformed(): ProtocolError {
  return new ProtocolError('vault-malformed', 'The sealed part of the vault is malformed.');
}
