// The room that is left for the journal, in what an operator counts.
import { OCTETS_PER_LOAD } from '../../journal/storage-quota.ts';

/** How many more keys can be written down in so many octets. */
export function keysIn(octets: number): number {
  return Math.floor(octets / OCTETS_PER_LOAD);
}
