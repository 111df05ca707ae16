// Checks which events erase R (docs/protocol.md clauses 4.4 and 7).
import { describe, expect, it } from 'vitest';
import { UnitSetup, word } from './unit-setup.ts';

const SELECT = '00A40400 06 F0544B4C3101 00';

describe('R', () => {
  /** Gets a challenge, runs `between` and imports. Returns the status word of the import. */
  const outcome = async (
    keepsChallenge: boolean,
    between: (setup: UnitSetup) => Promise<UnitSetup>,
  ): Promise<string> => {
    const setup = new UnitSetup({ keepsChallenge });
    await setup.select();
    const data = setup.seal({ random: await setup.challenge() });
    const later = await between(setup);
    return word(await later.import(data));
  };
  const sending = (command: string) => async (setup: UnitSetup) => {
    await setup.send(command);
    return setup;
  };
  const reset = async (setup: UnitSetup) => {
    setup.card.reset();
    await setup.select();
    return setup;
  };
  const powerLoss = async (setup: UnitSetup) => {
    const later = setup.restarted();
    await later.select();
    return later;
  };

  it.each([
    ['nothing', async (setup: UnitSetup) => setup, '9000', '9000'],
    ['GET IDENTITY', sending('80CA0000 00'), '9000', '9000'],
    ['GET RECEIPT', sending('80CB0002 00'), '9000', '9000'],
    ['a refused command', sending('80D80001 01 00'), '9000', '9000'],
    ['SELECT', sending(SELECT), '6985', '9000'],
    ['a SELECT that fails', sending('00A40400 06 F0544B4C3102 00'), '9000', '9000'],
    ['a reset', reset, '6985', '9000'],
    ['a loss of power', powerLoss, '6985', '9000'],
    ['a new challenge', sending('80840001 00'), '6988', '6988'],
    ['a failed IMPORTKEY', sending('80D80000 01 00'), '6985', '6985'],
  ] as const)('is valid or erased after %s', async (_what, between, withoutB0, withB0) => {
    expect(await outcome(false, between)).toBe(withoutB0);
    expect(await outcome(true, between)).toBe(withB0);
  });

  it('with capability b0 is lost when power is cut while the unit writes or erases R', async () => {
    for (const effect of ['cut before', 'cut during', 'cut after'] as const) {
      const setup = new UnitSetup({ keepsChallenge: true });
      await setup.select();
      const data = setup.seal({ random: await setup.challenge() });
      setup.memory.arm({ write: 1, effect });
      await expect(setup.import(data)).rejects.toMatchObject({ name: 'PowerCut' });
      const later = setup.restarted();
      await later.select();
      expect(word(await later.import(data)), effect).toBe(effect === 'cut before' ? '9000' : '6985');
    }
    const setup = new UnitSetup({ keepsChallenge: true });
    await setup.select();
    setup.memory.arm({ write: 1, effect: 'cut during' });
    await expect(setup.challenge()).rejects.toMatchObject({ name: 'PowerCut' });
    expect(setup.store.challenge('test')).toBeUndefined();
  });
});
