// The root keys that the station in this browser has pinned, for the verifier. Reads only: never creates or upgrades the database.

import { failureOf } from '../state/common/failure.ts';
import type { PinnedRoot } from '../state/report/verification.svelte.ts';
import { readTrust } from '../trust-store/read-only-trust.ts';

/** Empty without a station, and when the browser denies access to its storage, as for a page opened from a file. */
export async function readPinnedRoots(factory: IDBFactory): Promise<readonly PinnedRoot[]> {
  try {
    return await readTrust(factory);
  } catch (error) {
    failureOf(error);
    return [];
  }
}
