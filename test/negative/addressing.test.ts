// DATA with a correct TAG that is addressed to another unit or slot, or comes from another AS
// (docs/protocol.md clauses 4.5, 7 and 8). Each case expects the status word of the first check
// that refuses the DATA.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ed25519PublicKey, isSignedBy } from '#protocol/crypto/ed25519.ts';
import {
  OTHER_T,
  OTHER_TA,
  type Recipe,
  SET,
  SIGNING_KEY,
  SN,
  TA,
  UnitSetup,
  type UnitSetupOptions,
  word,
} from './unit-setup.ts';

const OTHER_SN = fromHex('00000000000000004549000000000008');

interface Case {
  readonly why: string;
  readonly recipe: Omit<Recipe, 'random'>;
  readonly ref2?: number;
  readonly sw: string;
}

/**
 * In every case the sender has T. Therefore TAG verifies in most cases, and only later checks can
 * refuse DATA.
 */
const CASES: readonly Case[] = [
  { why: 'nothing wrong', recipe: {}, sw: '9000' },
  { why: 'any slot permitted', recipe: { header: { slot: 0xffff } }, ref2: 0x0003, sw: '9000' },
  { why: 'another T', recipe: { transportKey: OTHER_T }, sw: '6988' },
  { why: 'the keys of another SN', recipe: { header: { sn: OTHER_SN } }, sw: '6988' },
  { why: 'another SN in HDR only', recipe: { header: { sn: OTHER_SN }, derivedFor: { sn: SN } }, sw: '6988' },
  { why: 'the keys of another SET', recipe: { header: { set: SET + 1 } }, sw: '6988' },
  { why: 'another SET in HDR only', recipe: { header: { set: SET + 1 }, derivedFor: { set: SET } }, sw: '6988' },
  { why: 'the keys of another TKV', recipe: { header: { tkv: 2 } }, sw: '6988' },
  { why: 'another TKV in HDR only', recipe: { header: { tkv: 2 }, derivedFor: { tkv: 1 } }, sw: '6988' },
  { why: 'TKV 00', recipe: { header: { tkv: 0 } }, sw: '6988' },
  { why: 'another slot than HDR permits', recipe: {}, ref2: 0x0003, sw: '9401' },
  { why: 'a slot that the unit does not have', recipe: { header: { slot: 0x0009 } }, ref2: 0x0009, sw: '6A88' },
  { why: 'slot FFFF itself', recipe: { header: { slot: 0xffff } }, ref2: 0xffff, sw: '6A88' },
  { why: 'AKV 0', recipe: { header: { akv: 0 } }, sw: '9402' },
  { why: 'the last AKV', recipe: { header: { akv: 0xfffffffe } }, sw: '9000' },
  { why: 'AKV FFFFFFFF', recipe: { header: { akv: 0xffffffff } }, sw: '9402' },
  { why: 'a wrong slot and a wrong AKV', recipe: { header: { akv: 0 } }, ref2: 0x0003, sw: '9401' },
  { why: 'ATTR with small letters', recipe: { header: { attributes: 'd0ab00n' } }, sw: '6988' },
  { why: 'ATTR with a blank', recipe: { header: { attributes: 'D0AB 0N' } }, sw: '6988' },
  { why: 'ATTR that is not text', recipe: { header: { attributes: 'D0AB\u000100' } }, sw: '6988' },
];

describe.each(['shared', 'diversified'] as const)('a %s unit', (profile) => {
  // BODY of suite 02 does not contain ATTR, so the unit must check ATTR of HDR itself.
  it.each(CASES)('returns $sw for DATA with $why', async ({ recipe, ref2, sw }) => {
    const setup = new UnitSetup({ suite: 0x02, profile });
    await setup.select();
    expect(word(await setup.load(recipe, ref2))).toBe(sw);
    expect(setup.store.keysHeld).toBe(sw === '9000' ? 1 : 0);
    expect(setup.store.tries.left).toBe(sw === '9000' || sw === '6A88' ? 64 : 63);
  });
});

