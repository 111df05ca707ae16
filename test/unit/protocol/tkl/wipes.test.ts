// After a comparison, the MAC that was computed for it is zero. A key that was refused is zero too.
// With either of them, a caller could forge DATA or a receipt.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bytes, concat, copy, isZero } from '#protocol/bytes/bytes.ts';
import { wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { openBody } from '#protocol/tkl/body.ts';
import { challengeMac, verifyChallengeMac } from '#protocol/tkl/challenge.ts';
import { decodeData, sealData, verifyTag } from '#protocol/tkl/data.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { deriveOperationKeys } from '#protocol/tkl/key-tree.ts';
import { sealReceipt, verifyReceipt } from '#protocol/tkl/receipt.ts';

/** Every MAC and every unwrapped key that the mocked functions have returned. */
const returned = vi.hoisted(() => [] as Uint8Array[]);

vi.mock('#protocol/crypto/prf.ts', async (original) => {
  const prf = await original<typeof import('#protocol/crypto/prf.ts')>();
  const cmac = (input: Parameters<typeof prf.cmac>[0]): Bytes => {
    const mac = prf.cmac(input);
    returned.push(mac);
    return mac;
  };
  return { ...prf, cmac };
});

vi.mock('#protocol/crypto/key-block.ts', async (original) => {
  const block = await original<typeof import('#protocol/crypto/key-block.ts')>();
  const unwrapKeyBlock: typeof block.unwrapKeyBlock = (kbpk, bytes) => {
    const unwrapped = block.unwrapKeyBlock(kbpk, bytes);
    returned.push(unwrapped.key);
    return unwrapped;
  };
  return { ...block, unwrapKeyBlock };
});

const zeros = (length: number) => new Uint8Array(length);
const keys = deriveOperationKeys('cmac', zeros(32), zeros(32));
const sn = zeros(16).fill(7);
const header = {
  ...{ suite: 0x02 as const, signed: false, tkv: 1, asNumber: 0, set: 1, ref1: 1, slot: 2, akv: 1, xc: 1 },
  ...{ sn, attributes: NO_ATTRIBUTES },
};
const last = (): Uint8Array => returned.at(-1) ?? concat(1);

beforeEach(() => {
  returned.length = 0;
});

describe('wiped after a comparison, equal or not:', () => {
  it('TAG', () => {
    const data = decodeData(sealData(header, keys, undefined, zeros));
    verifyTag(data, keys);
    expect(isZero(last())).toBe(true);
    expect(() => verifyTag({ ...data, tag: zeros(16) }, keys)).toThrow(IntegrityError);
    expect(isZero(last())).toBe(true);
  });

  it('CHM', () => {
    const challenge = { suite: 0x02 as const, unit: { set: 1, tkv: 1, sn }, random: zeros(16) };
    verifyChallengeMac(zeros(32), challenge, copy(challengeMac(zeros(32), challenge)));
    expect(isZero(last())).toBe(true);
    expect(() => verifyChallengeMac(zeros(32), challenge, zeros(16))).toThrow(IntegrityError);
    expect(isZero(last())).toBe(true);
  });

  it('the MAC of a receipt', () => {
    const kcv = { value: zeros(5), algorithm: 0x00 as const };
    const receipt = { suite: 0x02 as const, ref2: 2, ref1: 1, tkv: 1, akv: 1, xc: 1, sn, kcv, asNumber: 0 };
    const bytes = copy(sealReceipt({ ...receipt, importCounter: 1 }, keys, zeros(32)));
    const expected = { header, dataHash: zeros(32), kcv };
    verifyReceipt(bytes, expected, keys);
    expect(isZero(last())).toBe(true);
    expect(() => verifyReceipt(bytes, { ...expected, dataHash: zeros(32).fill(1) }, keys)).toThrow(IntegrityError);
    expect(isZero(last())).toBe(true);
  });
});

it('a refused key, whose key block has another ATTR, is wiped', () => {
  const key = zeros(16).fill(9);
  const block = wrapKeyBlock(keys.t1, { attributes: 'D0TB00N', optionalBlocks: [], key }, zeros(30));
  expect(() => openBody(0x01, keys, { header: zeros(48), attributes: 'P0TE00N' }, block)).toThrow(IntegrityError);
  expect(isZero(last())).toBe(true);
});
