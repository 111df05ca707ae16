// The suites of TKL/1 (docs/protocol.md clause 2) as data: identifiers, KDF family and the lengths that a BODY may have.
// How a BODY is sealed and opened stands in body.ts.

/** 01 X9143D, 02 AESKW, 04 CHACHA. 03 and 07 are reserved and refused, 05 and 06 are reserved. */
export type SuiteId = 0x01 | 0x02 | 0x04;

/** The PRF that every derivation and MAC of a suite is built on. One T (one TKV) serves one family only. */
export type KdfFamily = 'cmac' | 'hmac';

export interface Suite {
  readonly id: SuiteId;
  readonly name: string;
  readonly family: KdfFamily;
  /** The lengths of BODY, in bytes; 0, the erasing of a key (clause 8), is allowed in every suite besides. */
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
