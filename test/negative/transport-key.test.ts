// Replaces T and erases slots (docs/protocol.md clause 8), and tests the refusals of the unit.
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, verifyReceipt } from '#protocol/tkl/receipt.ts';
import {
  importCommand,
  OTHER_T,
  OTHER_TA,
  operationKeys,
  type Recipe,
  SET,
  SN,
  T,
  TA,
  UnitSetup,
  word,
} from './unit-setup.ts';

const FFFE = 0xfffe;
const replacing = (change: Recipe['header'] = {}, key: Uint8Array = OTHER_T) => ({
  header: { akv: 2, slot: FFFE, attributes: 'K0AX00N', ...change },
  key,
});
const erasing = (change: Recipe['header'] = {}) =>
  ({ header: { akv: 6, attributes: '\0'.repeat(7), ...change }, key: 'none' }) as const;

async function selected(options: ConstructorParameters<typeof UnitSetup>[0] = {}): Promise<UnitSetup> {
  const setup = new UnitSetup(options);
  await setup.select();
  return setup;
}

describe.each(['shared', 'diversified'] as const)('replacing T in a %s unit', (profile) => {
  const stored = (tkv: number) =>
    profile === 'shared' ? OTHER_T : deriveDeviceKey('cmac', OTHER_T, { set: SET, tkv, sn: SN });

  it('activates the new T and TKV, and keeps slots, AKV marks and import counter', async () => {
    const setup = await selected({ profile });
    expect(word(await setup.load())).toBe('9000');
    expect(word(await setup.load(replacing({}, stored(2)), FFFE))).toBe('9000');
    expect(setup.store.transportKey()).toMatchObject({ set: SET, tkv: 2, key: stored(2) });
    expect(setup.store.slot(2)).toMatchObject({ akv: 5, key: TA });
    expect(setup.store.importCounter).toBe(2);
    expect(word(await setup.load({ header: { akv: 6 } }))).toBe('6988');
    expect(word(await setup.load({ header: { akv: 6, tkv: 2 }, transportKey: OTHER_T }))).toBe('9000');
    expect(Object.values(setup.memory.image()).join()).not.toContain(toHex(T));
  });

  it('is proven by a receipt under the T1 of the old T, and GET RECEIPT returns the receipt again', async () => {
    const setup = await selected({ profile });
    const random = await setup.challenge();
    const recipe = { random, ...replacing({}, stored(2)) };
    const data = setup.seal(recipe);
    const response = await setup.send(importCommand(data, FFFE));
    const { keys } = operationKeys(setup.header(recipe), { random });
    const kcv = keyCheckValue('K0AX00N', stored(2));
    const expected = { header: setup.header(recipe), dataHash: sha256(data), kcv };
    expect(verifyReceipt(response.data, expected, keys)).toMatchObject({
      ref2: FFFE,
      tkv: 1,
      akv: 2,
      importCounter: 1,
    });
    const again = await setup.send('80CBFFFE 00');
    expect(again.data).toEqual(response.data);
  });
});

