// An attacker who has recorded valid DATA replays it, combines parts of two DATA, or changes REF1
// (docs/protocol.md clause 7).
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import { importCommand, OTHER_TA, TA, UnitSetup, word } from './unit-setup.ts';

/** A random generator that always returns the same bytes. */
const stuck = (length: number) => new Uint8Array(length).fill(0x77);
const CASES = ([0x01, 0x02, 0x04] as const).flatMap((suite) =>
  (['shared', 'diversified'] as const).map((profile) => ({ suite, profile })),
);

describe.each(CASES)('DATA of suite $suite for a $profile unit', ({ suite, profile }) => {
  const selected = async (random?: typeof stuck): Promise<UnitSetup> => {
    const setup = new UnitSetup({ suite, profile, ...(random ? { random } : {}) });
    await setup.select();
    return setup;
  };

  it('is refused when it is replayed without a new challenge', async () => {
    const setup = await selected();
    const random = await setup.challenge();
    const data = setup.seal({ random });
    expect(word(await setup.import(data))).toBe('9000');
    expect(word(await setup.import(data))).toBe('6985');
  });

  it('is refused when it is replayed under a new challenge', async () => {
    const setup = await selected();
    const data = setup.seal({ random: await setup.challenge() });
    expect(word(await setup.import(data))).toBe('9000');
    await setup.challenge();
    expect(word(await setup.import(data))).toBe('6988');
  });

  it('is refused for its AKV when a stuck random generator repeats R', async () => {
    const setup = await selected(stuck);
    const data = setup.seal({ random: await setup.challenge() });
    expect(word(await setup.import(data))).toBe('9000');
    await setup.challenge();
    expect(word(await setup.import(data))).toBe('9402');
    expect(setup.store.importCounter).toBe(1);
  });

  it('cannot restore an older key, even with the same R and after a loss of power', async () => {
    const setup = await selected(stuck);
    const old = setup.seal({ random: await setup.challenge() });
    expect(word(await setup.import(old))).toBe('9000');
    expect(word(await setup.load({ header: { akv: 6 }, key: OTHER_TA }))).toBe('9000');
    const after = setup.restarted();
    await after.select();
    await after.challenge();
    expect(word(await after.import(old))).toBe('9402');
    expect(after.store.slot(0x0002)).toMatchObject({ akv: 6, key: OTHER_TA });
  });

  it('is refused when HDR, BODY and TAG come from two DATA for one challenge', async () => {
    const setup = await selected(stuck);
    const random = await setup.challenge();
    const one = setup.seal({ random });
    const two = setup.seal({ random, header: { ref1: 0x0104, akv: 6 }, key: OTHER_TA });
    const parts = (data: Uint8Array) => [data.slice(0, 48), data.slice(48, -16), data.slice(-16)] as const;
    for (let mixture = 1; mixture < 7; mixture++) {
      const [ofOne, ofTwo] = [parts(one), parts(two)];
      const spliced = concat(
        (mixture & 1 ? ofTwo : ofOne)[0],
        (mixture & 2 ? ofTwo : ofOne)[1],
        (mixture & 4 ? ofTwo : ofOne)[2],
      );
      await setup.challenge();
      expect(word(await setup.import(spliced)), `mixture ${mixture}`).toBe('6988');
    }
    expect(setup.store.keysHeld).toBe(0);
  });

  it('is refused with the REF1 of another key', async () => {
    const setup = await selected();
    const data = setup.seal({ random: await setup.challenge() });
    data.set([0x01, 0x04], 12);
    expect(word(await setup.import(data))).toBe('6988');
  });

  it('is refused for a challenge of another suite, and that challenge is erased', async () => {
    const other = ({ 1: 0x02, 2: 0x01, 4: undefined } as const)[suite];
    const setup = await selected(stuck);
    const random = stuck(16);
    if (other === undefined) expect(await setup.send('80840001 00')).toMatchObject({ sw: 0x6a80 });
    else {
      await setup.challenge(other as SuiteId);
      const data = setup.seal({ random });
      expect(word(await setup.import(data))).toBe('6985');
      expect(word(await setup.import(setup.seal({ random, header: { suite: other } })))).toBe('6985');
      expect(setup.store.tries.left).toBe(64);
    }
  });

  it('is accepted without an attack, which shows that each attack above is refused for its own reason', async () => {
    const setup = await selected();
    const random = await setup.challenge();
    const response = await setup.send(importCommand(setup.seal({ random }), 0x0002));
    expect(word(response.sw)).toBe('9000');
    expect(response.data).toHaveLength(64);
    expect(setup.store.slot(0x0002)?.key).toEqual(TA);
  });
});
