// Random sequences of imports and erasures with power cuts and failures at any write. After each
// operation, the slot has the old or the new state, and the unit continues to work.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { UnitSetup } from '../../negative/unit-setup.ts';

const step = fc.record({
  slot: fc.constantFrom(0x0001, 0x0002),
  erases: fc.boolean(),
  write: fc.integer({ min: 1, max: 14 }),
  effect: fc.constantFrom('cut before', 'cut during', 'cut after', 'failure', 'none'),
});

interface State {
  readonly akv: number;
  readonly key: string;
}

const EMPTY: State = { akv: 0, key: '' };

function stateOf(setup: UnitSetup, slot: number): State {
  const content = setup.store.slot(slot);
  return content === undefined ? EMPTY : { akv: content.akv, key: toHex(content.key) };
}

describe('a unit', () => {
  it('has the old or the new key after each interrupted import', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.boolean(), async (steps, keepsChallenge) => {
        let setup = new UnitSetup({ suite: 0x02, keepsChallenge });
        await setup.select();
        let imports = 0;
        for (const [index, { slot, erases, write, effect }] of steps.entries()) {
          const old = stateOf(setup, slot);
          const akv = index + 1;
          const key = sha256(u32(akv));
          const attributes = erases ? '\0'.repeat(7) : 'D0AB00N';
          const data = setup.seal({
            random: await setup.challenge(),
            header: { akv, slot, attributes },
            key: erases ? 'none' : key,
          });
          if (effect !== 'none') setup.memory.arm({ write, effect });
          const answer = await setup.import(data, slot).catch(() => 'power cut');
          setup.memory.disarm();
          if (answer === 'power cut') {
            setup = setup.restarted();
            await setup.select();
          }
          const now = stateOf(setup, slot);
          const next: State = { akv, key: erases ? '' : toHex(key) };
          if (answer === 0x9000) expect(now).toEqual(next);
          else if (answer === 0x6581) expect(now).toEqual(old);
          else expect([old, next]).toContainEqual(now);
          if (now.akv === akv) imports++;
          expect(setup.store.importCounter).toBe(imports);
        }
      }),
      { numRuns: 60 },
    );
  });
});
