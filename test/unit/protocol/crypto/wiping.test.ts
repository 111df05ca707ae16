// Intermediate values of the primitives are wiped before the result is returned.
import { beforeEach, expect, it, vi } from 'vitest';
import { isZero } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { argon2id } from '#protocol/crypto/argon2.ts';
import { kbkdfCmac } from '#protocol/crypto/kbkdf.ts';
import { aesKcv, hashKcv } from '#protocol/crypto/kcv.ts';
import { deriveKeyBlockKeys } from '#protocol/crypto/key-block.ts';

/** What the libraries have returned, and the messages that SHA-256 has received. */
const seen = vi.hoisted(() => ({ values: [] as Uint8Array[] }));

vi.mock('@noble/ciphers/aes.js', async (original) => {
  const real = await original<typeof import('@noble/ciphers/aes.js')>();
  const cmac = (...parameters: Parameters<typeof real.cmac>) => {
    const mac = real.cmac(...parameters);
    seen.values.push(mac);
    return mac;
  };
  return { ...real, cmac };
});

vi.mock('@noble/hashes/sha2.js', async (original) => {
  const real = await original<typeof import('@noble/hashes/sha2.js')>();
  const sha256 = (message: Uint8Array) => {
    const digest = real.sha256(message);
    seen.values.push(message, digest);
    return digest;
  };
  return { ...real, sha256 };
});

vi.mock('@noble/hashes/argon2.js', async (original) => {
  const real = await original<typeof import('@noble/hashes/argon2.js')>();
  const argon2idAsync = async (...parameters: Parameters<typeof real.argon2idAsync>) => {
    const key = await real.argon2idAsync(...parameters);
    seen.values.push(key);
    return key;
  };
  return { ...real, argon2idAsync };
});

beforeEach(() => {
  seen.values.length = 0;
});

const KEY = new Uint8Array(32).fill(7);

it.each([
  ['KBKDF', 2, () => kbkdfCmac({ key: KEY, fixedInput: ascii('label'), length: 32 })],
  ['the keys of a key block', 4, () => deriveKeyBlockKeys(KEY).kbek],
  ['the check value of an AES key', 1, () => aesKcv(KEY)],
  ['the check value of another key', 2, () => hashKcv(KEY)],
  ['Argon2id', 1, () => argon2id(ascii('password'), ascii('somesalt'), { memoryKib: 8, passes: 1, lanes: 1 })],
])('%s leaves no intermediate value', async (_, count, compute) => {
  expect(isZero(await compute())).toBe(false);
  expect(seen.values).toHaveLength(count);
  expect(seen.values.every(isZero)).toBe(true);
});
