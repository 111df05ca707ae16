// Compares the AS core with the worked examples of TKL/1, and tests every refusal that
// docs/protocol.md clauses 3 and 4 require of an AS.
import { describe, expect, it, vi } from 'vitest';
import { AsUnit } from '#protocol/as-unit/as-unit.ts';
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU16 } from '#protocol/bytes/integers.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey, deriveOperationKeys, operationContext } from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, sealReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { createTestAs, type TestAsOptions, type TestKey } from '#test/support/as-memory.ts';
import { flipBit } from '#test/support/bits.ts';
import { WORKED_EXAMPLES } from '#test/support/worked-examples.ts';

const SET = 0x0000ba7c;
const T = fromHex('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
const SN = fromHex('00000000000000004549000000000007');
const R = fromHex('A0A1A2A3A4A5A6A7A8A9AAABACADAEAF');
const KEY: TestKey = { ref1: 0x0103, attributes: 'D0AB00N', akv: 5, slot: 2, key: new Uint8Array(32).fill(0xc0) };
const ANY: TestKey = { ref1: 0x0104, attributes: 'P0AE00N', akv: 6, slot: 0xffff, key: new Uint8Array(16).fill(0xc1) };
const OPTIONS: TestAsOptions = {
  ...{ set: SET, tkv: 1, family: 'cmac', transportKey: T, keys: [KEY, ANY] },
  nextTransportKeys: [{ tkv: 3, key: T }],
};

/** Returns an export request for a unit that has T. */
function request(change: Partial<UnitExportRequest> = {}, transportKey: Uint8Array = T): UnitExportRequest {
  const suite: SuiteId = change.suite ?? 0x01;
  const unit = change.unit ?? { set: SET, tkv: 1, sn: SN };
  const random = change.random ?? R;
  const deviceKey = deriveDeviceKey(SUITES[suite].family, transportKey, unit);
  const mac = challengeMac(deriveChallengeKey(suite, deviceKey, unit), { suite, unit, random });
  return { unit, suite, sign: false, ref1: 0x0103, ref2: 2, random, challengeMac: mac, ...change };
}

/** Returns the receipt that a unit with T makes for DATA. */
function receiptFor(data: Bytes, random: Uint8Array = R, importCounter = 1): Bytes {
  const header = decodeHeader(data);
  const { family } = SUITES[header.suite];
  const context = operationContext(data.subarray(0, 48), random);
  const t1 = deriveKey(family, deriveDeviceKey(family, T, header), 'TKL1OPK', context);
  const key = OPTIONS.keys.find(({ ref1 }) => ref1 === header.ref1) ?? KEY;
  return sealReceipt(
    { ...header, sn: copy(header.sn), ref2: 2, kcv: keyCheckValue(header.attributes, key.key), importCounter },
    deriveOperationKeys(family, t1, context),
    sha256(data),
  );
}

describe('exportKey', () => {
  it.each(WORKED_EXAMPLES)(
    'returns DATA of the worked example of $title byte for byte, and accepts its receipt',
    async (example) => {
      const { suite } = example;
      const header = decodeHeader(example.of('HDR'));
      const { as, publicKey } = createTestAs({
        set: header.set,
        tkv: header.tkv,
        family: SUITES[suite].family,
        transportKey: example.of('T'),
        keys: [{ ...header, key: example.of('TA') }],
        firstXc: header.xc,
        asNumber: header.asNumber,
        random: () => example.of('pad'),
      });
      const exported = await as.exportKey(
        {
          unit: { set: header.set, tkv: header.tkv, sn: example.of('SN') },
          suite,
          sign: header.signed,
          ref1: header.ref1,
          ref2: header.slot === 0xffff ? undefined : example.ref2,
          random: example.of('random'),
          challengeMac: example.of('CHM'),
        },
        undefined,
      );
      if (header.signed) {
        const input = concat(
          fromHex('544B4C3153494700'),
          operationContext(example.of('HDR'), example.of('random')),
          exported.data.slice(0, -64),
        );
        expect(isSignedBy(publicKey, input, exported.data.slice(-64))).toBe(true);
        expect(toHex(exported.data.slice(0, -64))).toBe(toHex(example.of('DATA').slice(0, -64)));
      } else {
        expect(toHex(exported.data)).toBe(toHex(example.of('DATA')));
        await as.verifyReceipt(header.xc, example.of('receipt'), undefined);
      }
    },
  );

  it('returns the same bytes for a repeated request, and makes one export', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const first = await as.exportKey(request(), undefined);
    const again = await as.exportKey(request(), undefined);
    expect(again.data).toEqual(first.data);
    expect(memory.exports).toHaveLength(1);
  });

  it('makes one export for ten concurrent copies of a request', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const all = await Promise.all(Array.from({ length: 10 }, () => as.exportKey(request(), undefined)));
    expect(new Set(all.map(({ data }) => toHex(data))).size).toBe(1);
    expect(memory.exports).toHaveLength(1);
  });

  it.each([
    ['another key', { ref1: 0x0104 }],
    ['another suite', { suite: 0x02 }],
    ['a signature', { sign: true }],
    ['another slot', { ref1: 0x0104, ref2: 3 }],
    ['another version of T', { unit: { set: SET, tkv: 3, sn: SN } }],
  ] as const)('refuses a used challenge with %s', async (_name, change) => {
    const { as } = createTestAs(OPTIONS);
    const { as: other } = createTestAs(OPTIONS);
    await as.exportKey(request(), undefined);
    await expect(as.exportKey(request(change), undefined)).rejects.toMatchObject({ code: 'challenge-reused' });
    await expect(other.exportKey(request(change), undefined)).resolves.toBeDefined();
  });

  it('refuses a used challenge with another set', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    await as.exportKey(request(), undefined);
    memory.findTransportKey = async () => ({ family: 'cmac' });
    memory.findKey = async () => KEY;
    const unit = { set: SET + 1, tkv: 1, sn: SN };
    await expect(as.exportKey(request({ unit }), undefined)).rejects.toMatchObject({ code: 'challenge-reused' });
  });

  it('repeats the export of a used challenge only for the same slot, or for any', async () => {
    const { as } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request({ ref1: 0x0104, ref2: 7 }), undefined);
    const repeat = (ref2: number | undefined) => as.exportKey(request({ ref1: 0x0104, ref2 }), undefined);
    await expect(repeat(3)).rejects.toMatchObject({ code: 'challenge-reused' });
    for (const ref2 of [7, undefined]) expect((await repeat(ref2)).data).toEqual(data);
  });

  it('lets no export wait for one of another challenge', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const find = memory.findExport.bind(memory);
    memory.findExport = (sn, random) => (toHex(random) === toHex(R) ? new Promise(() => {}) : find(sn, random));
    as.exportKey(request(), undefined).catch(() => {});
    await expect(as.exportKey(request({ random: SN }), undefined)).resolves.toBeDefined();
  });

  it('refuses the second of two concurrent exports for one challenge', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const outcomes = await Promise.allSettled([
      as.exportKey(request(), undefined),
      as.exportKey(request({ ref1: 0x0104 }), undefined),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(memory.exports).toHaveLength(1);
  });

  it('binds DATA to the requested slot when SLOT of the key is FFFF', async () => {
    const { as } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request({ ref1: 0x0104, ref2: 7 }), undefined);
    expect(readU16(data, 14)).toBe(7);
  });

  it('sets SLOT to FFFF for a request without a slot, as on a card', async () => {
    const { as } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request({ ref1: 0x0104, ref2: undefined }), undefined);
    expect(readU16(data, 14)).toBe(0xffff);
  });

  it.each([
    ['an unknown set', { unit: { set: 1, tkv: 1, sn: SN } }, 'set-unknown'],
    ['an unknown version of T', { unit: { set: SET, tkv: 2, sn: SN } }, 'set-unknown'],
    ['a suite of the other KDF family', { suite: 0x04 }, 'request-refused'],
    ['an unknown key', { ref1: 0x0999 }, 'key-unknown'],
    ['a slot that is not permitted', { ref2: 3 }, 'slot-not-permitted'],
    ['the transport-key slot for a key with SLOT FFFF', { ref1: 0x0104, ref2: 0xfffe }, 'slot-not-permitted'],
    ['the number for any slot', { ref1: 0x0104, ref2: 0xffff }, 'slot-not-permitted'],
    [
      'a challenge MAC for another random number',
      { challengeMac: request({ random: SN }).challengeMac },
      'challenge-refused',
    ],
    [
      'a challenge MAC of another unit',
      { unit: { set: SET, tkv: 1, sn: R }, challengeMac: request().challengeMac },
      'challenge-refused',
    ],
    ['a challenge MAC for another suite', { suite: 0x02, challengeMac: request().challengeMac }, 'challenge-refused'],
  ] as const)('refuses %s', async (_name, change, code) => {
    const { as, memory } = createTestAs(OPTIONS);
    await expect(as.exportKey(request(change), undefined)).rejects.toMatchObject({ code });
    expect(memory.exports).toHaveLength(0);
  });

  it('names the set, the transport key, the key and the slot that it refuses', async () => {
    const { as } = createTestAs(OPTIONS);
    const refusal = (change: Partial<UnitExportRequest>) => expect(as.exportKey(request(change), undefined)).rejects;
    await refusal({ unit: { set: 0xa1, tkv: 1, sn: SN } }).toThrow('This AS has no set 000000A1 with transport key 1.');
    await refusal({ suite: 0x04 }).toThrow('Transport key 1 of set 0000BA7C is not for suite 4.');
    await refusal({ ref1: 9 }).toThrow('Set 0000BA7C has no key with REF1 0009.');
    await refusal({ ref2: 3 }).toThrow('The key with REF1 0103 is not permitted in slot 0003.');
  });

  it('refuses an argument of a wrong length by its name, before it asks the memory', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    memory.findTransportKey = () => Promise.reject(new TypeError('asked'));
    const short = new Uint8Array(15);
    const unit = { set: SET, tkv: 1, sn: short };
    for (const [name, change] of Object.entries({
      sn: { ...request(), unit },
      random: { ...request(), random: short },
      challengeMac: { ...request(), challengeMac: short },
    })) {
      await expect(as.exportKey(change, undefined)).rejects.toThrow(`${name} has 15 bytes, not 16`);
    }
  });

  it('passes on a failure of the key operations, which is no refusal', async () => {
    const failing = () => Promise.reject(new TypeError('the HSM is gone'));
    const as = new AsUnit(createTestAs(OPTIONS).memory, {
      ...{ verifyChallenge: failing, sealKey: failing, verifyReceipt: failing },
    });
    await expect(as.exportKey(request(), undefined)).rejects.toThrow(TypeError);
  });

  it('refuses every single-bit flip of CHM', async () => {
    const { as } = createTestAs(OPTIONS);
    const good = request();
    for (let bit = 0; bit < 128; bit++) {
      const changed = { ...good, challengeMac: flipBit(good.challengeMac, bit) };
      await expect(as.exportKey(changed, undefined)).rejects.toMatchObject({ code: 'challenge-refused' });
    }
  });

  it('refuses a unit that has another T', async () => {
    const { as } = createTestAs(OPTIONS);
    const foreign = request({}, new Uint8Array(32).fill(9));
    await expect(as.exportKey(foreign, undefined)).rejects.toMatchObject({ code: 'challenge-refused' });
  });

  it('refuses an export beyond the quota, and counts a repeated request only once', async () => {
    const { as } = createTestAs({ ...OPTIONS, quota: 1 });
    await as.exportKey(request(), undefined);
    await as.exportKey(request(), undefined);
    await expect(as.exportKey(request({ random: SN }), undefined)).rejects.toMatchObject({ code: 'quota-used' });
  });

  it('releases the reserved quota when memory fails, but does not use the XC again', async () => {
    const { as, memory } = createTestAs({ ...OPTIONS, quota: 1 });
    const reserve = memory.reserveExport.bind(memory);
    memory.reserveExport = async (pending) => ({
      ...(await reserve(pending)),
      commit: () => Promise.reject(new Error('disk full')),
    });
    await expect(as.exportKey(request(), undefined)).rejects.toThrow('disk full');
    memory.reserveExport = reserve;
    const { data } = await as.exportKey(request(), undefined);
    expect(decodeHeader(data).xc).toBe(2);
  });

  it('refuses an export when XC or AKV has reached its maximum, and not before', async () => {
    for (const end of [{ firstXc: 0xffffffff }, { keys: [{ ...KEY, akv: 0xffffffff }] }]) {
      const { as } = createTestAs({ ...OPTIONS, ...end });
      await expect(as.exportKey(request(), undefined)).rejects.toMatchObject({ code: 'quota-used' });
    }
    const { as } = createTestAs({ ...OPTIONS, firstXc: 0xfffffffe, keys: [{ ...KEY, akv: 0xfffffffe }] });
    const { data } = await as.exportKey(request(), undefined);
    expect(decodeHeader(data)).toMatchObject({ xc: 0xfffffffe, akv: 0xfffffffe });
  });
});

