// Keys in WebCrypto derive what the specification's own functions derive, and cannot be read back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { deriveKey, type Label } from '#protocol/tkl/key-tree.ts';
import { deriveFromKept, keepKey, keepSigningKey, Shelf, signWithKept } from '#web/vault-worker/wrapped-key.ts';

const { subtle } = globalThis.crypto;
const LABELS: readonly Label[] = ['TKL1DEV', 'TKL1CHL', 'TKL1OPK'];
const octets = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a kept key', () => {
  it.each(['cmac', 'hmac'] as const)('derives as the key tree does in the %s family', async (family) => {
    await fc.assert(
      fc.asyncProperty(octets, octets, fc.constantFrom(...LABELS), async (key, context, label) => {
        const kept = await keepKey(subtle, family, key);
        expect(await deriveFromKept(subtle, kept, label, context)).toEqual(deriveKey(family, key, label, context));
      }),
      { numRuns: 50 },
    );
  });

  it.each(['cmac', 'hmac'] as const)('cannot be read back in the %s family', async (family) => {
    const { key } = await keepKey(subtle, family, sha256(ascii('a key')));
    expect(key.extractable).toBe(false);
    await expect(subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('signs as RFC 8032 says, test 1, and cannot be read back', async () => {
    const seed = fromHex('9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60');
    const key = await keepSigningKey(subtle, seed);
    const signature = await signWithKept(subtle, key, new Uint8Array(0));
    expect(isSignedBy(ed25519PublicKey(seed), new Uint8Array(0), signature)).toBe(true);
    expect(key.extractable).toBe(false);
  });

  it('refuses octets of another length at the door', async () => {
    await expect(keepKey(subtle, 'cmac', new Uint8Array(16))).rejects.toThrow(RangeError);
    await expect(keepSigningKey(subtle, new Uint8Array(64))).rejects.toThrow(RangeError);
  });
});

describe('the shelf', () => {
  it('hands out copies of what was put, one for each asking', async () => {
    const shelf = await Shelf.make(subtle);
    const [one, two] = [sha256(ascii('one')), sha256(ascii('two'))];
    const openOne = await shelf.put(one);
    const openTwo = await shelf.put(two);
    const first = await openOne();
    expect(first).toEqual(one);
    first.fill(0);
    expect(await openOne()).toEqual(one);
    expect(await openTwo()).toEqual(two);
  });
});
