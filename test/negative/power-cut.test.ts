// Cuts power before, during and after every memory write of an import, an erasure and a replacement
// of T (docs/protocol.md clauses 4.6 and 7). The unit then has the complete old state or the
// complete new state, and the next attempt succeeds.
import { describe, expect, it } from 'vitest';
import type { MemoryImage, WriteFault } from '#device-sim/unit/memory.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import {
  OTHER_T,
  OTHER_TA,
  type Recipe,
  SET,
  SN,
  T,
  TA,
  UnitSetup,
  type UnitSetupOptions,
  word,
} from './unit-setup.ts';

const EFFECTS = ['cut before', 'cut during', 'cut after'] as const;
/**
 * Upper limit of the loops over the writes of an attempt. No attempt makes that many writes: a loop
 * ends when the attempt completes without a cut.
 */
const MAX_WRITES = 40;

interface Attempt {
  readonly title: string;
  readonly before: (setup: UnitSetup) => Promise<void>;
  readonly recipe: (akv: number) => Omit<Recipe, 'random'>;
  readonly ref2: number;
}

const FIRST: Attempt = {
  title: 'the first key of a slot',
  before: async () => undefined,
  recipe: (akv) => ({ header: { akv } }),
  ref2: 2,
};
const withOldKey = async (setup: UnitSetup): Promise<void> => {
  expect(word(await setup.load({ header: { akv: 1 }, key: OTHER_TA }))).toBe('9000');
};
const ATTEMPTS: readonly Attempt[] = [
  FIRST,
  { ...FIRST, title: 'a newer key of a slot', before: withOldKey },
  {
    title: 'an erasure',
    before: withOldKey,
    recipe: (akv) => ({ header: { akv, attributes: '\0'.repeat(7) }, key: 'none' }),
    ref2: 2,
  },
];
const UNITS: readonly (UnitSetupOptions & { readonly title: string })[] = [
  { title: 'a shared unit', profile: 'shared', suite: 0x01 },
  { title: 'a diversified unit', profile: 'diversified', suite: 0x02 },
  { title: 'a unit of suite 04 that keeps its challenge', suite: 0x04, keepsChallenge: true },
];

