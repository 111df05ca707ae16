// The primitives against published values, whose sources test/vectors/published.json names, and
// their refusals.
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
import published from '../../../vectors/published.json' with { type: 'json' };

describe('AES-CMAC', () => {
  it.each(published.cmac.vectors)('$alg over $msg', ({ key, msg, mac }) => {
    expect(toHex(cmac({ key: fromHex(key), message: fromHex(msg) }))).toBe(mac);
  });

  it('refuses a key of another length, so that swapped arguments are detected', () => {
    expect(() => cmac({ key: new Uint8Array(20), message: new Uint8Array(16) })).toThrow(/key has 20 bytes/);
  });
});

describe('KBKDF', () => {
  it.each(published.kbkdfCmac.vectors)('derives $output', ({ key, fixedInput, output }) => {
    const derived = kbkdfCmac({ key: fromHex(key), fixedInput: fromHex(fixedInput), length: output.length / 2 });
    expect(toHex(derived)).toBe(output);
  });

  it('refuses a length that is not a positive whole number of bytes', () => {
    const input = { key: new Uint8Array(32), fixedInput: new Uint8Array(1) };
    for (const length of [0, -1, 1.5]) expect(() => kbkdfCmac({ ...input, length })).toThrow(RangeError);
  });
});

describe('HKDF-SHA-256', () => {
  it.each(published.hkdfSha256.vectors)('derives $output', ({ key, salt, info, output }) => {
    const input = { key: fromHex(key), salt: fromHex(salt), info: fromHex(info), length: output.length / 2 };
    expect(toHex(hkdfSha256(input))).toBe(output);
  });
});

describe('AES-KW', () => {
  it.each(published.keyWrap.vectors)('wraps and unwraps $key', ({ kek, key, wrapped }) => {
    expect(toHex(wrapKey(fromHex(kek), fromHex(key)))).toBe(wrapped);
    expect(toHex(unwrapKey(fromHex(kek), fromHex(wrapped)))).toBe(key);
  });

  it('refuses every single-bit flip', () => {
    const { kek, wrapped } = published.keyWrap.vectors[0] as (typeof published.keyWrap.vectors)[number];
    for (let bit = 0; bit < wrapped.length * 4; bit++) {
      expect(() => unwrapKey(fromHex(kek), flipBit(fromHex(wrapped), bit))).toThrow(IntegrityError);
    }
  });
});

describe('ChaCha20-Poly1305', () => {
  it.each(published.chacha20Poly1305.vectors)('seals and opens (RFC 8439 2.8.2)', ({ key, nonce, aad, pt, ct }) => {
    const input = { key: fromHex(key), nonce: fromHex(nonce), aad: fromHex(aad) };
    expect(toHex(sealAead(input, fromHex(pt)))).toBe(ct);
    expect(toHex(openAead(input, fromHex(ct)))).toBe(pt);
    expect(() => openAead({ ...input, aad: new Uint8Array(12) }, fromHex(ct))).toThrow(IntegrityError);
    expect(() => openAead(input, fromHex(ct).subarray(0, 15))).toThrow(IntegrityError);
  });
});

describe('X9.143 key blocks, version D', () => {
  it.each(published.keyBlock.vectors)('unwraps $name', (vector) => {
    const kbpk = fromHex(vector.kbpk);
    const keys = deriveKeyBlockKeys(kbpk);
    expect([toHex(keys.kbek), toHex(keys.kbak)]).toEqual([vector.KBEK, vector.KBAK]);
    const block = unwrapKeyBlock(kbpk, ascii(vector.keyblock));
    expect(toHex(block.key)).toBe(vector.key);
    expect(block.attributes).toBe(vector.keyblock.slice(5, 12));
  });

  it.each(published.keyBlock.vectors.filter((vector) => vector.clear.length === 96))(
    'wraps $name to the same text',
    (vector) => {
      const key = fromHex(vector.key);
      const pad = fromHex(vector.clear).subarray(2 + key.length);
      const wrapped = wrapKeyBlock(
        fromHex(vector.kbpk),
        { attributes: vector.keyblock.slice(5, 12), optionalBlocks: [], key },
        pad,
      );
      expect(String.fromCharCode(...wrapped)).toBe(vector.keyblock);
    },
  );

  it.each(published.keyBlock.refused)('refuses: $name', ({ keyblock }) => {
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
