// A flood of challenges, and the life of R (docs/protocol.md clauses 4.4 and 7).
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { Bench, word } from './fixture.ts';

const SELECT = '00A40400 06 F0544B4C3101 00';

describe('a unit that is asked for 100 000 challenges', () => {
  it('gives each time another, writes nothing, loses no try, and still takes a key', { timeout: 180_000 }, async () => {
    const bench = new Bench({ suite: 0x02 });
    await bench.select();
    const { writes } = bench.memory;
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) seen.add(toHex(await bench.challenge()));
    expect(seen.size).toBe(100_000);
    expect(bench.memory.writes).toBe(writes);
    expect(bench.store.tries.left).toBe(64);
    expect(word(await bench.load())).toBe('9000');
  });
});

describe('R', () => {
  /** What becomes of a challenge when this comes between it and the import. */
  const outcome = async (keepsChallenge: boolean, between: (bench: Bench) => Promise<Bench>): Promise<string> => {
    const bench = new Bench({ keepsChallenge });
    await bench.select();
    const data = bench.seal({ random: await bench.challenge() });
    const later = await between(bench);
    return word(await later.import(data));
  };
  const sending = (command: string) => async (bench: Bench) => {
    await bench.send(command);
    return bench;
  };
  const reset = async (bench: Bench) => {
    bench.card.reset();
    await bench.select();
    return bench;
  };
  const powerLoss = async (bench: Bench) => {
    const later = bench.restarted();
    await later.select();
    return later;
  };

  it.each([
    ['nothing', async (bench: Bench) => bench, '9000', '9000'],
    ['GET IDENTITY', sending('80CA0000 00'), '9000', '9000'],
    ['GET RECEIPT', sending('80CB0002 00'), '9000', '9000'],
    ['a refused command', sending('80D80001 01 00'), '9000', '9000'],
    ['SELECT', sending(SELECT), '6985', '9000'],
    ['a SELECT that fails', sending('00A40400 06 F0544B4C3102 00'), '9000', '9000'],
    ['a reset', reset, '6985', '9000'],
    ['a loss of power', powerLoss, '6985', '9000'],
    ['a new challenge', sending('80840001 00'), '6988', '6988'],
    ['a failed IMPORTKEY', sending('80D80000 01 00'), '6985', '6985'],
  ] as const)('after %s', async (_what, between, without, kept) => {
    expect(await outcome(false, between)).toBe(without);
    expect(await outcome(true, between)).toBe(kept);
  });

  it('that is kept is gone when power fails while it is erased or written', async () => {
    for (const effect of ['cut before', 'cut during', 'cut after'] as const) {
      const bench = new Bench({ keepsChallenge: true });
      await bench.select();
      const data = bench.seal({ random: await bench.challenge() });
      bench.memory.arm({ write: 1, effect });
      await expect(bench.import(data)).rejects.toMatchObject({ name: 'PowerCut' });
      const later = bench.restarted();
      await later.select();
      expect(word(await later.import(data)), effect).toBe(effect === 'cut before' ? '9000' : '6985');
    }
    const bench = new Bench({ keepsChallenge: true });
    await bench.select();
    bench.memory.arm({ write: 1, effect: 'cut during' });
    await expect(bench.challenge()).rejects.toMatchObject({ name: 'PowerCut' });
    expect(bench.store.challenge('bench')).toBeUndefined();
  });
});
