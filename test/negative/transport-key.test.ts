// Replacing T and erasing a key (docs/protocol.md clause 8), and what of it must be refused.
import { describe, expect, it } from 'vitest';
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { decodeReceipt, verifyReceipt } from '#protocol/tkl/receipt.ts';
import {
  Bench,
  importCommand,
  OTHER_T,
  OTHER_TA,
  operationKeys,
  type Recipe,
  SET,
  SN,
  T,
  TA,
  word,
} from './fixture.ts';

const FFFE = 0xfffe;
const replacing = (change: Recipe['header'] = {}, key: Uint8Array = OTHER_T) => ({
  header: { akv: 2, slot: FFFE, attributes: 'K0AX00N', ...change },
  key,
});
const erasing = (change: Recipe['header'] = {}) =>
  ({ header: { akv: 6, attributes: '\0'.repeat(7), ...change }, key: 'none' }) as const;

async function selected(options: ConstructorParameters<typeof Bench>[0] = {}): Promise<Bench> {
  const bench = new Bench(options);
  await bench.select();
  return bench;
}

describe.each(['shared', 'diversified'] as const)('replacing T in a %s unit', (profile) => {
  const stored = (tkv: number) =>
    profile === 'shared' ? OTHER_T : deriveDeviceKey('cmac', OTHER_T, { set: SET, tkv, sn: SN });

  it('makes the new T and TKV the ones that count, and keeps slots, marks and counter', async () => {
    const bench = await selected({ profile });
    expect(word(await bench.load())).toBe('9000');
    expect(word(await bench.load(replacing({}, stored(2)), FFFE))).toBe('9000');
    expect(bench.store.transportKey()).toMatchObject({ set: SET, tkv: 2, key: stored(2) });
    expect(bench.store.slot(2)).toMatchObject({ akv: 5, key: TA });
    expect(bench.store.importCounter).toBe(2);
    expect(word(await bench.load({ header: { akv: 6 } }))).toBe('6988');
    expect(word(await bench.load({ header: { akv: 6, tkv: 2 }, transportKey: OTHER_T }))).toBe('9000');
    expect(Object.values(bench.memory.image()).join()).not.toContain(Buffer.from(T).toString('hex').toUpperCase());
  });

  it('is proved by a receipt under the old T1, which GET RECEIPT gives again', async () => {
    const bench = await selected({ profile });
    const random = await bench.challenge();
    const recipe = { random, ...replacing({}, stored(2)) };
    const data = bench.seal(recipe);
    const answer = await bench.send(importCommand(data, FFFE));
    const { keys } = operationKeys(bench.header(recipe), { random });
    const kcv = keyCheckValue('K0AX00N', stored(2));
    const expected = { header: bench.header(recipe), dataHash: sha256(data), kcv };
    expect(verifyReceipt(answer.data, expected, keys)).toMatchObject({ ref2: FFFE, tkv: 1, akv: 2, importCounter: 1 });
    const again = await bench.send('80CBFFFE 00');
    expect(equalBytes(again.data, answer.data)).toBe(true);
  });
});

