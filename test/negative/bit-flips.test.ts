// The exact word of every single-bit flip of IMPORTKEY: header, Lc, DATA, REF2 and Le (docs/protocol.md clause 7). Three tellings must
// agree: the table, the derivation from the specification (import-words.ts), and the unit itself.
import { describe, expect, it } from 'vitest';
import type { MemoryImage } from '#device-sim/unit/memory.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { deriveChallengeKey, verifyChallengeMac } from '#protocol/tkl/challenge.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { verifyReceipt } from '#protocol/tkl/receipt.ts';
import { SUITES } from '#protocol/tkl/suites.ts';
import table from '../vectors/import-flips.json' with { type: 'json' };
import { Bench, flipped, importCommand, operationKeys, SET, SN, T, TA, TKV, word } from './fixture.ts';
import { expectedWord, FLIP_CASES, type FlipCase, rowsOf } from './import-words.ts';

const stuck = (length: number) => new Uint8Array(length).fill(0x77);
const RANDOM = stuck(16);

function benchOf({ suite, signed }: FlipCase, image?: MemoryImage): Bench {
  const signature = signed ? 'required' : 'none';
  return new Bench({ suite, signature, random: stuck, ...(image === undefined ? {} : { image }) });
}

describe.each(FLIP_CASES)('IMPORTKEY of $title', (flipCase) => {
  const data = benchOf(flipCase).seal({ random: RANDOM });
  const command = importCommand(data, 0x0002);

  it('has in the table the words that the specification gives', () => {
    const derived = rowsOf((bit) => expectedWord(data, flipCase, bit), command.length);
    expect(table[flipCase.title as keyof typeof table]).toEqual(derived);
  });

  it('is answered with the word of the table for every bit that is turned, and no key gets in by it', async () => {
    const image = benchOf(flipCase).memory.image();
    const words: string[] = [];
    for (let bit = 0; bit < 8 * command.length; bit++) {
      const bench = benchOf(flipCase, image);
      await bench.select();
      await bench.challenge();
      const { sw } = await bench.send(flipped(command, bit));
      words.push(word(sw));
      // Only Le does not matter to what is done.
      const isLe = bit >= 8 * (command.length - (flipCase.signed ? 2 : 1));
      expect(bench.store.keysHeld, `bit ${bit}`).toBe(isLe ? 1 : 0);
    }
    expect(rowsOf((bit) => words[bit] ?? '', command.length)).toEqual(table[flipCase.title as keyof typeof table]);
  }, 180_000);

  it('is answered with 9000 when no bit is turned', async () => {
    const bench = benchOf(flipCase);
    await bench.select();
    await bench.challenge();
    expect(word((await bench.send(command)).sw)).toBe('9000');
  });
});

describe.each(FLIP_CASES)('what the unit answers in $title', (flipCase) => {
  const unit = { set: SET, tkv: TKV, sn: SN };
  const { family } = SUITES[flipCase.suite];

  it('is refused as a challenge when any bit of it is turned', async () => {
    const bench = benchOf(flipCase);
    await bench.select();
    const { data: answer } = await bench.send(concat(0x80, 0x84, 0x00, flipCase.suite, 0x00));
    const key = deriveChallengeKey(flipCase.suite, deriveDeviceKey(family, T, unit), unit);
    const verify = (octets: Uint8Array) =>
      verifyChallengeMac(key, { suite: flipCase.suite, unit, random: octets.slice(0, 16) }, octets.slice(16));
    expect(answer).toHaveLength(32);
    expect(() => verify(answer)).not.toThrow();
    for (let bit = 0; bit < 8 * 32; bit++)
      expect(() => verify(flipped(answer, bit)), `bit ${bit}`).toThrow(ProtocolError);
  });

  it('is refused as a receipt when any bit of it is turned', async () => {
    const bench = benchOf(flipCase);
    await bench.select();
    const random = await bench.challenge();
    const header = bench.header({});
    const data = bench.seal({ random });
    const { data: receipt } = await bench.send(importCommand(data, 0x0002));
    const { keys } = operationKeys(header, { random });
    const expected = { header, dataHash: sha256(data), kcv: keyCheckValue(header.attributes, TA) };
    expect(() => verifyReceipt(receipt, expected, keys)).not.toThrow();
    for (let bit = 0; bit < 8 * 64; bit++) {
      expect(() => verifyReceipt(flipped(receipt, bit), expected, keys), `bit ${bit}`).toThrow(ProtocolError);
    }
    expect(() => verifyReceipt(receipt, { ...expected, dataHash: sha256(TA) }, keys)).toThrow(ProtocolError);
  });
});