/** Returns everything that a commit changes, as one string to compare. */
function stateOf(setup: UnitSetup, ref2: number): string {
  const { store } = setup;
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

/** Cuts power at one write of an attempt. Returns undefined if the attempt makes fewer writes. */
async function cut(options: UnitSetupOptions, attempt: Attempt, fault: WriteFault) {
  const setup = new UnitSetup(options);
  await setup.select();
  await attempt.before(setup);
  const old = stateOf(setup, attempt.ref2);
  const random = await setup.challenge();
  const data = setup.seal({ random, ...attempt.recipe(5) });
  setup.memory.arm(fault);
  const outcome = await setup.import(data, attempt.ref2).catch((error: unknown) => error);
  setup.memory.disarm();
  if (outcome === 0x9000) return undefined;
  expect(outcome).toMatchObject({ name: 'PowerCut' });
  return { old, after: setup.restarted() };
}

describe.each(UNITS)('$title', (options) => {
  it.each(ATTEMPTS)(
    'has the old or the new state after a cut at any write of $title, and can import again',
    async (attempt) => {
      const complete = new UnitSetup(options);
      await complete.select();
      await attempt.before(complete);
      expect(word(await complete.load(attempt.recipe(5), attempt.ref2))).toBe('9000');
      const isNew = (setup: UnitSetup) => (setup.store.slot(attempt.ref2)?.akv ?? 0) === 5;
      const seen = { old: 0, new: 0 };
      for (const effect of EFFECTS) {
        let write = 1;
        for (; write < MAX_WRITES; write++) {
          const result = await cut(options, attempt, { write, effect });
          if (result === undefined) break;
          const { old, after } = result;
          seen[isNew(after) ? 'new' : 'old']++;
          if (isNew(after)) expectComplete(after, attempt);
          else expect(stateOf(after, attempt.ref2), `${effect} ${write}`).toBe(old);
          await expectImportsAgain(after, attempt);
        }
        expect(write).toBeGreaterThan(5);
        expect(write).toBeLessThan(MAX_WRITES);
      }
      expect(seen.old).toBeGreaterThan(10);
      expect(seen.new).toBeGreaterThan(0);
    },
  );
});

/**
 * Expects that the receipt has the new AKV and the same import counter as the memory, and that the
 * old key is not in memory.
 */
function expectComplete(setup: UnitSetup, attempt: Attempt): void {
  const slot = setup.store.slot(attempt.ref2);
  const receipt = slot?.receipt ?? new Uint8Array(64);
  expect(readU32(receipt, 12)).toBe(5);
  expect(readU32(receipt, 44)).toBe(setup.store.importCounter);
  expect(slot?.importCounter).toBe(setup.store.importCounter);
  expect(JSON.stringify(setup.memory.image())).not.toContain(toHex(OTHER_TA));
}

async function expectImportsAgain(setup: UnitSetup, attempt: Attempt): Promise<void> {
  await setup.select();
  expect(word(await setup.load(attempt.recipe(9), attempt.ref2))).toBe('9000');
  expect(setup.store.slot(attempt.ref2)?.akv).toBe(9);
  expect(setup.store.tries).toEqual({ left: 64, waits: 0 });
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

  it('is the old T or the new T after a cut at any write, and an AS with this T can load a key', async () => {
    const seen = new Set<number>();
    for (const effect of EFFECTS) {
      for (let write = 1; write < MAX_WRITES; write++) {
        const result = await cut({ profile }, attempt, { write, effect });
        if (result === undefined) break;
        const { after, old } = result;
        const tkv = after.store.transportKey()?.tkv ?? 0;
        seen.add(tkv);
        expect(after.store.transportKey()?.key).toEqual(tkv === 5 ? stored(OTHER_T, 5) : stored(T, 1));
        if (tkv !== 5) expect(stateOf(after, TRANSPORT_KEY_SLOT)).toBe(old);
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
  /**
   * Returns the memory of a unit that holds OTHER_TA and lost power before the commit of an import
   * of TA.
   */
  const interrupted = async (): Promise<MemoryImage> => {
    const setup = new UnitSetup();
    await setup.select();
    await withOldKey(setup);
    const data = setup.seal({ random: await setup.challenge(), header: { akv: 5 } });
    // Writes 1 and 2 update the tries, 3 and 4 write the shadow record, 5 writes the marker.
    setup.memory.arm({ write: 5, effect: 'cut before' });
    await expect(setup.import(data)).rejects.toMatchObject({ name: 'PowerCut' });
    expect(JSON.stringify(setup.memory.image())).toContain(toHex(TA));
    return setup.memory.image();
  };

  it('wipes the data of an unfinished import, and tolerates a cut during the wipe', async () => {
    const image = await interrupted();
    for (const effect of EFFECTS) {
      expect(() => new UnitSetup({ image, fault: { write: 1, effect } })).toThrow(/power was cut/);
    }
    const started = new UnitSetup({ image });
    expect(JSON.stringify(started.memory.image())).not.toContain(toHex(TA));
    expect(started.store.slot(2)?.key).toEqual(OTHER_TA);
  });

  it('starts even if the wipe fails, and wipes at the next start', async () => {
    const failing = new UnitSetup({ image: await interrupted(), fault: { write: 1, effect: 'failure' } });
    expect((await failing.select()).sw).toBe(0x9000);
    expect(JSON.stringify(failing.memory.image())).toContain(toHex(TA));
    const wiped = new UnitSetup({ image: failing.memory.image() });
    expect(JSON.stringify(wiped.memory.image())).not.toContain(toHex(TA));
  });
});

describe('a write that fails', () => {
  it('leads to 6581 and the old key before the commit, and does not undo a commit', async () => {
    const words: string[] = [];
    for (let write = 1; write <= 8; write++) {
      const setup = new UnitSetup();
      await setup.select();
      await withOldKey(setup);
      const random = await setup.challenge();
      setup.memory.arm({ write, effect: 'failure' });
      const sw = word(await setup.import(setup.seal({ random, header: { akv: 5 } })));
      words.push(sw);
      expect(setup.store.slot(2)?.akv).toBe(sw === '9000' ? 5 : 1);
      expect(setup.store.slot(2)?.key).toEqual(sw === '9000' ? TA : OTHER_TA);
    }
    // Writes 1 and 2: the tries (record, marker). Write 3: the shadow record. Write 4: the shadow
    // record with the receipt. Write 5: the marker, which is the commit. Writes 6 and 7: the tries
    // (record, marker). Write 8: the wipe.
    expect(words).toEqual(['6581', '6581', '6581', '6581', '6581', '9000', '9000', '9000']);
  });

  it('leads to 6581 before a key is used if the write was to update the tries', async () => {
    const setup = new UnitSetup();
    await setup.select();
    const random = await setup.challenge();
    setup.memory.arm({ write: 1, effect: 'failure' });
    expect(word(await setup.import(setup.seal({ random })))).toBe('6581');
    expect(setup.store.tries.left).toBe(64);
  });
});
