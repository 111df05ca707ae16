// Converts storage space of the journal from bytes to the number of loads that fit into it, because
// an operator counts loads.
import { BYTES_PER_LOAD } from '../../journal/storage-quota.ts';

/** Number of loads whose attempts fit into `bytes` of the journal. */
export function keysIn(bytes: number): number {
  return Math.floor(bytes / BYTES_PER_LOAD);
}