describe('replacing T', () => {
  it.each<[string, Omit<Recipe, 'random'>, number, string]>([
    ['any slot permitted', replacing({ slot: 0xffff }), FFFE, '9401'],
    ['another slot permitted', replacing({ slot: 0x0002 }), FFFE, '9401'],
    ['a key for T sent to a slot', replacing(), 0x0002, '9401'],
    ['other attributes', replacing({ attributes: 'K0AB00N' }), FFFE, '6988'],
    ['an exportable key', replacing({ attributes: 'K0AX00E' }), FFFE, '6988'],
    ['a key of 16 bytes', replacing({}, TA.slice(0, 16)), FFFE, '6988'],
    ['a key of 24 bytes', replacing({}, TA.slice(0, 24)), FFFE, '6988'],
    ['the TKV that it has', replacing({ akv: 1 }), FFFE, '9402'],
    ['TKV 0', replacing({ akv: 0 }), FFFE, '9402'],
    ['the last TKV', replacing({ akv: 0xff }), FFFE, '9000'],
    ['a TKV above FF', replacing({ akv: 0x100 }), FFFE, '9402'],
    ['AKV FFFFFFFF', replacing({ akv: 0xffffffff }), FFFE, '9402'],
    ['an erasing', erasing({ slot: FFFE }), FFFE, '6988'],
  ])('with %s', async (_why, recipe, ref2, sw) => {
    const bench = await selected({ suite: 0x02 });
    expect(word(await bench.load(recipe, ref2))).toBe(sw);
    expect(bench.store.transportKey()?.tkv).toBe(sw === '9000' ? 0xff : 1);
  });

  it('cannot go back to an older TKV, nor to the same, after a loss of power either', async () => {
    const bench = await selected({ profile: 'shared' });
    expect(word(await bench.load(replacing({ akv: 7 }), FFFE))).toBe('9000');
    const after = bench.restarted();
    await after.select();
    for (const akv of [1, 6, 7]) {
      const back = replacing({ akv, tkv: 7 }, T);
      expect(word(await after.load({ ...back, transportKey: OTHER_T }, FFFE))).toBe('9402');
    }
    expect(word(await after.load({ header: { tkv: 1 }, transportKey: T }))).toBe('6988');
    expect(word(await after.load({ header: { tkv: 7 }, transportKey: OTHER_T }))).toBe('9000');
  });

  it('leaves no receipt to fetch before the first one', async () => {
    const bench = await selected();
    expect(await bench.send('80CBFFFE 00')).toMatchObject({ sw: 0x6a88 });
  });

  it('is not listed among the slots', async () => {
    const bench = await selected();
    const { data } = await bench.send('80CA0000 00');
    const slots = data.slice(24 + 2 + 8 + 1);
    expect(slots).toHaveLength(4 * 19);
    expect(Buffer.from(slots).toString('hex')).not.toContain('fffe');
  });
});

describe.each([0x01, 0x02, 0x04] as const)('erasing in suite %i', (suite) => {
  it('empties the slot, raises its mark and is proved by a receipt', async () => {
    const bench = await selected({ suite });
    expect(word(await bench.load())).toBe('9000');
    const random = await bench.challenge();
    const data = bench.seal({ random, ...erasing() });
    expect(data).toHaveLength(66);
    const answer = await bench.send(importCommand(data, 2));
    expect(decodeReceipt(answer.data)).toMatchObject({ akv: 6, kcv: { algorithm: 0 }, importCounter: 2 });
    expect(bench.store.slot(2)).toMatchObject({ akv: 6, key: new Uint8Array(0) });
    expect(Object.values(bench.memory.image()).join()).not.toContain(Buffer.from(TA).toString('hex').toUpperCase());
    // Empty, with its mark: 00 and AKV, the rest zero.
    const { data: identity } = await bench.send('80CA0000 00');
    const slot = identity.slice(identity.length - 4 * 19 + 19, identity.length - 4 * 19 + 38);
    expect(Buffer.from(slot).toString('hex')).toBe(`0002000000000${'6'}${'00'.repeat(12)}`);
    expect(word(await bench.load({ header: { akv: 6 } }))).toBe('9402');
    expect(word(await bench.load({ header: { akv: 7 }, key: OTHER_TA }))).toBe('9000');
  });

  it('needs its slot named, and is nothing else than an erasing', async () => {
    const bench = await selected({ suite });
    expect(word(await bench.load())).toBe('9000');
    expect(word(await bench.load(erasing({ slot: 0xffff })))).toBe('9401');
    expect(word(await bench.load(erasing({ slot: 0x0003 })))).toBe('9401');
    expect(word(await bench.load(erasing({ akv: 5 })))).toBe('9402');
    expect(bench.store.slot(2)?.key).toEqual(TA);
  });
});

describe('a unit with less room than slots', () => {
  it('refuses one key more with 6A84, but takes a newer one for a slot that is full, and erases', async () => {
    const bench = await selected({ capacity: 1 });
    expect(word(await bench.load({ header: { slot: 0xffff } }, 2))).toBe('9000');
    expect(word(await bench.load({ header: { slot: 0xffff, akv: 6 } }, 3))).toBe('6A84');
    expect(word(await bench.load({ header: { slot: 0xffff, akv: 7 } }, 2))).toBe('9000');
    expect(word(await bench.load(erasing({ akv: 8 }), 2))).toBe('9000');
    expect(word(await bench.load({ header: { slot: 0xffff, akv: 9 } }, 3))).toBe('9000');
  });
});
