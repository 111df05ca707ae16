// Seals a vault's KEK for a passkey with AES-256-GCM (docs/adr/0038). HKDF derives the sealing key
// from the output of the passkey's PRF and the hash of the vault's header.
import { type Bytes, concat, copy, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';

const SALT = ascii('KFPASSKEY1');
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const KEK_LENGTH = 32;
const SEALED_LENGTH = IV_LENGTH + KEK_LENGTH + TAG_LENGTH;

export interface PasskeyOutput {
  /** Output of the passkey's PRF, 32 bytes. The caller wipes it. */
  readonly output: Uint8Array;
  /** SHA-256 of the vault's header, 32 bytes. It binds the sealed KEK to the vault file. */
  readonly headerHash: Uint8Array;
}

/** Returns IV ‖ ciphertext ‖ tag, 60 bytes. `kek` has 32 bytes, which the caller wipes. */
export async function sealKek(subtle: SubtleCrypto, from: PasskeyOutput, kek: Uint8Array): Promise<Bytes> {
  requireLength('kek', kek, KEK_LENGTH);
  const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
  const plain = copy(kek);
  try {
    const sealed = await subtle.encrypt({ name: 'AES-GCM', iv }, await sealingKey(subtle, from, 'encrypt'), plain);
    return concat(iv, new Uint8Array(sealed));
  } finally {
    wipe(plain);
  }
}

/**
 * Returns KEK, 32 bytes, which the caller wipes.
 * @throws ProtocolError passkey-refused for another passkey or file
 */
export async function openKek(subtle: SubtleCrypto, from: PasskeyOutput, sealed: Uint8Array): Promise<Bytes> {
  requireLength('sealed', sealed, SEALED_LENGTH);
  const key = await sealingKey(subtle, from, 'decrypt');
  const algorithm = { name: 'AES-GCM', iv: copy(sealed.subarray(0, IV_LENGTH)) };
  try {
    return new Uint8Array(await subtle.decrypt(algorithm, key, copy(sealed.subarray(IV_LENGTH))));
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new ProtocolError('passkey-refused', 'The passkey does not open this vault.', { cause });
  }
}

async function sealingKey(
  subtle: SubtleCrypto,
  { output, headerHash }: PasskeyOutput,
  usage: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  requireLength('output', output, 32);
  requireLength('headerHash', headerHash, 32);
  const raw = copy(output);
  try {
    const material = await subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: SALT, info: copy(headerHash) };
    return await subtle.deriveKey(algorithm, material, { name: 'AES-GCM', length: 256 }, false, [usage]);
  } finally {
    wipe(raw);
  }
}
