// The tries (docs/protocol.md clause 4.7). The unit deducts a try before it uses a key, does not
// restore tries after a power cut, and never locks.
import { describe, expect, it } from 'vitest';
import { flipBit } from '#test/support/bits.ts';
import { UnitSetup, word } from './unit-setup.ts';

/** Imports DATA with a wrong TAG. Returns the status word. */
async function fail(setup: UnitSetup): Promise<number> {
  const data = setup.seal({ random: await setup.challenge() });
  return await setup.import(flipBit(data, 8 * 49 + 60));
}

async function exhausted(): Promise<UnitSetup> {
  const setup = new UnitSetup();
  await setup.select();
  for (let i = 0; i < 64; i++) expect(word(await fail(setup))).toBe('6988');
  return setup;
}

describe('the tries', () => {
  it('decrease by one with each failed attempt, and return to 64 with a success', async () => {
    const setup = new UnitSetup();
    await setup.select();
    for (let left = 63; left > 55; left--) {
      await fail(setup);
      expect(setup.store.tries.left).toBe(left);
      const { data } = await setup.send('80CA0000 00');
      expect(data[24 + 2 + 1]).toBe(left);
    }
    expect(word(await setup.load())).toBe('9000');
    expect(setup.store.tries.left).toBe(64);
  });

  it('stay the same when the unit refuses an import before it uses a key', async () => {
    const setup = new UnitSetup();
    await setup.select();
    const random = await setup.challenge();
    await setup.import(setup.seal({ random }), 0x0009);
    await setup.import(setup.seal({ random }));
    await setup.challenge();
    await setup.import(setup.seal({ random }).slice(1));
    await setup.challenge();
    await setup.import(setup.seal({ random, header: { suite: 0x02 } }));
    expect(setup.store.tries.left).toBe(64);
  });

  it('are not restored by a power cut at any write', async () => {
    for (const effect of ['cut before', 'cut during', 'cut after'] as const) {
      for (const write of [1, 2, 3]) {
        let setup = new UnitSetup();
        await setup.select();
        await fail(setup);
        const data = setup.seal({ random: await setup.challenge() });
        setup.memory.arm({ write, effect });
        // An attempt that fails at TAG makes two writes, so a cut at the third write does not
        // affect it.
        await setup.import(flipBit(data, 8 * 49 + 60)).catch(() => undefined);
        setup = setup.restarted();
        const isWritten = write === 3 || (write === 2 && effect === 'cut after');
        expect(setup.store.tries.left, `${effect} ${write}`).toBe(isWritten ? 62 : 63);
      }
    }
  });

  it('lead to waits when none is left: 1 s, doubling up to 64 s, until an import succeeds', async () => {
    let setup = await exhausted();
    expect(setup.store.tries.left).toBe(0);
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 64]) {
      // A loss of power does not shorten the next wait.
      setup = setup.restarted();
      await setup.select();
      let sw: number | undefined;
      void fail(setup).then((result) => {
        sw = result;
      });
      await setup.clock.advance(seconds * 1000 - 1);
      expect(sw, `${seconds} s`).toBeUndefined();
      await setup.clock.advance(1);
      expect(word(sw ?? 0)).toBe('6988');
    }
    const loading = setup.load();
    await setup.clock.advance(64_000);
    expect(word(await loading)).toBe('9000');
    expect(setup.store.tries).toEqual({ left: 64, waits: 0 });
  });

  it('count an import whose wait was interrupted by a power cut', async () => {
    const setup = await exhausted();
    void fail(setup).catch(() => undefined);
    await setup.clock.advance(500);
    const after = setup.restarted();
    await setup.clock.advance(10_000);
    expect(after.store.tries).toEqual({ left: 0, waits: 1 });
  });
});
