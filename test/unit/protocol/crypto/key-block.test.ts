// Key blocks with a correct MAC and invalid content, and the wiping of the clear block
// (docs/protocol.md clause 3.5).
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bytes, concat, isZero } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { u16 } from '#protocol/bytes/integers.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { unwrapKeyBlock, wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { cmac } from '#protocol/crypto/prf.ts';

/** Clear blocks that the cipher has received or returned. */
const seen = vi.hoisted(() => ({ clear: [] as Uint8Array[] }));

vi.mock('@noble/ciphers/aes.js', async (original) => {
  const real = await original<typeof import('@noble/ciphers/aes.js')>();
  const watched = (...parameters: Parameters<typeof real.cbc>) => {
    const cipher = real.cbc(...parameters);
    return {
      encrypt: (clear: Uint8Array) => {
        seen.clear.push(clear);
        return cipher.encrypt(clear);
      },
      decrypt: (encrypted: Uint8Array) => {
        const clear = cipher.decrypt(encrypted);
        seen.clear.push(clear);
        return clear;
      },
    };
  };
  return { ...real, cbc: watched };
});

const KBPK = new Uint8Array(32).fill(0x4b);
const KEY = new Uint8Array(32).fill(0x54);
const PAD = new Uint8Array(14).fill(0xa5);
const ATTRIBUTES = 'D0AB00N';

beforeEach(() => {
  seen.clear.length = 0;
});

/**
 * Derives one of the two keys of a key block (X9.143, version D): the key for encryption or the key
 * for the MAC.
 */
function derived(usage: number): Bytes {
  const half = (counter: number): Uint8Array =>
    cmac({ key: KBPK, message: concat(counter, u16(usage), 0x00, u16(4), u16(0x100)) });
  return concat(half(1), half(2));
}

/** Returns a key block with the given header and clear block, and a correct MAC. */
async function block(header: string, clear: Uint8Array): Promise<Bytes> {
  const real = await vi.importActual<typeof import('@noble/ciphers/aes.js')>('@noble/ciphers/aes.js');
  const mac = cmac({ key: derived(1), message: concat(ascii(header), clear) });
  const encrypted = real.cbc(derived(0), mac, { disablePadding: true }).encrypt(clear);
  return concat(ascii(header), ascii(toHex(encrypted)), ascii(toHex(mac)));
}

const clearOf = (bits: number): Bytes => concat(u16(bits), KEY, PAD);
const header = (optional: readonly string[] = []): string => {
  const tail = optional.join('');
  const length = String(16 + tail.length + 2 * (48 + 16)).padStart(4, '0');
  return `D${length}${ATTRIBUTES}${String(optional.length).padStart(2, '0')}00${tail}`;
};

const KC = 'KC10015AAA42C6AD';

/** Returns a header in which `text` is at position `at`. */
function wrongHeader(at: number, text: string, optional: readonly string[] = [KC]): string {
  const right = header(optional);
  return right.slice(0, at) + text + right.slice(at + text.length);
}

