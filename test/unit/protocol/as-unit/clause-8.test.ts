// Clause 8 of docs/protocol.md in the AS: DATA for an erasure and for a new T in every suite and
// both profiles, and the refusals of the AS.
import { describe, expect, it } from 'vitest';
import { entryKind, requireEntry } from '#protocol/as-unit/entry.ts';
import type { KeyFacts, UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { concat, copy } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { keyCheckValue, NO_KCV, openBody } from '#protocol/tkl/body.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { decodeData, verifyTag } from '#protocol/tkl/data.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { deriveDeviceKey, deriveKey, deriveOperationKeys, operationContext } from '#protocol/tkl/key-tree.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES, type SuiteId } from '#protocol/tkl/suites.ts';
import { createTestAs, type TestAsOptions } from '#test/support/as-memory.ts';

const SET = 0x0000ba7c;
const T = sha256(ascii('T'));
const NEXT_T = sha256(ascii('next T'));
const SN = copy(new Uint8Array(16).fill(7));
const R = new Uint8Array(16).fill(0xa5);
const ERASING = { ref1: 0x0105, attributes: NO_ATTRIBUTES, akv: 7, slot: 2, key: concat() };
const REPLACING = { ref1: 0x0106, attributes: 'K0AX00N', akv: 2, slot: 0xfffe, key: concat() };

const CASES = Object.values(SUITES).flatMap(({ id: suite, family }) =>
  (['shared', 'diversified'] as const).map((profile) => ({ suite, family, profile })),
);

function request(suite: SuiteId, ref1: number, change: Partial<UnitExportRequest> = {}): UnitExportRequest {
  const unit = change.unit ?? { set: SET, tkv: 1, sn: SN };
  const deviceKey = deriveDeviceKey(SUITES[suite].family, unit.tkv === 1 ? T : NEXT_T, unit);
  const mac = challengeMac(deriveChallengeKey(suite, deviceKey, unit), { suite, unit, random: R });
  return { unit, suite, sign: false, ref1, ref2: undefined, random: R, challengeMac: mac, ...change };
}

/** Decodes DATA and verifies TAG with the keys that a unit derives from its current T. */
function open(bytes: Uint8Array) {
  const data = decodeData(bytes);
  const { family } = SUITES[data.header.suite];
  const context = operationContext(data.headerBytes, R);
  const t1 = deriveKey(family, deriveDeviceKey(family, T, data.header), 'TKL1OPK', context);
  const keys = deriveOperationKeys(family, t1, context);
  verifyTag(data, keys);
  return { data, keys };
}

describe.each(CASES)('suite $suite, $profile', ({ suite, family, profile }) => {
  const create = (change: Partial<TestAsOptions> = {}) =>
    createTestAs({
      set: SET,
      tkv: 1,
      family,
      transportKey: T,
      profile,
      nextTransportKeys: [{ tkv: 2, key: NEXT_T }],
      keys: [ERASING, REPLACING],
      ...change,
    });

  it('an erasure has no BODY and no KCV, and its receipt verifies', async () => {
    const { as } = create();
    const record = await as.exportKey(request(suite, ERASING.ref1), undefined);
    expect(record.data).toHaveLength(66);
    expect(record.kcv).toEqual(NO_KCV);
    const { data, keys } = open(record.data);
    expect(data.header).toMatchObject({ attributes: NO_ATTRIBUTES, slot: 2, akv: 7 });
    const fields = { ...data.header, sn: copy(SN), importCounter: 1, kcv: NO_KCV };
    await as.verifyReceipt(1, sealReceipt({ ...fields, ref2: 2 }, keys, sha256(record.data)), undefined);
  });

  it('an erasure can be signed', async () => {
    const { as } = create();
    const { data } = await as.exportKey(request(suite, ERASING.ref1, { sign: true }), undefined);
    expect(data).toHaveLength(130);
  });

  it('a new T is sent as T or K_D, depending on the profile, and is sealed and proven under the old T', async () => {
    const { as } = create();
    const record = await as.exportKey(request(suite, REPLACING.ref1), undefined);
    const { data, keys } = open(record.data);
    expect(data.header).toMatchObject({ attributes: 'K0AX00N', slot: 0xfffe, akv: 2, tkv: 1 });
    const key = openBody(suite, keys, { header: data.headerBytes, attributes: 'K0AX00N' }, data.body);
    const expected = profile === 'shared' ? NEXT_T : deriveDeviceKey(family, NEXT_T, { set: SET, tkv: 2, sn: SN });
    expect(key).toEqual(expected);
    expect(record.kcv).toEqual(keyCheckValue('K0AX00N', expected));
    const fields = { ...data.header, sn: copy(SN), importCounter: 1, kcv: record.kcv };
    await as.verifyReceipt(1, sealReceipt({ ...fields, ref2: 0xfffe }, keys, sha256(record.data)), undefined);
  });

  it('a repeated request returns the same bytes, and a unit with the new T receives keys', async () => {
    const { as } = create({ keys: [REPLACING, { ref1: 1, attributes: 'D0AB00N', akv: 1, slot: 1, key: copy(T) }] });
    const first = await as.exportKey(request(suite, REPLACING.ref1), undefined);
    expect((await as.exportKey(request(suite, REPLACING.ref1), undefined)).data).toEqual(first.data);
    const unit = { set: SET, tkv: 2, sn: SN };
    const random = R.map((byte) => byte ^ 1);
    const deviceKey = deriveDeviceKey(family, NEXT_T, unit);
    const mac = challengeMac(deriveChallengeKey(suite, deviceKey, unit), { suite, unit, random });
    await as.exportKey(request(suite, 1, { unit, random, challengeMac: mac }), undefined);
  });

  it('a new T is refused if the unit already has it, if it is missing or if it has the other KDF family', async () => {
    const unit = { set: SET, tkv: 2, sn: SN };
    const { as } = create();
    await expect(as.exportKey(request(suite, REPLACING.ref1, { unit }), undefined)).rejects.toMatchObject({
      code: 'transport-key-current',
    });
    const other = family === 'cmac' ? 'hmac' : 'cmac';
    for (const nextTransportKeys of [[], [{ tkv: 2, key: NEXT_T, family: other } as const]]) {
      const { as: without } = create({ nextTransportKeys });
      await expect(without.exportKey(request(suite, REPLACING.ref1), undefined)).rejects.toMatchObject({
        code: 'key-unknown',
      });
    }
  });

  it.each([
    [ERASING.ref1, 3],
    [ERASING.ref1, 0xfffe],
    [REPLACING.ref1, 2],
    [REPLACING.ref1, 0xffff],
  ])('REF1 %i is refused for slot %i', async (ref1, ref2) => {
    const { as } = create();
    await expect(as.exportKey(request(suite, ref1, { ref2 }), undefined)).rejects.toMatchObject({
      code: 'slot-not-permitted',
    });
  });
});

describe('an entry', () => {
  const KEY: KeyFacts = { ref1: 1, attributes: 'D0AB00N', akv: 1, slot: 0xffff };

  it('has a kind that depends on ATTR and SLOT', () => {
    expect([KEY, ERASING, REPLACING].map(entryKind)).toEqual(['key', 'erasing', 'transport-key']);
    for (const entry of [KEY, ERASING, REPLACING]) expect(() => requireEntry(entry)).not.toThrow();
  });

  it('may have the highest AKV of its kind', () => {
    for (const entry of [KEY, ERASING]) expect(() => requireEntry({ ...entry, akv: 0xfffffffe })).not.toThrow();
    expect(() => requireEntry({ ...REPLACING, akv: 255 })).not.toThrow();
  });

  it.each<[string, KeyFacts]>([
    ['AKV 0', { ...KEY, akv: 0 }],
    ['AKV FFFFFFFF', { ...KEY, akv: 0xffffffff }],
    ['a fractional AKV', { ...KEY, akv: 1.5 }],
    ['six characters of ATTR', { ...KEY, attributes: 'D0AB00' }],
    ['a control character in ATTR', { ...KEY, attributes: 'D0AB0\0N' }],
    ['an ATTR that no key block can contain', { ...KEY, attributes: 'D0AB 0N' }],
    ['small letters in ATTR', { ...KEY, attributes: 'D0ABc1N' }],
    ['an erasure of any slot', { ...ERASING, slot: 0xffff }],
    ['an erasure of T', { ...ERASING, slot: 0xfffe }],
    ['a T with other attributes', { ...REPLACING, attributes: 'K0AB00N' }],
    ['a TKV of 256', { ...REPLACING, akv: 256 }],
  ])('with %s is refused', (_what, entry) => {
    expect(() => requireEntry(entry)).toThrow(RangeError);
  });
});
