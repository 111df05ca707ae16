// Compares the cryptographic primitives with the examples of their standards (sources:
// test/vectors/README.md), and tests the refusals of the primitives.
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { openAead, sealAead } from '#protocol/crypto/aead.ts';
import { hkdfSha256, kbkdfCmac } from '#protocol/crypto/kbkdf.ts';
import { deriveKeyBlockKeys, unwrapKeyBlock, wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { unwrapKey, wrapKey } from '#protocol/crypto/key-wrap.ts';
import { cmac } from '#protocol/crypto/prf.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { flipBit } from '#test/support/bits.ts';
import { loadVectors } from '#test/support/vectors.ts';

interface KeyBlock {
  readonly name: string;
  readonly kbpk: string;
  readonly keyblock: string;
  readonly key: string;
  readonly KBEK: string;
  readonly KBAK: string;
  readonly clear: string;
}

const MACS = loadVectors<{ alg: string; key: string; msg: string; mac: string }>('aes-cmac.json');
const DERIVATIONS = loadVectors<{ IKM: string; salt: string; info: string; OKM: string }>('hkdf-sha256.json');
/** The two examples of RFC 3394. full-sets.test.ts covers the rows of NIST in the same file. */
const WRAPS = loadVectors<{ kek: string; pt: string; ct: string; ref?: string }>('aes-kw.json').filter(
  ({ ref }) => ref !== undefined,
);
const SEALS = loadVectors<{ key: string; nonce: string; aad: string; pt: string; ct: string }>(
  'chacha20-poly1305.json',
);
const KEY_BLOCKS = loadVectors<KeyBlock>('tr31-version-d.json');
const REFUSED_KEY_BLOCKS = loadVectors<{ name: string; keyblock: string }>('tr31-version-d.json', 'refused');

it('every file of examples has the expected number of rows', () => {
  const counts = [MACS, DERIVATIONS, WRAPS, SEALS, KEY_BLOCKS, REFUSED_KEY_BLOCKS].map(({ length }) => length);
  expect(counts).toEqual([8, 3, 2, 1, 5, 4]);
});

describe('AES-CMAC', () => {
  it.each(MACS)('$alg over $msg', ({ key, msg, mac }) => {
    expect(toHex(cmac({ key: fromHex(key), message: fromHex(msg) }))).toBe(mac.toUpperCase());
  });

  it('refuses a key of another length, so that swapped arguments are detected', () => {
    expect(() => cmac({ key: new Uint8Array(20), message: new Uint8Array(16) })).toThrow(/key has 20 bytes/);
  });
});

describe('KBKDF', () => {
  it('refuses a length that is not a positive whole number of bytes', () => {
    const input = { key: new Uint8Array(32), fixedInput: new Uint8Array(1) };
    for (const length of [0, -1, 1.5]) expect(() => kbkdfCmac({ ...input, length })).toThrow(RangeError);
  });
});

describe('HKDF-SHA-256', () => {
  it.each(DERIVATIONS)('derives $OKM', ({ IKM, salt, info, OKM }) => {
    const input = { key: fromHex(IKM), salt: fromHex(salt), info: fromHex(info), length: OKM.length / 2 };
    expect(toHex(hkdfSha256(input))).toBe(OKM.toUpperCase());
  });
});

describe('AES-KW', () => {
  it.each(WRAPS)('wraps and unwraps the key of $ref', ({ kek, pt, ct }) => {
    expect(toHex(wrapKey(fromHex(kek), fromHex(pt)))).toBe(ct.toUpperCase());
    expect(toHex(unwrapKey(fromHex(kek), fromHex(ct)))).toBe(pt);
  });

  it.each(WRAPS)('refuses every single-bit flip of $ref', ({ kek, ct }) => {
    for (let bit = 0; bit < ct.length * 4; bit++) {
      expect(() => unwrapKey(fromHex(kek), flipBit(fromHex(ct), bit))).toThrow(IntegrityError);
    }
  });
});

describe('ChaCha20-Poly1305', () => {
  it.each(SEALS)('seals and opens (RFC 8439 2.8.2)', ({ key, nonce, aad, pt, ct }) => {
    const input = { key: fromHex(key), nonce: fromHex(nonce), aad: fromHex(aad) };
    expect(toHex(sealAead(input, fromHex(pt)))).toBe(ct.toUpperCase());
    expect(toHex(openAead(input, fromHex(ct)))).toBe(pt.toUpperCase());
    expect(() => openAead({ ...input, aad: new Uint8Array(12) }, fromHex(ct))).toThrow(IntegrityError);
    expect(() => openAead(input, fromHex(ct).subarray(0, 15))).toThrow(IntegrityError);
  });
});

describe('X9.143 key blocks, version D', () => {
  it.each(KEY_BLOCKS)('unwraps $name', (vector) => {
    const kbpk = fromHex(vector.kbpk);
    const keys = deriveKeyBlockKeys(kbpk);
    expect([toHex(keys.kbek), toHex(keys.kbak)]).toEqual([vector.KBEK, vector.KBAK]);
    const block = unwrapKeyBlock(kbpk, ascii(vector.keyblock));
    expect(toHex(block.key)).toBe(vector.key);
    expect(block.attributes).toBe(vector.keyblock.slice(5, 12));
  });

  it.each(KEY_BLOCKS.filter((vector) => vector.clear.length === 96))('wraps $name to the same text', (vector) => {
    const key = fromHex(vector.key);
    const pad = fromHex(vector.clear).subarray(2 + key.length);
    const wrapped = wrapKeyBlock(
      fromHex(vector.kbpk),
      { attributes: vector.keyblock.slice(5, 12), optionalBlocks: [], key },
      pad,
    );
    expect(String.fromCharCode(...wrapped)).toBe(vector.keyblock);
  });

  it.each(REFUSED_KEY_BLOCKS)('refuses: $name', ({ keyblock }) => {
    expect(() => unwrapKeyBlock(new Uint8Array(32).fill(0xab), ascii(keyblock))).toThrow(IntegrityError);
  });
});

describe('a malformed key block', () => {
  const kbpk = new Uint8Array(32).fill(7);
  const key = new Uint8Array(32).fill(9);
  const optionalBlocks = [{ id: 'KC', data: '015AAA42C6AD' }];
  const wrap = (pad: Uint8Array) => wrapKeyBlock(kbpk, { attributes: 'D0AB00N', optionalBlocks, key }, pad);
  const block = String.fromCharCode(...wrap(new Uint8Array(14)));
  const edit = (at: number, text: string) => block.slice(0, at) + text + block.slice(at + text.length);

  it.each([
    ['another version', edit(0, 'B')],
    ['a wrong length', edit(1, '0176')],
    ['a reserved field that is not 00', edit(14, '01')],
    ['a count of one optional block too many', edit(12, '02')],
    ['a count of one optional block too few', edit(12, '00')],
    ['an optional block of extended length', edit(18, '00')],
    ['an optional block shorter than its header', edit(18, '03')],
    ['an optional block longer than the text', edit(18, 'FF')],
    ['lower-case digits', block.slice(0, 32) + block.slice(32).toLowerCase()],
    ['lower-case attributes', edit(5, 'd')],
    ['one character less', block.slice(0, -1)],
    ['one character more', `${block}0`],
    ['no text', ''],
  ])('with %s is refused', (_what, text) => {
    expect(() => unwrapKeyBlock(kbpk, ascii(text))).toThrow(IntegrityError);
  });

  it('is refused after any single-bit flip', () => {
    expect(unwrapKeyBlock(kbpk, ascii(block)).key).toEqual(key);
    for (let bit = 0; bit < block.length * 8; bit++) {
      expect(() => unwrapKeyBlock(kbpk, flipBit(ascii(block), bit))).toThrow(IntegrityError);
    }
  });

  it('is never created, because attributes, optional blocks and pad are checked', () => {
    const pad = new Uint8Array(14);
    const make = (attributes: string, blocks: { id: string; data: string }[]) => () =>
      wrapKeyBlock(kbpk, { attributes, optionalBlocks: blocks, key }, pad);
    expect(make('d0AB00N', [])).toThrow(RangeError);
    expect(make('D0AB00N', [{ id: 'kc', data: '' }])).toThrow(RangeError);
    expect(make('D0AB00N', [{ id: 'KC', data: '0' }])).toThrow(/whole blocks/);
    expect(() => wrap(new Uint8Array(13))).toThrow(/pad has 13 bytes/);
  });
});
