// Power fails at every write to memory of an import, an erasing and a replacement of T: before it, in its middle, after it
// (docs/protocol.md clauses 4.6 and 7). What is left is the old key or the new one, with all that belongs to it, never none and never
// a mixture; and the next attempt succeeds.
import { describe, expect, it } from 'vitest';
import type { WriteFault } from '#device-sim/unit/memory.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { Bench, type BenchOptions, OTHER_T, OTHER_TA, type Recipe, SET, SN, T, TA, word } from './fixture.ts';

const EFFECTS = ['cut before', 'cut during', 'cut after'] as const;
/** More writes than any attempt has: the loop ends when an attempt is not cut any more. */
const MAX_WRITES = 40;

interface Attempt {
  readonly title: string;
  readonly before: (bench: Bench) => Promise<void>;
  /** By what a second attempt raises its AKV. */
  readonly recipe: (akv: number) => Omit<Recipe, 'random'>;
  readonly ref2: number;
}

const FIRST: Attempt = {
  title: 'the first key of a slot',
  before: async () => undefined,
  recipe: (akv) => ({ header: { akv } }),
  ref2: 2,
};
const withOldKey = async (bench: Bench): Promise<void> => {
  expect(word(await bench.load({ header: { akv: 1 }, key: OTHER_TA }))).toBe('9000');
};
const ATTEMPTS: readonly Attempt[] = [
  FIRST,
  { ...FIRST, title: 'a newer key of a slot', before: withOldKey },
  {
    title: 'an erasing',
    before: withOldKey,
    recipe: (akv) => ({ header: { akv, attributes: '\0'.repeat(7) }, key: 'none' }),
    ref2: 2,
  },
];
const UNITS: readonly (BenchOptions & { readonly title: string })[] = [
  { title: 'a shared unit', profile: 'shared', suite: 0x01 },
  { title: 'a diversified unit', profile: 'diversified', suite: 0x02 },
  { title: 'a unit of suite 04 that keeps its challenge', suite: 0x04, keepsChallenge: true },
];

/** All that a commit changes, as one value. */
function facts(bench: Bench, ref2: number): string {
  const { store } = bench;
  if (ref2 === TRANSPORT_KEY_SLOT) {
    const { tkv, key } = store.transportKey() ?? { tkv: 0, key: new Uint8Array(0) };
    return JSON.stringify([tkv, toHex(key), store.importCounter, toHex(store.transportImport()?.receipt ?? key)]);
  }
  const slot = store.slot(ref2);
  return JSON.stringify([
    slot?.akv,
    toHex(slot?.key ?? new Uint8Array(0)),
    store.importCounter,
    slot && toHex(slot.receipt),
  ]);
}

/** Cuts one attempt at one write: the unit after the cut, or undefined when the attempt has fewer writes than that. */
async function cut(options: BenchOptions, attempt: Attempt, fault: WriteFault) {
  const bench = new Bench(options);
  await bench.select();
  await attempt.before(bench);
  const old = facts(bench, attempt.ref2);
  const random = await bench.challenge();
  const data = bench.seal({ random, ...attempt.recipe(5) });
  bench.memory.arm(fault);
  const outcome = await bench.import(data, attempt.ref2).catch((error: unknown) => error);
  bench.memory.disarm();
  if (outcome === 0x9000) return undefined;
  expect(outcome).toMatchObject({ name: 'PowerCut' });
  return { old, after: bench.restarted() };
}

describe.each(UNITS)('$title', (options) => {
  it.each(ATTEMPTS)(
    'has the old or the new state after a cut at any write of $title, and can go on',
    async (attempt) => {
      const complete = new Bench(options);
      await complete.select();
      await attempt.before(complete);
      expect(word(await complete.load(attempt.recipe(5), attempt.ref2))).toBe('9000');
      const isNew = (bench: Bench) => (bench.store.slot(attempt.ref2)?.akv ?? 0) === 5;
      const seen = { old: 0, new: 0 };
      for (const effect of EFFECTS) {
        let write = 1;
        for (; write < MAX_WRITES; write++) {
          const result = await cut(options, attempt, { write, effect });
          if (result === undefined) break;
          const { old, after } = result;
          seen[isNew(after) ? 'new' : 'old']++;
          if (isNew(after)) expectComplete(after, attempt);
          else expect(facts(after, attempt.ref2), `${effect} ${write}`).toBe(old);
          await expectGoesOn(after, attempt);
        }
        expect(write).toBeGreaterThan(5);
        expect(write).toBeLessThan(MAX_WRITES);
      }
      expect(seen.old).toBeGreaterThan(10);
      expect(seen.new).toBeGreaterThan(0);
    },
  );
});

/** The new state is whole: record, receipt, mark and counter belong together, and of the old key nothing is left. */
function expectComplete(bench: Bench, attempt: Attempt): void {
  const slot = bench.store.slot(attempt.ref2);
  const receipt = slot?.receipt ?? new Uint8Array(64);
  expect(readU32(receipt, 12)).toBe(5);
  expect(readU32(receipt, 44)).toBe(bench.store.importCounter);
  expect(slot?.importCounter).toBe(bench.store.importCounter);
  expect(JSON.stringify(bench.memory.image())).not.toContain(toHex(OTHER_TA));
}

