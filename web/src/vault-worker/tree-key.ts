// Derives keys and signs with WebCrypto keys that JavaScript cannot read. These are T and K_D of
// both KDF families (docs/protocol.md clause 3), and Ed25519 keys. WebCrypto has no CMAC, so CMAC
// is computed as AES-CBC with the subkey XORed into the last block (SP 800-38B clause 6.2).
import { type Bytes, concat, copy, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { Label } from '#protocol/tkl/key-tree.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

const BLOCK = 16;
const ZERO_IV = new Uint8Array(BLOCK);
const SALT = ascii('TKL1');
/** [L] of SP 800-108r1, the length of the output in bits. */
const OUTPUT_BITS = 0x100;
/** PKCS #8 prefix of an Ed25519 seed (RFC 8410 clause 7). */
const ED25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** T or K_D. */
export interface TreeKey {
  readonly family: KdfFamily;
  readonly key: CryptoKey;
}

/** Imports T or K_D, 32 bytes, which the caller wipes. @throws RangeError for another length */
export async function importTreeKey(subtle: SubtleCrypto, family: KdfFamily, bytes: Uint8Array): Promise<TreeKey> {
  requireLength('key', bytes, 32);
  const raw = copy(bytes);
  try {
    const key =
      family === 'cmac'
        ? await subtle.importKey('raw', raw, 'AES-CBC', false, ['encrypt'])
        : await subtle.importKey('raw', raw, 'HKDF', false, ['deriveBits']);
    return { family, key };
  } finally {
    wipe(raw);
  }
}

/** Returns KDF(K, Label, Context), 32 bytes, which the caller wipes. `context` has 32 bytes. */
export async function deriveWith(
  subtle: SubtleCrypto,
  { family, key }: TreeKey,
  label: Label,
  context: Uint8Array,
): Promise<Bytes> {
  requireLength('context', context, 32);
  const info = concat(ascii(label), 0x00, context);
  if (family === 'hmac') {
    const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: SALT, info };
    return new Uint8Array(await subtle.deriveBits(algorithm, key, OUTPUT_BITS));
  }
  const halves: Bytes[] = [];
  try {
    for (const counter of [1, 2]) {
      halves.push(await cmacWith(subtle, key, concat(u32(counter), info, u32(OUTPUT_BITS))));
    }
    // The garbage collector may move a small typed array and leave a copy behind. It never moves
    // the bytes of an ArrayBuffer.
    const derived = new Uint8Array(new ArrayBuffer(2 * BLOCK));
    for (const [i, half] of halves.entries()) derived.set(half, i * BLOCK);
    return derived;
  } finally {
    wipe(...halves);
  }
}

/** Returns AES-CMAC, 16 bytes. @throws RangeError unless `message` is one or more whole blocks */
async function cmacWith(subtle: SubtleCrypto, key: CryptoKey, message: Bytes): Promise<Bytes> {
  if (message.length === 0 || message.length % BLOCK !== 0) throw new RangeError('message has no whole blocks');
  const encrypt = async (bytes: Bytes): Promise<Bytes> =>
    new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv: ZERO_IV }, key, bytes));
  const zero = await encrypt(new Uint8Array(BLOCK));
  const subkey = doubled(zero.subarray(0, BLOCK));
  const last = message.length - BLOCK;
  const masked = copy(message);
  for (let i = 0; i < BLOCK; i++) masked[last + i] = (masked[last + i] ?? 0) ^ (subkey[i] ?? 0);
  const chained = await encrypt(masked);
  try {
    // Leaves out the block of padding that WebCrypto appends.
    return chained.slice(last, last + BLOCK);
  } finally {
    wipe(zero, subkey, masked, chained);
  }
}

/** Returns L · x in GF(2^128), the subkey K1 of SP 800-38B clause 6.1. */
function doubled(block: Uint8Array): Bytes {
  const result = new Uint8Array(BLOCK);
  for (let i = 0; i < BLOCK; i++) result[i] = ((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7);
  if (((block[0] ?? 0) & 0x80) !== 0) result[BLOCK - 1] = (result[BLOCK - 1] ?? 0) ^ 0x87;
  return result;
}

/**
 * Imports an Ed25519 key (RFC 8032). `seed` has 32 bytes, which the caller wipes.
 * @throws RangeError for another length
 */
export async function importSigningKey(subtle: SubtleCrypto, seed: Uint8Array): Promise<CryptoKey> {
  requireLength('seed', seed, 32);
  const pkcs8 = concat(ED25519_PKCS8, seed);
  try {
    return await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  } finally {
    wipe(pkcs8);
  }
}

/** Returns an Ed25519 signature, 64 bytes. */
export async function signWith(subtle: SubtleCrypto, key: CryptoKey, message: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await subtle.sign('Ed25519', key, copy(message)));
}