describe('verifyReceipt', () => {
  it('accepts a receipt, even repeatedly', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request(), undefined);
    await as.verifyReceipt(1, receiptFor(data), undefined);
    await as.verifyReceipt(1, receiptFor(data), undefined);
    expect(memory.exports[0]?.receipt).toEqual(receiptFor(data));
  });

  it('refuses a receipt with any flipped bit, and stores no receipt', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request(), undefined);
    const receipt = receiptFor(data);
    for (let bit = 0; bit < 512; bit++) {
      await expect(as.verifyReceipt(1, flipBit(receipt, bit), undefined)).rejects.toMatchObject({
        code: 'receipt-refused',
      });
    }
    expect(memory.exports[0]?.receipt).toBeUndefined();
  });

  it('refuses a second authentic receipt for one export', async () => {
    const { as } = createTestAs(OPTIONS);
    const { data } = await as.exportKey(request(), undefined);
    const [one, other] = [receiptFor(data, R, 1), receiptFor(data, R, 2)];
    expect(decodeReceipt(other).importCounter).toBe(2);
    const outcomes = await Promise.allSettled([
      as.verifyReceipt(1, one, undefined),
      as.verifyReceipt(1, other, undefined),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(as.verifyReceipt(1, other, undefined)).rejects.toMatchObject({ code: 'receipt-conflict' });
  });

  it('lets no receipt wait for one of another export', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    const [first, second] = [
      await as.exportKey(request(), undefined),
      await as.exportKey(request({ random: SN }), undefined),
    ];
    const commit = memory.commitReceipt.bind(memory);
    memory.commitReceipt = (record, receipt) =>
      record.random[0] === R[0] ? new Promise(() => {}) : commit(record, receipt);
    as.verifyReceipt(1, receiptFor(first.data), undefined).catch(() => {});
    await as.verifyReceipt(2, receiptFor(second.data, SN), undefined);
  });

  it('refuses a receipt of a wrong length, before it asks the memory', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    memory.findExportByCounter = () => Promise.reject(new TypeError('asked'));
    await expect(as.verifyReceipt(1, new Uint8Array(63), undefined)).rejects.toThrow('receipt has 63 bytes, not 64');
  });

  it('refuses the receipt of another export', async () => {
    const { as } = createTestAs(OPTIONS);
    await as.exportKey(request(), undefined);
    const second = await as.exportKey(request({ random: SN }), undefined);
    await expect(as.verifyReceipt(1, receiptFor(second.data, SN), undefined)).rejects.toMatchObject({
      code: 'receipt-refused',
    });
    await as.verifyReceipt(2, receiptFor(second.data, SN), undefined);
  });

  it('refuses a receipt for an unknown export, and for one that is gone before the receipt is stored', async () => {
    const { as, memory } = createTestAs(OPTIONS);
    await expect(as.verifyReceipt(1, new Uint8Array(64), undefined)).rejects.toMatchObject({ code: 'export-unknown' });
    const { data } = await as.exportKey(request(), undefined);
    const [record] = memory.exports;
    memory.findExportByCounter = vi
      .fn(async (): Promise<typeof record> => undefined)
      .mockImplementationOnce(async () => record);
    await expect(as.verifyReceipt(1, receiptFor(data), undefined)).rejects.toMatchObject({ code: 'export-unknown' });
  });
});
