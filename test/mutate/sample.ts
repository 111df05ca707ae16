// Random samples of mutants, and how precise the score of a sample is. Pure. Used by
// test/mutate/run.ts.
import { createHash } from 'node:crypto';

/**
 * Draws ids below `count`, in ascending order: all when there are not more than `size`. A larger
 * sample of the same seed contains the smaller one, so that what was measured of it is kept.
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
 * Wilson's 95 % interval for a share of which `noticed` of `measured` were drawn, in per cent.
 *
 * @param measured at least 1
 */
export function wilsonInterval(noticed: number, measured: number): [low: number, high: number] {
  const share = noticed / measured;
  const zz = (Z * Z) / measured;
  const middle = share + zz / 2;
  const half = Z * Math.sqrt((share * (1 - share)) / measured + zz / (4 * measured));
  return [Math.max(0, (100 * (middle - half)) / (1 + zz)), Math.min(100, (100 * (middle + half)) / (1 + zz))];
}
