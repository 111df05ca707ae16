// The root keys that the station of this browser has pinned, for a page that is no station. Looks only: makes and upgrades no database.

import { failureOf } from '../state/common/failure.ts';
import type { PinnedRoot } from '../state/report/verification.svelte.ts';
import { keptTrust } from '../trust-store/read-only-trust.ts';

/** None where there is no station, or its storage cannot be read: a page from a file may be refused it. */
export async function keptRoots(factory: IDBFactory): Promise<readonly PinnedRoot[]> {
  try {
    return await keptTrust(factory);
  } catch (error) {
    failureOf(error);
    return [];
  }
}
