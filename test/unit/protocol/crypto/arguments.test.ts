// The lengths that the primitives accept, and Ed25519 and the check values against RFC 8032 and
// docs/protocol.md clause 3.7.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { openAead, sealAead } from '#protocol/crypto/aead.ts';
import { ed25519PublicKey, isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { aesKcv, hashKcv } from '#protocol/crypto/kcv.ts';
import { deriveKeyBlockKeys, unwrapKeyBlock, wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { unwrapKey, wrapKey } from '#protocol/crypto/key-wrap.ts';
import { cmac } from '#protocol/crypto/prf.ts';
import { flipBit } from '#test/support/bits.ts';

const zeros = (length: number) => new Uint8Array(length);
const LENGTHS = [16, 24, 32];

// RFC 8032 clause 7.1, test 1.
const SECRET = fromHex('9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60');
const PUBLIC = fromHex('D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A');
const SIGNATURE = fromHex(
  'E5564300C360AC729086E2CC806E828A84877F1EB8E5D974D873E065224901555FB8821590A33BACC61E39701CF9B46BD25BF5F0595BBE24655141438E7A100B',
);

it('Ed25519 signs and verifies as in RFC 8032', () => {
  expect(ed25519PublicKey(SECRET)).toEqual(PUBLIC);
  expect(signEd25519(SECRET, zeros(0))).toEqual(SIGNATURE);
  expect(isSignedBy(PUBLIC, zeros(0), SIGNATURE)).toBe(true);
  expect(isSignedBy(PUBLIC, zeros(1), SIGNATURE)).toBe(false);
  expect(isSignedBy(PUBLIC, zeros(0), flipBit(SIGNATURE, 9))).toBe(false);
  // A public key of small order verifies for every message under the lenient rules of ZIP 215.
  expect(isSignedBy(zeros(32), zeros(0), zeros(64))).toBe(false);
});

it('Ed25519 names an argument of a wrong length', () => {
  expect(() => ed25519PublicKey(zeros(31))).toThrow('secretKey has 31 bytes, not 32');
  expect(() => signEd25519(zeros(33), zeros(0))).toThrow('secretKey has 33 bytes, not 32');
  expect(() => isSignedBy(zeros(31), zeros(0), SIGNATURE)).toThrow('publicKey has 31 bytes, not 32');
  expect(() => isSignedBy(PUBLIC, zeros(0), zeros(63))).toThrow('signature has 63 bytes, not 64');
});

it('AES Key Wrap and CMAC take keys of 16, 24 and 32 bytes, and name others', () => {
  for (const length of LENGTHS) {
    for (const inner of LENGTHS) {
      const wrapped = wrapKey(zeros(length), zeros(inner).fill(7));
      expect(wrapped).toHaveLength(inner + 8);
      expect(unwrapKey(zeros(length), wrapped)).toEqual(zeros(inner).fill(7));
    }
    expect(cmac({ key: zeros(length), message: zeros(0) })).toHaveLength(16);
  }
  for (const length of [0, 8, 17, 25, 33, 40]) {
    expect(() => wrapKey(zeros(length), zeros(16))).toThrow(`kek has ${length} bytes`);
    expect(() => wrapKey(zeros(16), zeros(length))).toThrow(`key has ${length} bytes`);
    expect(() => unwrapKey(zeros(length), zeros(24))).toThrow(`kek has ${length} bytes`);
    expect(() => cmac({ key: zeros(length), message: zeros(0) })).toThrow(`key has ${length} bytes`);
  }
  for (const length of [16, 23, 25, 41, 48]) {
    expect(() => unwrapKey(zeros(16), zeros(length))).toThrow(`wrapped has ${length} bytes`);
  }
});

it('ChaCha20-Poly1305 takes a key of 32 bytes and a nonce of 12 bytes, and names others', () => {
  const right = { key: zeros(32), nonce: zeros(12), aad: zeros(0) };
  expect(openAead(right, sealAead(right, zeros(0)))).toHaveLength(0);
  for (const [wrong, words] of [
    [{ ...right, key: zeros(31) }, 'key has 31 bytes, not 32'],
    [{ ...right, nonce: zeros(13) }, 'nonce has 13 bytes, not 12'],
  ] as const) {
    expect(() => sealAead(wrong, zeros(16))).toThrow(words);
    expect(() => openAead(wrong, zeros(16))).toThrow(words);
  }
});

it('a key block takes a key of 16, 24 or 32 bytes with a pad that fills the block, and names others', () => {
  const wrap = (length: number, pad: number) =>
    wrapKeyBlock(zeros(32), { attributes: 'D0AB00N', optionalBlocks: [], key: zeros(length).fill(7) }, zeros(pad));
  for (const length of LENGTHS) {
    const wrapped = wrap(length, 46 - length);
    expect(wrapped).toHaveLength(144);
    expect(unwrapKeyBlock(zeros(32), wrapped).key).toEqual(zeros(length).fill(7));
    expect(() => wrap(length, 45 - length)).toThrow(`pad has ${45 - length} bytes, not ${46 - length}`);
  }
  expect(() => wrap(20, 26)).toThrow('key has 20 bytes');
  expect(() => deriveKeyBlockKeys(zeros(16))).toThrow('kbpk has 16 bytes, not 32');
});

it('check values are the first 5 bytes of CMAC and of SHA-256', () => {
  for (const length of LENGTHS) {
    const key = zeros(length).fill(length);
    expect(aesKcv(key)).toEqual(cmac({ key, message: zeros(16) }).slice(0, 5));
    const digest = createHash('sha256').update('TKL1KCV\0').update(key).digest();
    expect(hashKcv(key)).toEqual(new Uint8Array(digest.subarray(0, 5)));
  }
});

it('a key block takes only ATTR and optional blocks that it can encode', () => {
  const wrap = (attributes: string, id = 'PB', data = '0'.repeat(12)) =>
    wrapKeyBlock(zeros(32), { attributes, optionalBlocks: [{ id, data }], key: zeros(16) }, zeros(30));
  expect(wrap('D0AB00N')).toBeDefined();
  expect(wrap('D0AB00N', 'PB', '0'.repeat(236))).toBeDefined();
  const optionalBlocks = [
    { id: 'PB', data: '0'.repeat(251) },
    { id: 'KC', data: '0'.repeat(13) },
  ];
  const whole = wrapKeyBlock(zeros(32), { attributes: 'D0AB00N', optionalBlocks, key: zeros(16) }, zeros(30));
  expect(unwrapKeyBlock(zeros(32), whole).optionalBlocks).toEqual(optionalBlocks);
  for (const attributes of ['xD0AB00N', 'D0AB00Nx', 'D0AB00', 'd0AB00N']) {
    expect(() => wrap(attributes)).toThrow('attributes must be');
  }
  for (const [id, data] of [
    ['pB', '0'.repeat(12)],
    ['0B', '0'.repeat(12)],
    ['PBB', '0'.repeat(12)],
    ['PB', '\n'.repeat(12)],
    ['PB', '0'.repeat(252)],
  ] as const) {
    expect(() => wrap('D0AB00N', id, data)).toThrow(`optional block "${id}" cannot be encoded`);
  }
  expect(() => wrap('D0AB00N', 'PB', '0'.repeat(13))).toThrow('optional blocks must fill whole blocks');
});