describe('replacing T', () => {
  it.each<[string, Omit<Recipe, 'random'>, number, string]>([
    ['SLOT FFFF', replacing({ slot: 0xffff }), FFFE, '9401'],
    ['SLOT 0002', replacing({ slot: 0x0002 }), FFFE, '9401'],
    ['REF2 0002', replacing(), 0x0002, '9401'],
    ['other attributes', replacing({ attributes: 'K0AB00N' }), FFFE, '6988'],
    ['an exportable key', replacing({ attributes: 'K0AX00E' }), FFFE, '6988'],
    ['a key of 16 bytes', replacing({}, TA.slice(0, 16)), FFFE, '6988'],
    ['a key of 24 bytes', replacing({}, TA.slice(0, 24)), FFFE, '6988'],
    ['the current TKV', replacing({ akv: 1 }), FFFE, '9402'],
    ['TKV 0', replacing({ akv: 0 }), FFFE, '9402'],
    ['TKV FF', replacing({ akv: 0xff }), FFFE, '9000'],
    ['a TKV above FF', replacing({ akv: 0x100 }), FFFE, '9402'],
    ['AKV FFFFFFFF', replacing({ akv: 0xffffffff }), FFFE, '9402'],
    ['an erasure', erasing({ slot: FFFE }), FFFE, '6988'],
  ])('with %s', async (_what, recipe, ref2, sw) => {
    const setup = await selected({ suite: 0x02 });
    expect(word(await setup.load(recipe, ref2))).toBe(sw);
    expect(setup.store.transportKey()?.tkv).toBe(sw === '9000' ? 0xff : 1);
  });

  it('cannot return to an older or the same TKV, even after a loss of power', async () => {
    const setup = await selected({ profile: 'shared' });
    expect(word(await setup.load(replacing({ akv: 7 }), FFFE))).toBe('9000');
    const after = setup.restarted();
    await after.select();
    for (const akv of [1, 6, 7]) {
      const back = replacing({ akv, tkv: 7 }, T);
      expect(word(await after.load({ ...back, transportKey: OTHER_T }, FFFE))).toBe('9402');
    }
    expect(word(await after.load({ header: { tkv: 1 }, transportKey: T }))).toBe('6988');
    expect(word(await after.load({ header: { tkv: 7 }, transportKey: OTHER_T }))).toBe('9000');
  });

  it('has no receipt before T is replaced for the first time', async () => {
    const setup = await selected();
    expect(await setup.send('80CBFFFE 00')).toMatchObject({ sw: 0x6a88 });
  });

  it('uses a slot that the identity does not list', async () => {
    const setup = await selected();
    const { data } = await setup.send('80CA0000 00');
    const slots = data.slice(24 + 2 + 8 + 1);
    expect(slots).toHaveLength(4 * 19);
    expect(toHex(slots)).not.toContain('FFFE');
  });
});

describe.each([0x01, 0x02, 0x04] as const)('erasing in suite %i', (suite) => {
  it('empties the slot, raises its AKV mark and is proven by a receipt', async () => {
    const setup = await selected({ suite });
    expect(word(await setup.load())).toBe('9000');
    const random = await setup.challenge();
    const data = setup.seal({ random, ...erasing() });
    expect(data).toHaveLength(66);
    const response = await setup.send(importCommand(data, 2));
    expect(decodeReceipt(response.data)).toMatchObject({ akv: 6, kcv: { algorithm: 0 }, importCounter: 2 });
    expect(setup.store.slot(2)).toMatchObject({ akv: 6, key: new Uint8Array(0) });
    expect(Object.values(setup.memory.image()).join()).not.toContain(toHex(TA));
    // GET IDENTITY lists the slot as empty: state 00, the AKV mark, then zeros.
    const { data: identity } = await setup.send('80CA0000 00');
    const slot = identity.slice(identity.length - 4 * 19 + 19, identity.length - 4 * 19 + 38);
    expect(toHex(slot)).toBe(`0002 00 00000006 ${'00'.repeat(12)}`.replaceAll(' ', ''));
    expect(word(await setup.load({ header: { akv: 6 } }))).toBe('9402');
    expect(word(await setup.load({ header: { akv: 7 }, key: OTHER_TA }))).toBe('9000');
  });

  it('requires that HDR names the slot and a newer AKV', async () => {
    const setup = await selected({ suite });
    expect(word(await setup.load())).toBe('9000');
    expect(word(await setup.load(erasing({ slot: 0xffff })))).toBe('9401');
    expect(word(await setup.load(erasing({ slot: 0x0003 })))).toBe('9401');
    expect(word(await setup.load(erasing({ akv: 5 })))).toBe('9402');
    expect(setup.store.slot(2)?.key).toEqual(TA);
  });
});

describe('a unit with fewer records than slots', () => {
  it('returns 6A84 for a key beyond its records, but replaces and erases keys', async () => {
    const setup = await selected({ capacity: 1 });
    expect(word(await setup.load({ header: { slot: 0xffff } }, 2))).toBe('9000');
    expect(word(await setup.load({ header: { slot: 0xffff, akv: 6 } }, 3))).toBe('6A84');
    expect(word(await setup.load({ header: { slot: 0xffff, akv: 7 } }, 2))).toBe('9000');
    expect(word(await setup.load(erasing({ akv: 8 }), 2))).toBe('9000');
    expect(word(await setup.load({ header: { slot: 0xffff, akv: 9 } }, 3))).toBe('9000');
  });
});
