// The test sets with their keys. T and TA are canaries, which must not appear outside the AS and
// the unit.

export interface TestSet {
  readonly set: number;
  readonly name: string;
  readonly profile: 'shared' | 'diversified';
  readonly family: 'cmac' | 'hmac';
  /** T, hex. */
  readonly transportKey: string;
}

export interface TestKey {
  readonly ref1: number;
  readonly label: string;
  readonly attributes: string;
  /** TA, hex. */
  readonly key: string;
}

/**
 * Returns a secret of `length` bytes (at most 32) as hex. Its bytes are unlikely to occur anywhere
 * else by chance.
 */
const canary = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => ((seed * 31 + i * 17 + ((i * i) ^ seed)) & 0xff).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();

export const SHARED: TestSet = {
  set: 0x0e2e0001,
  name: 'Test set, shared',
  profile: 'shared',
  family: 'cmac',
  transportKey: canary(0x51, 32),
};

export const DIVERSIFIED: TestSet = {
  set: 0x0e2e0002,
  name: 'Test set, diversified',
  profile: 'diversified',
  family: 'cmac',
  transportKey: canary(0x52, 32),
};

export const CHACHA: TestSet = {
  set: 0x0e2e0003,
  name: 'Test set, ChaCha20',
  profile: 'diversified',
  family: 'hmac',
  transportKey: canary(0x53, 32),
};

export const SETS = [SHARED, DIVERSIFIED, CHACHA];

export const FIELD_KEY: TestKey = { ref1: 0x0201, label: 'Field key', attributes: 'D0AB00N', key: canary(0x61, 32) };
export const NEXT_KEY: TestKey = { ref1: 0x0202, label: 'Next key', attributes: 'P0AE00N', key: canary(0x62, 16) };

export const KEYS = [FIELD_KEY, NEXT_KEY];
