// Random samples of mutants, and how precise the score of a sample is. Pure. Used by
// test/mutate/run.ts.
import { createHash } from 'node:crypto';

/**
 * Draws `size` ids below `count`, or all of them if there are fewer. Returns the ids in ascending
 * order. For the same seed, a larger sample contains the smaller one, so that the results of the
 * smaller one remain usable.
 */
export function drawSample(count: number, size: number, seed: number): number[] {
  const rank = (id: number): string => createHash('sha256').update(`${seed}:${id}`).digest('hex');
  const ranked = Array.from({ length: count }, (_, id) => ({ id, rank: rank(id) }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked
    .slice(0, size)
    .map(({ id }) => id)
    .sort((a, b) => a - b);
}

/** Two-sided quantile of the normal distribution for 95 %. */
const Z = 1.96;

/**
 * Returns Wilson's 95 % confidence interval, in per cent, for the share of mutants that the tests
 * notice. In the sample, the tests noticed `noticed` of `measured` mutants.
 * @param measured at least 1
 */
export function wilsonInterval(noticed: number, measured: number): [low: number, high: number] {
  const share = noticed / measured;
  const zz = (Z * Z) / measured;
  const middle = share + zz / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / measured + zz / (4 * measured));
  return [Math.max(0, (100 * (middle - half)) / (1 + zz)), Math.min(100, (100 * (middle + half)) / (1 + zz))];
}