async function expectGoesOn(bench: Bench, attempt: Attempt): Promise<void> {
  await bench.select();
  expect(word(await bench.load(attempt.recipe(9), attempt.ref2))).toBe('9000');
  expect(bench.store.slot(attempt.ref2)?.akv).toBe(9);
  expect(bench.store.tries).toEqual({ left: 64, waits: 0 });
}

describe.each(['shared', 'diversified'] as const)('T in a %s unit', (profile) => {
  const unit = { set: SET, sn: SN };
  const stored = (t: Uint8Array, tkv: number) =>
    profile === 'shared' ? t : deriveDeviceKey('cmac', t, { ...unit, tkv });
  const attempt: Attempt = {
    title: 'replacing T',
    before: withOldKey,
    recipe: (akv) => ({ header: { akv, slot: TRANSPORT_KEY_SLOT, attributes: 'K0AX00N' }, key: stored(OTHER_T, akv) }),
    ref2: TRANSPORT_KEY_SLOT,
  };

  it('is the old or the new one after a cut at any write, and the AS reaches the unit with the one that it is', async () => {
    const seen = new Set<number>();
    for (const effect of EFFECTS) {
      for (let write = 1; write < MAX_WRITES; write++) {
        const result = await cut({ profile }, attempt, { write, effect });
        if (result === undefined) break;
        const { after, old } = result;
        const tkv = after.store.transportKey()?.tkv ?? 0;
        seen.add(tkv);
        expect(after.store.transportKey()?.key).toEqual(tkv === 5 ? stored(OTHER_T, 5) : stored(T, 1));
        if (tkv !== 5) expect(facts(after, TRANSPORT_KEY_SLOT)).toBe(old);
        await after.select();
        const transportKey = tkv === 5 ? OTHER_T : T;
        const next = { header: { akv: 9, tkv }, transportKey, key: TA };
        expect(word(await after.load(next)), `${effect} ${write}`).toBe('9000');
      }
    }
    expect([...seen].sort()).toEqual([1, 5]);
  });
});

describe('a unit that starts after a cut', () => {
  it('wipes what an unfinished import left, and survives cuts in the middle of that', async () => {
    const bench = new Bench();
    await bench.select();
    await withOldKey(bench);
    const data = bench.seal({ random: await bench.challenge(), header: { akv: 5 } });
    // The marker follows the two writes of the shadow; tries take two writes before.
    bench.memory.arm({ write: 5, effect: 'cut before' });
    await expect(bench.import(data)).rejects.toMatchObject({ name: 'PowerCut' });
    expect(JSON.stringify(bench.memory.image())).toContain(toHex(TA));
    const left = bench.memory.image();
    for (const effect of EFFECTS) {
      expect(() => new Bench({ image: left, fault: { write: 1, effect } })).toThrow(/power was cut/);
    }
    const started = new Bench({ image: left });
    expect(JSON.stringify(started.memory.image())).not.toContain(toHex(TA));
    expect(started.store.slot(2)?.key).toEqual(OTHER_TA);
  });

  it('starts all the same when the wiping fails, and wipes the next time', async () => {
    const bench = new Bench();
    await bench.select();
    await withOldKey(bench);
    const data = bench.seal({ random: await bench.challenge(), header: { akv: 5 } });
    bench.memory.arm({ write: 5, effect: 'cut before' });
    await expect(bench.import(data)).rejects.toMatchObject({ name: 'PowerCut' });
    const failing = new Bench({ image: bench.memory.image(), fault: { write: 1, effect: 'failure' } });
    expect((await failing.select()).sw).toBe(0x9000);
    expect(JSON.stringify(failing.memory.image())).toContain(toHex(TA));
    const wiped = new Bench({ image: failing.memory.image() });
    expect(JSON.stringify(wiped.memory.image())).not.toContain(toHex(TA));
  });
});

describe('a write that fails', () => {
  it('is 6581 before the commit and leaves the old key, and cannot take back what was committed', async () => {
    const words: string[] = [];
    for (let write = 1; write <= 8; write++) {
      const bench = new Bench();
      await bench.select();
      await withOldKey(bench);
      const random = await bench.challenge();
      bench.memory.arm({ write, effect: 'failure' });
      const sw = word(await bench.import(bench.seal({ random, header: { akv: 5 } })));
      words.push(sw);
      expect(bench.store.slot(2)?.akv).toBe(sw === '9000' ? 5 : 1);
      expect(bench.store.slot(2)?.key).toEqual(sw === '9000' ? TA : OTHER_TA);
    }
    // Tries (record, marker), shadow, shadow with the receipt, marker; then tries again (record, marker) and the wiping.
    expect(words).toEqual(['6581', '6581', '6581', '6581', '6581', '9000', '9000', '9000']);
  });

  it('is 6581 where the tries cannot be written, and no key was used', async () => {
    const bench = new Bench();
    await bench.select();
    const random = await bench.challenge();
    bench.memory.arm({ write: 1, effect: 'failure' });
    expect(word(await bench.import(bench.seal({ random })))).toBe('6581');
    expect(bench.store.tries.left).toBe(64);
  });
});
