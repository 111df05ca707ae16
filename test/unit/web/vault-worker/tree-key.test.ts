import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { deriveKey, type Label } from '#protocol/tkl/key-tree.ts';
import { deriveWith, importSigningKey, importTreeKey, signWith } from '#web/vault-worker/tree-key.ts';

const { subtle } = globalThis.crypto;
const LABELS: readonly Label[] = ['TKL1DEV', 'TKL1CHL', 'TKL1OPK'];
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('a WebCrypto key', () => {
  it.each(['cmac', 'hmac'] as const)('derives the same keys as the key tree in the %s family', async (family) => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, fc.constantFrom(...LABELS), async (key, context, label) => {
        const treeKey = await importTreeKey(subtle, family, key);
        expect(await deriveWith(subtle, treeKey, label, context)).toEqual(deriveKey(family, key, label, context));
      }),
      { numRuns: 50 },
    );
  });

  it.each(['cmac', 'hmac'] as const)('cannot be exported in the %s family', async (family) => {
    const { key } = await importTreeKey(subtle, family, sha256(ascii('a key')));
    expect(key.extractable).toBe(false);
    await expect(subtle.exportKey('raw', key)).rejects.toThrow();
  });

  it('signs as in test 1 of RFC 8032, and cannot be exported', async () => {
    const seed = fromHex('9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60');
    const key = await importSigningKey(subtle, seed);
    const signature = await signWith(subtle, key, new Uint8Array(0));
    expect(isSignedBy(ed25519PublicKey(seed), new Uint8Array(0), signature)).toBe(true);
    expect(key.extractable).toBe(false);
  });

  it('refuses a key of another length', async () => {
    await expect(importTreeKey(subtle, 'cmac', new Uint8Array(16))).rejects.toThrow(RangeError);
    await expect(importSigningKey(subtle, new Uint8Array(64))).rejects.toThrow(RangeError);
  });
});