describe('a key block with a correct MAC', () => {
  it('is opened with a length of 128, 192 or 256 bits', async () => {
    for (const bits of [128, 192, 256])
      expect(unwrapKeyBlock(KBPK, await block(header(), clearOf(bits))).key).toEqual(KEY.slice(0, bits / 8));
    expect(unwrapKeyBlock(KBPK, await block(header([KC]), clearOf(256))).optionalBlocks).toHaveLength(1);
  });

  it.each([0, 8, 120, 127, 129, 136, 160, 184, 200, 255, 257, 264, 368, 384, 0xffff])(
    'is refused with a length of %i bits',
    async (bits) => {
      const wrong = await block(header(), clearOf(bits));
      expect(() => unwrapKeyBlock(KBPK, wrong)).toThrow(expect.objectContaining({ code: 'integrity' }));
    },
  );

  it.each([
    ['another version', wrongHeader(0, 'B')],
    ['a length that is too small', wrongHeader(1, '0144')],
    ['a length that is too large', wrongHeader(1, '0176')],
    ['a length with a letter', wrongHeader(1, 'A160')],
    ['attributes in lower case', wrongHeader(5, 'd')],
    ['a punctuation mark in the attributes', wrongHeader(11, '-')],
    ['a count of optional blocks with a letter', wrongHeader(12, '0A')],
    ['a reserved field that is not 00', wrongHeader(14, '01')],
    ['the id of an optional block in lower case', wrongHeader(16, 'kC')],
    ['a digit at the start of the id', wrongHeader(16, '1C')],
    ['a punctuation mark in the id', wrongHeader(17, '-')],
    ['a length of an optional block in lower case', header(['KC1a'.padEnd(26, '0'), 'PB06xx'])],
    ['an extended length', wrongHeader(18, '00')],
    ['an optional block that is shorter than its header', wrongHeader(18, '03')],
    ['an optional block that is longer than the text', wrongHeader(18, 'FF')],
    ['a count of one optional block too many', wrongHeader(12, '02')],
    ['optional blocks that do not fill 16 characters', header(['KC11015AAA42C6AD0'])],
    ['an optional block with a control character', wrongHeader(20, '\x1f')],
    ['an optional block with DEL', wrongHeader(20, '\x7f')],
  ])('is refused with %s', async (_, text) => {
    const wrong = await block(text, clearOf(256));
    expect(() => unwrapKeyBlock(KBPK, wrong)).toThrow(expect.objectContaining({ code: 'integrity' }));
  });

  it('is opened with an optional block that has no data, and with the first and last printable character', async () => {
    const optional = ['PB04', 'TS0C ~~~~~~~'];
    expect(unwrapKeyBlock(KBPK, await block(header(optional), clearOf(256))).optionalBlocks).toEqual([
      { id: 'PB', data: '' },
      { id: 'TS', data: ' ~~~~~~~' },
    ]);
  });

  it('is opened with any number of whole blocks of plaintext that contain the key', async () => {
    const withClear = async (length: number, bits: number) => {
      const text = `D${String(16 + 2 * (length + 16)).padStart(4, '0')}${ATTRIBUTES}0000`;
      return unwrapKeyBlock(KBPK, await block(text, clearOf(bits).slice(0, length)));
    };
    expect((await withClear(32, 128)).key).toEqual(KEY.slice(0, 16));
    expect((await withClear(32, 192)).key).toEqual(KEY.slice(0, 24));
    for (const [length, bits] of [
      [16, 128],
      [32, 256],
    ] as const) {
      await expect(withClear(length, bits)).rejects.toThrow(expect.objectContaining({ code: 'integrity' }));
    }
  });

  it('is refused with text before the header, whatever its digits are', async () => {
    const shifted = `00D0144${ATTRIBUTES}00`; // the reserved field 00 would be the first two digits
    let text = '';
    for (let pad = 0; !text.startsWith(`${shifted}00`); pad++) {
      const wrong = await block(shifted, concat(u16(256), KEY, u16(pad), PAD.slice(2)));
      text = String.fromCharCode(...wrong);
    }
    expect(() => unwrapKeyBlock(KBPK, ascii(text))).toThrow(expect.objectContaining({ code: 'integrity' }));
  });

  it('is refused if an optional block appears twice', async () => {
    for (const twice of [
      [KC, KC],
      [KC, 'KC10010000000000'],
    ]) {
      const wrong = await block(header(twice), clearOf(256));
      expect(() => unwrapKeyBlock(KBPK, wrong)).toThrow(expect.objectContaining({ code: 'integrity' }));
    }
    const two = await block(header([KC, 'KD10010000000000']), clearOf(256));
    expect(unwrapKeyBlock(KBPK, two).optionalBlocks.map(({ id }) => id)).toEqual(['KC', 'KD']);
  });
});

describe('the clear block', () => {
  it('is wiped after wrapping, after unwrapping and after a refusal', async () => {
    const wrapped = wrapKeyBlock(KBPK, { attributes: ATTRIBUTES, optionalBlocks: [], key: KEY }, PAD);
    const { key } = unwrapKeyBlock(KBPK, wrapped);
    expect(key).toEqual(KEY);
    const wrongLength = await block(header(), clearOf(136));
    expect(() => unwrapKeyBlock(KBPK, wrongLength)).toThrow();
    const wrongMac = wrapped.slice();
    wrongMac[wrongMac.length - 1] = wrongMac.at(-1) === 0x30 ? 0x31 : 0x30;
    expect(() => unwrapKeyBlock(KBPK, wrongMac)).toThrow();
    expect(seen.clear).toHaveLength(4);
    expect(seen.clear.every(isZero)).toBe(true);
  });
});
