// What the attacker has is DATA that was good once (docs/protocol.md clause 7): the same again, parts of two, another REF1.
import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import { Bench, importCommand, OTHER_TA, TA, word } from './fixture.ts';

const stuck = (length: number) => new Uint8Array(length).fill(0x77);
const CASES = ([0x01, 0x02, 0x04] as const).flatMap((suite) =>
  (['shared', 'diversified'] as const).map((profile) => ({ suite, profile })),
);

describe.each(CASES)('DATA of suite $suite for a $profile unit', ({ suite, profile }) => {
  const selected = async (random?: typeof stuck): Promise<Bench> => {
    const bench = new Bench({ suite, profile, ...(random ? { random } : {}) });
    await bench.select();
    return bench;
  };

  it('is refused when it is sent again without a new challenge', async () => {
    const bench = await selected();
    const random = await bench.challenge();
    const data = bench.seal({ random });
    expect(word(await bench.import(data))).toBe('9000');
    expect(word(await bench.import(data))).toBe('6985');
  });

  it('is refused when it is sent again under a new challenge', async () => {
    const bench = await selected();
    const data = bench.seal({ random: await bench.challenge() });
    expect(word(await bench.import(data))).toBe('9000');
    await bench.challenge();
    expect(word(await bench.import(data))).toBe('6988');
  });

  it('is refused for its AKV when a stuck generator gives the same random again', async () => {
    const bench = await selected(stuck);
    const data = bench.seal({ random: await bench.challenge() });
    expect(word(await bench.import(data))).toBe('9000');
    await bench.challenge();
    expect(word(await bench.import(data))).toBe('9402');
    expect(bench.store.importCounter).toBe(1);
  });

  it('cannot bring back an older key after a newer one, with the same random and after a loss of power', async () => {
    const bench = await selected(stuck);
    const old = bench.seal({ random: await bench.challenge() });
    expect(word(await bench.import(old))).toBe('9000');
    expect(word(await bench.load({ header: { akv: 6 }, key: OTHER_TA }))).toBe('9000');
    const after = bench.restarted();
    await after.select();
    await after.challenge();
    expect(word(await after.import(old))).toBe('9402');
    expect(after.store.slot(0x0002)).toMatchObject({ akv: 6, key: OTHER_TA });
  });

  it('is refused when HDR, BODY and TAG come from two DATA for one challenge', async () => {
    const bench = await selected(stuck);
    const random = await bench.challenge();
    const one = bench.seal({ random });
    const two = bench.seal({ random, header: { ref1: 0x0104, akv: 6 }, key: OTHER_TA });
    const parts = (data: Uint8Array) => [data.slice(0, 48), data.slice(48, -16), data.slice(-16)] as const;
    for (let mixture = 1; mixture < 7; mixture++) {
      const [ofOne, ofTwo] = [parts(one), parts(two)];
      const spliced = concat(
        (mixture & 1 ? ofTwo : ofOne)[0],
        (mixture & 2 ? ofTwo : ofOne)[1],
        (mixture & 4 ? ofTwo : ofOne)[2],
      );
      await bench.challenge();
      expect(word(await bench.import(spliced)), `mixture ${mixture}`).toBe('6988');
    }
    expect(bench.store.keysHeld).toBe(0);
  });

  it('is refused with the REF1 of another key', async () => {
    const bench = await selected();
    const data = bench.seal({ random: await bench.challenge() });
    data.set([0x01, 0x04], 12);
    expect(word(await bench.import(data))).toBe('6988');
  });

  it('is refused for a challenge that was given for another suite, and that challenge is gone', async () => {
    const other = ({ 1: 0x02, 2: 0x01, 4: undefined } as const)[suite];
    const bench = await selected(stuck);
    const random = stuck(16);
    if (other === undefined) expect(await bench.send('80840001 00')).toMatchObject({ sw: 0x6a80 });
    else {
      await bench.challenge(other as SuiteId);
      const data = bench.seal({ random });
      expect(word(await bench.import(data))).toBe('6985');
      expect(word(await bench.import(bench.seal({ random, header: { suite: other } })))).toBe('6985');
      expect(bench.store.tries.left).toBe(64);
    }
  });

  it('is taken when all is as it should be, which shows that the attacks fail for their own reasons', async () => {
    const bench = await selected();
    const random = await bench.challenge();
    const answer = await bench.send(importCommand(bench.seal({ random }), 0x0002));
    expect(word(answer.sw)).toBe('9000');
    expect(answer.data).toHaveLength(64);
    expect(bench.store.slot(0x0002)?.key).toEqual(TA);
  });
});
