// The try counter (docs/protocol.md clause 4.7): one less before a key is used, never given back by a cut, never a lock.
import { describe, expect, it } from 'vitest';
import { Bench, flipped, word } from './fixture.ts';

/** One attempt with a wrong TAG. */
async function fail(bench: Bench): Promise<number> {
  const data = bench.seal({ random: await bench.challenge() });
  return await bench.import(flipped(data, 8 * 49 + 60));
}

async function exhausted(): Promise<Bench> {
  const bench = new Bench();
  await bench.select();
  for (let i = 0; i < 64; i++) expect(word(await fail(bench))).toBe('6988');
  return bench;
}

describe('the tries', () => {
  it('go down by one with each failed attempt and up to 64 with a success', async () => {
    const bench = new Bench();
    await bench.select();
    for (let left = 63; left > 55; left--) {
      await fail(bench);
      expect(bench.store.tries.left).toBe(left);
      const { data } = await bench.send('80CA0000 00');
      expect(data[24 + 2 + 1]).toBe(left);
    }
    expect(word(await bench.load())).toBe('9000');
    expect(bench.store.tries.left).toBe(64);
  });

  it('are not spent by what is refused before a key is used', async () => {
    const bench = new Bench();
    await bench.select();
    const random = await bench.challenge();
    await bench.import(bench.seal({ random }), 0x0009);
    await bench.import(bench.seal({ random }));
    await bench.challenge();
    await bench.import(bench.seal({ random }).slice(1));
    await bench.challenge();
    await bench.import(bench.seal({ random, header: { suite: 0x02 } }));
    expect(bench.store.tries.left).toBe(64);
  });

  it('are not given back by a loss of power, wherever it comes', async () => {
    for (const effect of ['cut before', 'cut during', 'cut after'] as const) {
      for (const write of [1, 2, 3]) {
        let bench = new Bench();
        await bench.select();
        await fail(bench);
        const data = bench.seal({ random: await bench.challenge() });
        bench.memory.arm({ write, effect });
        // A cut before the third write comes too late for an attempt that fails at TAG: it is made, and costs its try.
        await bench.import(flipped(data, 8 * 49 + 60)).catch(() => undefined);
        bench = bench.restarted();
        const isWritten = write === 3 || (write === 2 && effect === 'cut after');
        expect(bench.store.tries.left, `${effect} ${write}`).toBe(isWritten ? 62 : 63);
      }
    }
  });

  it('lead at 0 to waits of 1 s, doubling to 64 s, counted in memory and ended by a success', async () => {
    let bench = await exhausted();
    expect(bench.store.tries.left).toBe(0);
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 64]) {
      // Taking the power away does not shorten the next wait.
      bench = bench.restarted();
      await bench.select();
      let sw: number | undefined;
      void fail(bench).then((answer) => {
        sw = answer;
      });
      await bench.clock.advance(seconds * 1000 - 1);
      expect(sw, `${seconds} s`).toBeUndefined();
      await bench.clock.advance(1);
      expect(word(sw ?? 0)).toBe('6988');
    }
    const loading = bench.load();
    await bench.clock.advance(64_000);
    expect(word(await loading)).toBe('9000');
    expect(bench.store.tries).toEqual({ left: 64, waits: 0 });
  });

  it('count an attempt whose wait was cut off', async () => {
    const bench = await exhausted();
    void fail(bench).catch(() => undefined);
    await bench.clock.advance(500);
    const after = bench.restarted();
    await bench.clock.advance(10_000);
    expect(after.store.tries).toEqual({ left: 0, waits: 1 });
  });
});
