// Keys that JavaScript cannot read back, in WebCrypto (docs/protocol.md clause 3): both KDF families over a key that was brought in once.
// CMAC is AES-CBC whose last block has the subkey XORed in (SP 800-38B clause 6.2). Is handed crypto.subtle; knows no vault.
import { type Bytes, concat, copy, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { Label } from '#protocol/tkl/key-tree.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

const BLOCK = 16;
const ZERO_IV = new Uint8Array(BLOCK);
const SALT = ascii('TKL1');
/** [L] of SP 800-108r1: the output has 256 bits. */
const OUTPUT_BITS = 0x100;
/** RFC 8410 clause 7: what stands before the seed in PKCS #8. */
const ED25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** A key of the key tree: T or K_D. */
export interface KeptKey {
  readonly family: KdfFamily;
  readonly key: CryptoKey;
}

/** `octets` (32 bytes) remain the caller's to wipe. */
export async function keepKey(subtle: SubtleCrypto, family: KdfFamily, octets: Uint8Array): Promise<KeptKey> {
  requireLength('key', octets, 32);
  const raw = copy(octets);
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

/** KDF(K, Label, Context), 32 bytes, which the caller wipes; `context` has 32 bytes. */
export async function deriveFromKept(
  subtle: SubtleCrypto,
  { family, key }: KeptKey,
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
      halves.push(await cmacWithKept(subtle, key, concat(u32(counter), info, u32(OUTPUT_BITS))));
    }
    // With a buffer of its own it is not moved by the garbage collector, which wipes nothing where it was.
    const derived = new Uint8Array(new ArrayBuffer(2 * BLOCK));
    for (const [i, half] of halves.entries()) derived.set(half, i * BLOCK);
    return derived;
  } finally {
    wipe(...halves);
  }
}

/** AES-CMAC, 16 bytes, of one whole block or more. */
async function cmacWithKept(subtle: SubtleCrypto, key: CryptoKey, message: Bytes): Promise<Bytes> {
  if (message.length === 0 || message.length % BLOCK !== 0) throw new RangeError('message is not of whole blocks');
  const encrypt = async (octets: Bytes): Promise<Bytes> =>
    new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv: ZERO_IV }, key, octets));
  const zero = await encrypt(new Uint8Array(BLOCK));
  const subkey = doubled(zero.subarray(0, BLOCK));
  const last = message.length - BLOCK;
  const masked = copy(message);
  for (let i = 0; i < BLOCK; i++) masked[last + i] = (masked[last + i] ?? 0) ^ (subkey[i] ?? 0);
  const chained = await encrypt(masked);
  try {
    // The block behind it is WebCrypto's own padding.
    return chained.slice(last, last + BLOCK);
  } finally {
    wipe(zero, subkey, masked, chained);
  }
}

/** K1 of SP 800-38B clause 6.1: L · x in GF(2^128). */
function doubled(block: Uint8Array): Bytes {
  const result = new Uint8Array(BLOCK);
  for (let i = 0; i < BLOCK; i++) result[i] = ((block[i] ?? 0) << 1) | ((block[i + 1] ?? 0) >> 7);
  if (((block[0] ?? 0) & 0x80) !== 0) result[BLOCK - 1] = (result[BLOCK - 1] ?? 0) ^ 0x87;
  return result;
}

/** Ed25519 (RFC 8032), of a seed of 32 bytes that remains the caller's to wipe. */
export async function keepSigningKey(subtle: SubtleCrypto, seed: Uint8Array): Promise<CryptoKey> {
  requireLength('seed', seed, 32);
  const pkcs8 = concat(ED25519_PKCS8, seed);
  try {
    return await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  } finally {
    wipe(pkcs8);
  }
}

/** 64 bytes. */
export async function signWithKept(subtle: SubtleCrypto, key: CryptoKey, message: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await subtle.sign('Ed25519', key, copy(message)));
}

/**
 * Octets that have to be read again for a moment (TA): at rest under a key that cannot be read, in clear only in the copy that open()
 * hands out.
 */
export class Shelf {
  readonly #subtle: SubtleCrypto;
  readonly #key: CryptoKey;
  #count = 0;

  private constructor(subtle: SubtleCrypto, key: CryptoKey) {
    this.#subtle = subtle;
    this.#key = key;
  }

  static async make(subtle: SubtleCrypto): Promise<Shelf> {
    return new Shelf(subtle, await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']));
  }

  /** `octets` remain the caller's to wipe. Returns the way back to a copy, which its caller wipes. */
  async put(octets: Uint8Array): Promise<() => Promise<Bytes>> {
    const algorithm = { name: 'AES-GCM', iv: concat(u32(0), u32(0), u32(++this.#count)) };
    const plain = copy(octets);
    try {
      const sealed = await this.#subtle.encrypt(algorithm, this.#key, plain);
      return async () => new Uint8Array(await this.#subtle.decrypt(algorithm, this.#key, sealed));
    } finally {
      wipe(plain);
    }
  }
}
