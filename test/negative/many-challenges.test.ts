// Requests many challenges of one unit (docs/protocol.md clauses 4.4 and 7).
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { UnitSetup, word } from './unit-setup.ts';

describe('a unit after 100,000 challenges', () => {
  it('has repeated no R, written nothing and used no try, and imports a key', { timeout: 180_000 }, async () => {
    const setup = new UnitSetup({ suite: 0x02 });
    await setup.select();
    const { writes } = setup.memory;
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) seen.add(toHex(await setup.challenge()));
    expect(seen.size).toBe(100_000);
    expect(setup.memory.writes).toBe(writes);
    expect(setup.store.tries.left).toBe(64);
    expect(word(await setup.load())).toBe('9000');
  });
});
