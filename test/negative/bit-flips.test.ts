// The exact status word for every single-bit error in IMPORTKEY: header, Lc, DATA, REF2 and Le
// (docs/protocol.md clause 7). Three sources must agree: the table in test/vectors, the derivation
// from the specification (import-status-words.ts) and the simulated unit.
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
import { flipBit } from '#test/support/bits.ts';
import table from '../vectors/import-flips.json' with { type: 'json' };
import { expectedWord, FLIP_CASES, type FlipCase, rowsOf } from './import-status-words.ts';
import { importCommand, operationKeys, SET, SN, T, TA, TKV, UnitSetup, word } from './unit-setup.ts';

const stuck = (length: number) => new Uint8Array(length).fill(0x77);
const RANDOM = stuck(16);

function setupOf({ suite, signed }: FlipCase, image?: MemoryImage): UnitSetup {
  const signature = signed ? 'required' : 'none';
  return new UnitSetup({ suite, signature, random: stuck, ...(image === undefined ? {} : { image }) });
}

describe.each(FLIP_CASES)('IMPORTKEY of $title', (flipCase) => {
  const data = setupOf(flipCase).seal({ random: RANDOM });
  const command = importCommand(data, 0x0002);

  it('has the status words of the specification in the table', () => {
    const derived = rowsOf((bit) => expectedWord(data, flipCase, bit), command.length);
    expect(table[flipCase.title as keyof typeof table]).toEqual(derived);
  });

  it('returns the status word of the table for every flipped bit, and stores no key', async () => {
    const image = setupOf(flipCase).memory.image();
    const words: string[] = [];
    for (let bit = 0; bit < 8 * command.length; bit++) {
      const setup = setupOf(flipCase, image);
      await setup.select();
      await setup.challenge();
      const { sw } = await setup.send(flipBit(command, bit));
      words.push(word(sw));
      // A flipped bit in Le does not prevent the import. Every other flipped bit does.
      const isLe = bit >= 8 * (command.length - (flipCase.signed ? 2 : 1));
      expect(setup.store.keysHeld, `bit ${bit}`).toBe(isLe ? 1 : 0);
    }
    expect(rowsOf((bit) => words[bit] ?? '', command.length)).toEqual(table[flipCase.title as keyof typeof table]);
  }, 180_000);

  it('returns 9000 without a flipped bit', async () => {
    const setup = setupOf(flipCase);
    await setup.select();
    await setup.challenge();
    expect(word((await setup.send(command)).sw)).toBe('9000');
  });
});

describe.each(FLIP_CASES)('a response of the unit, $title', (flipCase) => {
  const unit = { set: SET, tkv: TKV, sn: SN };
  const { family } = SUITES[flipCase.suite];

  it('does not verify as a challenge with any flipped bit', async () => {
    const setup = setupOf(flipCase);
    await setup.select();
    const { data: answer } = await setup.send(concat(0x80, 0x84, 0x00, flipCase.suite, 0x00));
    const key = deriveChallengeKey(flipCase.suite, deriveDeviceKey(family, T, unit), unit);
    const verify = (bytes: Uint8Array) =>
      verifyChallengeMac(key, { suite: flipCase.suite, unit, random: bytes.slice(0, 16) }, bytes.slice(16));
    expect(answer).toHaveLength(32);
    expect(() => verify(answer)).not.toThrow();
    for (let bit = 0; bit < 8 * 32; bit++)
      expect(() => verify(flipBit(answer, bit)), `bit ${bit}`).toThrow(ProtocolError);
  });

  it('does not verify as a receipt with any flipped bit', async () => {
    const setup = setupOf(flipCase);
    await setup.select();
    const random = await setup.challenge();
    const header = setup.header({});
    const data = setup.seal({ random });
    const { data: receipt } = await setup.send(importCommand(data, 0x0002));
    const { keys } = operationKeys(header, { random });
    const expected = { header, dataHash: sha256(data), kcv: keyCheckValue(header.attributes, TA) };
    expect(() => verifyReceipt(receipt, expected, keys)).not.toThrow();
    for (let bit = 0; bit < 8 * 64; bit++) {
      expect(() => verifyReceipt(flipBit(receipt, bit), expected, keys), `bit ${bit}`).toThrow(ProtocolError);
    }
    expect(() => verifyReceipt(receipt, { ...expected, dataHash: sha256(TA) }, keys)).toThrow(ProtocolError);
  });
});
