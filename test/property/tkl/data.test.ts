// Opening DATA returns the sealed key, and changed DATA does not open. Tested for any header, key
// length and suite.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copy, isZero } from '#protocol/bytes/bytes.ts';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import { keyCheckValue, openBody } from '#protocol/tkl/body.ts';
import { decodeData, sealData, signatureInput, verifyTag } from '#protocol/tkl/data.ts';
import { decodeHeader, encodeHeader, type Header, isSlotPermitted, NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import {
  deriveKey,
  deriveOperationKeys,
  type OperationKeys,
  operationContext,
  wipeOperationKeys,
} from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, type Receipt, sealReceipt, verifyReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import { flipBit } from '#test/support/bits.ts';

const u = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const suite = fc.constantFrom(...Object.values(SUITES).map(({ id }) => id));
const attributes = fc.constantFrom('D0AB00N', 'P0AE00N', 'M7HC00N', 'K0AX00N', 'B0TX12E');

const header: fc.Arbitrary<Header> = fc.record({
  suite,
  signed: fc.boolean(),
  tkv: u(8),
  asNumber: u(16),
  set: u(32),
  ref1: u(16),
  slot: u(16),
  akv: u(32),
  xc: u(32),
  sn: bytes(16),
  attributes,
});

function keysFor(of: Header, deviceKey: Uint8Array, random: Uint8Array): OperationKeys {
  const { family } = SUITES[of.suite];
  const context = operationContext(encodeHeader(of), random);
  return deriveOperationKeys(family, deriveKey(family, deviceKey, 'TKL1OPK', context), context);
}

const zeros = (length: number) => new Uint8Array(length);
const key = fc.constantFrom(16, 24, 32).chain(bytes);

describe('HDR', () => {
  it('is decoded as it was encoded', () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeHeader(encodeHeader(value))).toEqual(value);
      }),
    );
  });

  it('permits the slot that SLOT names, and if SLOT is FFFF, every slot except the transport-key slot', () => {
    const slot = (permitted: number, ref2: number, attribute = 'D0AB00N') =>
      isSlotPermitted({ slot: permitted, attributes: attribute } as Header, ref2);
    expect([slot(2, 2), slot(2, 3), slot(0xffff, 3), slot(0xffff, 0xfffe), slot(0xfffe, 0xfffe)]).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect([slot(0xffff, 0xffff), slot(0xffff, 3, NO_ATTRIBUTES), slot(3, 3, NO_ATTRIBUTES)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('DATA', () => {
  it('opens to the sealed key', () => {
    fc.assert(
      fc.property(header, key, bytes(32), bytes(16), (unsigned, applicationKey, deviceKey, random) => {
        const of = { ...unsigned, signed: false };
        const keys = keysFor(of, deviceKey, random);
        const data = decodeData(sealData(of, keys, applicationKey, zeros));
        verifyTag(data, keys);
        const binding = { header: data.headerBytes, attributes: of.attributes };
        expect(openBody(of.suite, keys, binding, data.body)).toEqual(applicationKey);
      }),
      { numRuns: 60 },
    );
  });

  it('does not open with another R, header or ATTR', () => {
    fc.assert(
      fc.property(header, key, bytes(32), bytes(16), bytes(16), (of, applicationKey, deviceKey, random, other) => {
        fc.pre(other.some((byte, i) => byte !== random[i]));
        const keys = keysFor(of, deviceKey, random);
        const sealed = sealData({ ...of, signed: false }, keys, applicationKey, zeros);
        const data = decodeData(sealed);
        expect(() => verifyTag(data, keysFor({ ...of, signed: false }, deviceKey, other))).toThrow(IntegrityError);
        const changed = { ...of, signed: false, xc: (of.xc + 1) % 2 ** 32 };
        expect(() => verifyTag({ ...data, header: changed }, keysFor(changed, deviceKey, random))).toThrow(
          IntegrityError,
        );
        if (of.suite !== 0x01) return;
        const binding = { header: data.headerBytes, attributes: of.attributes === 'D0AB00N' ? 'P0AE00N' : 'D0AB00N' };
        expect(() => openBody(of.suite, keys, binding, data.body)).toThrow(IntegrityError);
      }),
      { numRuns: 40 },
    );
  });

  it('of a wrong length is refused before a key is used', () => {
    fc.assert(
      fc.property(header, key, fc.nat({ max: 400 }), (unsigned, applicationKey, length) => {
        const of = { ...unsigned, signed: false };
        const sealed = sealData(of, keysFor(of, zeros(32), zeros(16)), applicationKey, zeros);
        fc.pre(length !== sealed.length);
        const cut = copy(Uint8Array.from({ length }, (_, i) => sealed[i] ?? 0));
        expect(() => decodeData(cut)).toThrow(ProtocolError);
      }),
      { numRuns: 60 },
    );
  });

  it('without a key is an erasure, and an erasure has no key', () => {
    const erasing: Header = { ...(fc.sample(header, 1)[0] as Header), signed: false, attributes: NO_ATTRIBUTES };
    const keys = keysFor(erasing, zeros(32), zeros(16));
    expect(decodeData(sealData(erasing, keys, undefined, zeros)).body).toHaveLength(0);
    expect(() => sealData(erasing, keys, zeros(32), zeros)).toThrow(RangeError);
    expect(() => sealData({ ...erasing, attributes: 'D0AB00N' }, keys, undefined, zeros)).toThrow(RangeError);
  });

  it('has a signature input that begins with TKL1SIG', () => {
    expect(String.fromCharCode(...signatureInput(zeros(32), zeros(66)).subarray(0, 8))).toBe('TKL1SIG\0');
  });
});

describe('the operation keys', () => {
  it('are zero after wipeOperationKeys()', () => {
    const keys = keysFor(fc.sample(header, 1)[0] as Header, zeros(32), zeros(16));
    wipeOperationKeys(keys);
    expect(Object.values(keys).every(isZero)).toBe(true);
    wipeOperationKeys(undefined);
  });
});

describe('a receipt', () => {
  const receiptOf = (of: Header, applicationKey: Uint8Array, importCounter: number): Receipt => ({
    suite: of.suite,
    ref2: of.slot,
    ref1: of.ref1,
    tkv: of.tkv,
    akv: of.akv,
    xc: of.xc,
    sn: copy(of.sn),
    kcv: keyCheckValue(of.attributes, applicationKey),
    asNumber: of.asNumber,
    importCounter,
  });

  it('verifies, is decoded as it was sealed, and is refused after any single-bit flip', () => {
    fc.assert(
      fc.property(header, key, bytes(32), u(32), (of, applicationKey, dataHash, counter) => {
        fc.pre(of.slot !== 0xffff);
        const keys = keysFor(of, zeros(32), zeros(16));
        const receipt = receiptOf(of, applicationKey, counter);
        const sealed = sealReceipt(receipt, keys, dataHash);
        const expected = { header: of, dataHash, kcv: receipt.kcv };
        expect(verifyReceipt(sealed, expected, keys)).toEqual(receipt);
        expect(decodeReceipt(sealed)).toEqual(receipt);
        for (let bit = 0; bit < sealed.length * 8; bit++) {
          expect(() => verifyReceipt(flipBit(sealed, bit), expected, keys)).toThrow(ProtocolError);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('of another import is refused even if its MAC is correct', () => {
    const of: Header = { ...(fc.sample(header, 1)[0] as Header), slot: 2 };
    const keys = keysFor(of, zeros(32), zeros(16));
    const receipt = receiptOf(of, zeros(32), 1);
    const expected = { header: of, dataHash: zeros(32), kcv: receipt.kcv };
    for (const other of [
      { ref2: 3 },
      { akv: (of.akv + 1) % 2 ** 32 },
      { xc: (of.xc + 1) % 2 ** 32 },
      { asNumber: of.asNumber ^ 1 },
    ]) {
      expect(() => verifyReceipt(sealReceipt({ ...receipt, ...other }, keys, zeros(32)), expected, keys)).toThrow(
        IntegrityError,
      );
    }
  });
});
