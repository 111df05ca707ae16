// The limits of TKL/1: each length that is checked, and each byte of HDR and of a receipt with a
// fixed format. Also each field that binds HDR or a receipt to a unit and an export.
import { describe, expect, it } from 'vitest';
import { concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { aesKcv } from '#protocol/crypto/kcv.ts';
import { type OptionalBlock, wrapKeyBlock } from '#protocol/crypto/key-block.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import { equalKcv, keyCheckValue, NO_KCV, openBody, sealBody } from '#protocol/tkl/body.ts';
import { challengeMac } from '#protocol/tkl/challenge.ts';
import { dataLength, decodeData, exportIdOf, isBodyLength, signatureInput, TAG_LENGTH } from '#protocol/tkl/data.ts';
import {
  ANY_SLOT,
  decodeHeader,
  encodeHeader,
  HEADER_LENGTH,
  type Header,
  isAddressedTo,
  isErasing,
  NO_ATTRIBUTES,
  padSerialNumber,
  TRANSPORT_KEY_ATTRIBUTES,
  TRANSPORT_KEY_SLOT,
} from '#protocol/tkl/header.ts';
import { deriveKey, deriveOperationKeys, deviceContext, mac16, operationContext } from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, isReceiptFor, RECEIPT_LENGTH, type Receipt, sealReceipt } from '#protocol/tkl/receipt.ts';
import { isSuiteId, SUITES } from '#protocol/tkl/suites.ts';

const zeros = (length: number) => new Uint8Array(length);
const SN = Uint8Array.from({ length: 16 }, (_, index) => index);
const UNIT = { set: 7, tkv: 3, sn: SN };
const HEADER: Header = {
  ...UNIT,
  suite: 0x02,
  signed: false,
  asNumber: 0x1234,
  ref1: 5,
  slot: 6,
  akv: 8,
  xc: 9,
  attributes: 'D0AB00N',
};
const RECEIPT: Receipt = {
  suite: 0x02,
  ref2: 6,
  ref1: 5,
  tkv: 3,
  akv: 8,
  xc: 9,
  sn: copy(SN),
  kcv: { value: fromHex('0102030405'), algorithm: 0x01 },
  asNumber: 0x1234,
  importCounter: 1,
};
const KEYS = deriveOperationKeys('cmac', zeros(32), zeros(32));

