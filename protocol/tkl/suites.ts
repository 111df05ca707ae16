// The table of the TKL/1 suites (docs/protocol.md clause 2): identifier, KDF family and lengths of
// BODY. body.ts has the codec of each suite.

/** 01 X9143D, 02 AESKW, 04 CHACHA. The others are reserved and refused. */
export type SuiteId = 0x01 | 0x02 | 0x04;

/**
 * The PRF that a suite uses for all derivations and MACs. Each version of T (one TKV) is used with
 * only one family.
 */
export type KdfFamily = 'cmac' | 'hmac';

export interface Suite {
  readonly id: SuiteId;
  readonly name: string;
  readonly family: KdfFamily;
  /**
   * Lengths of BODY in bytes. Every suite also allows 0, for DATA that erases a slot (clause 8).
   */
  readonly bodyLengths: readonly number[];
}

export const SUITES: Readonly<Record<SuiteId, Suite>> = {
  0x01: { id: 0x01, name: 'X9143D', family: 'cmac', bodyLengths: [144, 160] },
  0x02: { id: 0x02, name: 'AESKW', family: 'cmac', bodyLengths: [24, 32, 40] },
  0x04: { id: 0x04, name: 'CHACHA', family: 'hmac', bodyLengths: [32, 40, 48] },
};

export function isSuiteId(id: number): id is SuiteId {
  return Object.hasOwn(SUITES, id);
}
