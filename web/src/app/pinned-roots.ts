// Reads the root keys that the station in this browser has pinned, for the page that checks reports
// (web/src/verify.ts).

import { failureOf } from '../state/common/failure.ts';
import type { PinnedRoot } from '../state/report/verification.svelte.ts';
import { readTrust } from '../trust-store/read-only-trust.ts';

/**
 * Returns an empty list if this browser has no station, or if it denies storage to this page, for
 * example to a page at a file: URL.
 */
export async function readPinnedRoots(factory: IDBFactory): Promise<readonly PinnedRoot[]> {
  try {
    return await readTrust(factory);
  } catch (error) {
    failureOf(error);
    return [];
  }
}