/** Returns a copy with another value at one offset. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const other = copy(bytes);
  other[at] = value;
  return other;
}

describe('an argument of another length is refused with its name', () => {
  it.each([
    ['sn', 15, () => deviceContext({ ...UNIT, sn: zeros(15) })],
    ['header', 47, () => operationContext(zeros(47), zeros(16))],
    ['random', 15, () => operationContext(zeros(48), zeros(15))],
    ['key', 31, () => deriveKey('hmac', zeros(31), 'TKL1DEV', zeros(32))],
    ['context', 33, () => deriveKey('hmac', zeros(32), 'TKL1DEV', zeros(33))],
    ['key', 16, () => mac16('hmac', zeros(16), zeros(1))],
    ['random', 17, () => challengeMac(zeros(32), { suite: 0x01, unit: UNIT, random: zeros(17) })],
    ['sn', 0, () => challengeMac(zeros(32), { suite: 0x01, unit: { ...UNIT, sn: zeros(0) }, random: zeros(16) })],
    ['dataHash', 20, () => exportIdOf(zeros(20))],
    ['context', 31, () => signatureInput(zeros(31), zeros(66))],
    ['sn', 17, () => encodeHeader({ ...HEADER, sn: zeros(17) })],
    ['attributes', 6, () => encodeHeader({ ...HEADER, attributes: 'D0AB00' })],
    ['applicationKey', 8, () => keyCheckValue('D0AB00N', zeros(8))],
    ['applicationKey', 8, () => sealBody(0x02, KEYS, { header: zeros(48), attributes: 'D0AB00N' }, zeros(8), zeros)],
    ['sn', 15, () => sealReceipt({ ...RECEIPT, sn: zeros(15) }, KEYS, zeros(32))],
    ['kcv', 3, () => sealReceipt({ ...RECEIPT, kcv: { value: zeros(3), algorithm: 0x01 } }, KEYS, zeros(32))],
    ['dataHash', 31, () => sealReceipt(RECEIPT, KEYS, zeros(31))],
  ])('%s of %i bytes', (name, length, call) => {
    expect(call).toThrow(RangeError);
    expect(call).toThrow(`${name} has ${length} bytes`);
  });
});

describe('HDR', () => {
  const bytes = encodeHeader(HEADER);

  it('has 48 bytes, and further bytes are not read', () => {
    expect(HEADER_LENGTH).toBe(48);
    expect(bytes).toHaveLength(48);
    expect(decodeHeader(concat(bytes, 1, 2))).toEqual(HEADER);
    expect(decodeHeader(encodeHeader({ ...HEADER, signed: true })).signed).toBe(true);
    expect(() => decodeHeader(bytes.subarray(0, 47))).toThrow('HDR has 47 bytes, not 48');
  });

  it.each([
    [0, 0x55, 'HDR does not begin with "TKL1"'],
    [3, 0x55, 'HDR does not begin with "TKL1"'],
    [4, 0x03, 'suite 3 is unknown or reserved'],
    [5, 0x00, 'flags 0 are not defined'],
    [5, 0x02, 'flags 2 are not defined'],
    [5, 0x05, 'flags 5 are not defined'],
  ])('with byte %i = %i is refused', (at, value, fault) => {
    const act = () => decodeHeader(changed(bytes, at, value));
    expect(act).toThrow(ProtocolError);
    expect(act).toThrow(`DATA is not TKL/1: ${fault}`);
    expect(act).toThrow(expect.objectContaining({ code: 'data-malformed' }));
  });

  it('is for one SET, TKV and SN only', () => {
    expect(isAddressedTo(HEADER, UNIT)).toBe(true);
    for (const other of [{ set: 8 }, { tkv: 4 }, { sn: changed(SN, 15, 0) }]) {
      expect(isAddressedTo(HEADER, { ...UNIT, ...other })).toBe(false);
    }
  });

  it('has the fixed values of clause 8', () => {
    expect([ANY_SLOT, TRANSPORT_KEY_SLOT, TRANSPORT_KEY_ATTRIBUTES]).toEqual([0xffff, 0xfffe, 'K0AX00N']);
    expect(NO_ATTRIBUTES).toBe('\0\0\0\0\0\0\0');
    expect([isErasing(HEADER), isErasing({ ...HEADER, attributes: NO_ATTRIBUTES })]).toEqual([false, true]);
  });
});

describe('SN', () => {
  it('is padded with zeros on the left to 16 bytes', () => {
    expect(toHex(padSerialNumber(fromHex('0102')))).toBe('00000000000000000000000000000102');
    expect(padSerialNumber(SN)).toEqual(SN);
    expect(() => padSerialNumber(zeros(17))).toThrow('sn has 17 bytes, more than 16');
    expect(() => padSerialNumber(zeros(2))).toThrow('sn must not be zero');
  });
});

describe('the suites', () => {
  it('are those of clause 2', () => {
    const rows = Object.entries(SUITES).map(([id, suite]) => [Number(id), suite.id, suite.name, suite.family]);
    expect(rows).toEqual([
      [1, 1, 'X9143D', 'cmac'],
      [2, 2, 'AESKW', 'cmac'],
      [4, 4, 'CHACHA', 'hmac'],
    ]);
    expect([0, 1, 2, 3, 4, 5].map(isSuiteId)).toEqual([false, true, true, false, true, false]);
  });

  it('have these lengths of BODY and DATA', () => {
    const lengths = ([1, 2, 4] as const).map((id) =>
      Array.from({ length: 200 }, (_, length) => length).filter((length) => isBodyLength(id, length)),
    );
    expect(lengths).toEqual([
      [0, 144, 160],
      [0, 24, 32, 40],
      [0, 32, 40, 48],
    ]);
    expect(TAG_LENGTH).toBe(16);
    expect(dataLength(HEADER, 40)).toBe(48 + 2 + 40 + 16);
    expect(dataLength({ ...HEADER, signed: true }, 0)).toBe(48 + 2 + 16 + 64);
  });
});

describe('DATA', () => {
  it('that is too short, or has a BLEN of another suite, is refused with a message about the fault', () => {
    const code = expect.objectContaining({ code: 'data-malformed' });
    expect(() => decodeData(zeros(65))).toThrow('DATA is not TKL/1: 65 bytes are too few');
    const data = concat(encodeHeader(HEADER), 0, 0, zeros(16));
    expect(decodeData(data).body).toHaveLength(0);
    expect(decodeData(data).signature).toBeUndefined();
    expect(() => decodeData(changed(data, 49, 32))).toThrow('66 bytes, not 98');
    expect(() => decodeData(changed(data, 49, 25))).toThrow('suite 2 has no BODY of 25 bytes');
    expect(() => decodeData(changed(data, 49, 25))).toThrow(code);
  });

  it('has the first 16 bytes of its hash as the export id', () => {
    expect(exportIdOf(concat(SN, zeros(16)))).toBe(Buffer.from(SN).toString('base64url'));
  });
});

describe('the KCV', () => {
  it('of a key that is not an AES key is computed by SHA-256', () => {
    const key = Uint8Array.from({ length: 24 }, (_, index) => index);
    const { value, algorithm } = keyCheckValue('M7HC00N', key);
    expect(algorithm).toBe(0x02);
    expect(value).toEqual(sha256(concat(utf8('TKL1KCV'), 0x00, key)).slice(0, 5));
    expect(keyCheckValue('D0AB00N', key).algorithm).toBe(0x01);
  });

  it('is equal only if value and algorithm are equal', () => {
    expect(NO_KCV).toEqual({ value: zeros(5), algorithm: 0x00 });
    expect(equalKcv(NO_KCV, { value: zeros(5), algorithm: 0x00 })).toBe(true);
    expect(equalKcv(NO_KCV, { value: zeros(5), algorithm: 0x01 })).toBe(false);
    expect(equalKcv(NO_KCV, { value: fromHex('0000000001'), algorithm: 0x00 })).toBe(false);
  });
});

describe('BODY of suite 01', () => {
  it('wipes the pad, and binds the KC block', () => {
    const binding = { header: zeros(48), attributes: 'D0AB00N' };
    const pads: Uint8Array[] = [];
    const random = (length: number) => {
      const pad = new Uint8Array(length).fill(1);
      pads.push(pad);
      return pad;
    };
    const body = sealBody(0x01, KEYS, binding, zeros(16), random);
    expect(pads.map(toHex)).toEqual(['00'.repeat(30)]);
    expect(openBody(0x01, KEYS, binding, body)).toEqual(zeros(16));
    const hash = sealBody(0x01, KEYS, { ...binding, attributes: 'M7HC00N' }, zeros(16), random);
    expect([body.length, hash.length]).toEqual([160, 144]);
    expect(openBody(0x01, KEYS, { ...binding, attributes: 'M7HC00N' }, hash)).toEqual(zeros(16));
  });

  it('is accepted only with exactly the KC block of its key', () => {
    const binding = { header: zeros(48), attributes: 'D0AB00N' };
    const kc = { id: 'KC', data: `01${toHex(aesKcv(zeros(16)))}` };
    const open = (...optionalBlocks: OptionalBlock[]) => {
      const block = { attributes: binding.attributes, optionalBlocks, key: zeros(16) };
      return openBody(0x01, KEYS, binding, wrapKeyBlock(KEYS.t1, block, zeros(30)));
    };
    expect(open(kc)).toEqual(zeros(16));
    expect(() => open()).toThrow(IntegrityError);
    expect(() => open(kc, { ...kc, id: 'KP' })).toThrow(IntegrityError);
    expect(() => open({ ...kc, id: 'KP' })).toThrow(IntegrityError);
    expect(() => open({ ...kc, data: '010000000000' })).toThrow(IntegrityError);
  });
});

describe('a receipt', () => {
  const bytes = sealReceipt(RECEIPT, KEYS, zeros(32));

  it('has 64 bytes and no other length', () => {
    expect(RECEIPT_LENGTH).toBe(64);
    expect(bytes).toHaveLength(64);
    expect(() => decodeReceipt(bytes.subarray(1))).toThrow('not a receipt: 63 bytes, not 64');
    expect(() => decodeReceipt(concat(bytes, 0))).toThrow('not a receipt: 65 bytes, not 64');
  });

  it.each([
    [0, 0x55, 'it does not begin with "TKR1"'],
    [3, 0x32, 'it does not begin with "TKR1"'],
    [4, 0x03, 'suite 3 is unknown or reserved'],
    [5, 0x01, 'bytes 5 and 11 must be 00'],
    [11, 0x01, 'bytes 5 and 11 must be 00'],
    [41, 0x03, 'KCVALG 3 is not defined'],
  ])('with byte %i = %i is refused', (at, value, fault) => {
    const act = () => decodeReceipt(changed(bytes, at, value));
    expect(act).toThrow(`not a receipt: ${fault}`);
    expect(act).toThrow(expect.objectContaining({ code: 'unit-nonsense' }));
  });

  it('may have any defined KCVALG', () => {
    const algorithms = [0, 1, 2].map((value) => decodeReceipt(changed(bytes, 41, value)).kcv.algorithm);
    expect(algorithms).toEqual([0, 1, 2]);
  });

  it('is for one export only: each field that it shares with HDR must be equal', () => {
    expect(isReceiptFor(RECEIPT, HEADER)).toBe(true);
    const others: Partial<Receipt>[] = [
      { suite: 0x01 },
      { tkv: 4 },
      { ref1: 6 },
      { akv: 9 },
      { xc: 10 },
      { asNumber: 0 },
      { sn: zeros(16) },
      { ref2: 7 },
    ];
    for (const other of others) expect(isReceiptFor({ ...RECEIPT, ...other }, HEADER)).toBe(false);
  });
});
