// Converts storage space of the journal to a number of keys, which the operator can judge.
import { BYTES_PER_LOAD } from '../../journal/storage-quota.ts';

/** Number of loads whose attempts fit into `bytes` of the journal. */
export function keysIn(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_LOAD);
}