describe('a suite', () => {
  it('that is unknown, reserved or not allowed is refused as a wrong format', async () => {
    for (const suite of [0x01, 0x04] as const) {
      const setup = new UnitSetup({ suite });
      await setup.select();
      const data = setup.seal({ random: await setup.challenge() });
      for (let id = 0; id <= 0xff; id++) {
        if (setup.configuration.suites.some((allowed) => allowed === id)) continue;
        data[4] = id;
        expect(word(await setup.import(data)), `suite ${id}`).toBe('6A80');
      }
    }
  });
});

describe('a signature', () => {
  const load = async (
    signature: UnitSetupOptions['signature'],
    recipe: Omit<Recipe, 'random'>,
    change = (data: Uint8Array) => data,
  ) => {
    const setup = new UnitSetup({ extendedLength: true, ...(signature === undefined ? {} : { signature }) });
    await setup.select();
    const random = await setup.challenge();
    return word(await setup.import(change(setup.seal({ random, ...recipe }))));
  };
  const signed = { header: { signed: true } };
  const unsigned = { header: { signed: false } };
  const stripped = (data: Uint8Array) => data.slice(0, -64);
  const flagCleared = (data: Uint8Array) => {
    data[5] = 0x01;
    return data;
  };

  it('is mandatory for a unit that is configured to require signatures', async () => {
    expect(await load('required', signed)).toBe('9000');
    expect(await load('required', unsigned)).toBe('6A80');
    expect(await load('required', signed, stripped)).toBe('6700');
    expect(await load('required', signed, (data) => stripped(flagCleared(data)))).toBe('6A80');
  });

  it('is accepted by a unit that does not require a signature, and cannot be stripped', async () => {
    expect(await load('optional', signed)).toBe('9000');
    expect(await load('optional', unsigned)).toBe('9000');
    expect(await load('optional', signed, flagCleared)).toBe('6700');
    expect(await load('optional', signed, (data) => stripped(flagCleared(data)))).toBe('6988');
    expect(
      await load('optional', unsigned, (data) => {
        data[5] = 0x03;
        return data;
      }),
    ).toBe('6700');
  });

  it('is refused as a wrong format by a unit without a verification key', async () => {
    expect(await load('none', signed)).toBe('6A80');
  });

  it('must be made with the signing key of the AS', async () => {
    expect(await load('required', { ...signed, signingKey: OTHER_TA })).toBe('6988');
    expect(await load('optional', { ...signed, signingKey: OTHER_TA })).toBe('6988');
  });

  it('must have a value S that is below the group order', async () => {
    // The group order L = 2^252 + 27742317777372353535851937790883648493, little-endian. A verifier
    // that is not strict accepts S + L in place of S.
    const order = fromHex('EDD3F55C1A631258D69CF7A2DEF9DE14 00000000000000000000000000000010');
    const malleated = (data: Uint8Array) => concat(data.slice(0, -32), plus(data.slice(-32), order));
    expect(await load('required', signed, malleated)).toBe('6988');
  });

  it('under a key of small order is refused, because such a key verifies every message', () => {
    const smallOrder = fromHex(`01${'00'.repeat(31)}`);
    const forged = concat(smallOrder, new Uint8Array(32));
    expect(isSignedBy(smallOrder, TA, forged)).toBe(false);
    expect(isSignedBy(ed25519PublicKey(SIGNING_KEY), TA, forged)).toBe(false);
  });
});

/** Returns the sum of two little-endian numbers of 32 bytes. */
function plus(a: Uint8Array, b: Uint8Array): Uint8Array {
  let carry = 0;
  return a.map((byte, i) => {
    const sum = byte + (b[i] ?? 0) + carry;
    carry = sum >> 8;
    return sum & 0xff;
  });
}
