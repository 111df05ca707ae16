// CHM (docs/protocol.md clause 3.6): the MAC with which a unit proves, for each challenge, that it
// has T or its K_D. The MAC does not prove freshness. The AS ensures freshness, because it accepts
// each R only once.
import { type Bytes, concat, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { u32 } from '../bytes/integers.ts';
import { ascii } from '../bytes/text.ts';
import { IntegrityError } from '../errors.ts';
import { deriveKey, deviceContext, mac16, type UnitId } from './key-tree.ts';
import { SUITES, type SuiteId } from './suites.ts';

const MAGIC = ascii('TKC1');
/** Placeholder for SHA-256(pkE), which only the reserved suites with a KEM have. */
const NO_KEM_KEY = new Uint8Array(32);

export interface Challenge {
  readonly suite: SuiteId;
  readonly unit: UnitId;
  /** R, 16 bytes. */
  readonly random: Uint8Array;
}

/** Returns K_C = KDF(K_D, "TKL1CHL", D), 32 bytes. The caller wipes it. */
export function deriveChallengeKey(suite: SuiteId, deviceKey: Uint8Array, unit: UnitId): Bytes {
  return deriveKey(SUITES[suite].family, deviceKey, 'TKL1CHL', deviceContext(unit));
}

/** Returns CHM = MAC16(K_C, "TKC1" ‖ suite ‖ SET ‖ TKV ‖ SN ‖ R ‖ 32×00), 16 bytes. */
export function challengeMac(challengeKey: Uint8Array, { suite, unit, random }: Challenge): Bytes {
  requireLength('random', random, 16);
  requireLength('sn', unit.sn, 16);
  const message = concat(MAGIC, suite, u32(unit.set), unit.tkv, unit.sn, random, NO_KEM_KEY);
  return mac16(SUITES[suite].family, challengeKey, message);
}

/** @throws IntegrityError when `mac` (16 bytes) is not CHM of this challenge */
export function verifyChallengeMac(challengeKey: Uint8Array, challenge: Challenge, mac: Uint8Array): void {
  const expected = challengeMac(challengeKey, challenge);
  const equal = equalBytes(expected, mac);
  wipe(expected);
  if (!equal) throw new IntegrityError();
}
