// A simulated EI for tests in Node, without a link. Its random generator returns the same bytes in
// every run, so that tests are repeatable.
import { type EiConfiguration, type Profile, personalise } from '#device-sim/ei/configuration.ts';
import { Ei, NO_LATENCY } from '#device-sim/ei/ei.ts';
import { Card } from '#device-sim/unit/card.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import { Memory } from '#device-sim/unit/memory.ts';
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';

export const TEST_SET = 0x0000ba7c;
export const TEST_TKV = 1;
export const TEST_TRANSPORT_KEY: Bytes = sha256(u32(0x54455354));
export const TEST_SN: Bytes = fromHex('00000000000000004549000000000007');

export interface UnitOptions {
  readonly profile?: Profile;
  readonly suites?: readonly SuiteId[];
  readonly sn?: Bytes;
  readonly slots?: readonly number[];
  readonly signatureKey?: Bytes;
  readonly blank?: boolean;
  readonly canBlink?: boolean;
}

export interface TestUnit {
  readonly memory: Memory;
  readonly card: Card;
  readonly transmit: Transmit;
  /** Number of IDENTIFY commands since power-up. */
  blinks(): number;
  /** Returns the unit after a loss of power: restarted with the same memory. */
  powerCycle(): TestUnit;
}

/** Creates a unit of TEST_SET. The unit has T or K_D unless `blank` is true. */
export function createUnit(options: UnitOptions = {}): TestUnit {
  const { profile = 'diversified', suites = [0x01, 0x02], sn = TEST_SN, slots = [1, 2, 3], signatureKey } = options;
  const configuration: EiConfiguration = {
    sn,
    profile,
    suites,
    slots,
    capacity: slots.length,
    firmware: 1,
    capabilities: { keepsChallenge: false, extendedLength: false, identify: options.canBlink ?? false },
    signatureRequired: signatureKey !== undefined,
    ...(signatureKey === undefined ? {} : { signatureKey }),
  };
  const memory = new Memory();
  if (options.blank !== true) {
    personalise(memory, configuration, { set: TEST_SET, tkv: TEST_TKV, transportKey: TEST_TRANSPORT_KEY });
  }
  return powerUp(configuration, memory, countingRandom());
}

function powerUp(configuration: EiConfiguration, memory: Memory, random: (length: number) => Bytes): TestUnit {
  let blinks = 0;
  const options = { memory, clock: new VirtualClock(), random, latency: NO_LATENCY, onIdentify: () => blinks++ };
  const ei = new Ei(configuration, options);
  const card = new Card(ei.application('test'));
  return {
    memory,
    card,
    transmit: (command) => card.process(command),
    blinks: () => blinks,
    powerCycle() {
      ei.losePower();
      return powerUp(configuration, memory, random);
    },
  };
}

/**
 * Creates a random generator that never repeats its output within a run. The output is the same in
 * every run.
 */
export function countingRandom(): (length: number) => Bytes {
  let count = 0;
  return (length) => {
    let bytes = concat();
    while (bytes.length < length) bytes = concat(bytes, sha256(u32(count++)));
    return bytes.slice(0, length);
  };
}
