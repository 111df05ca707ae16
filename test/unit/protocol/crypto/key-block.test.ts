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
