// Reads the root keys that this browser's station has pinned, for the verifier.

import { failureOf } from '../state/common/failure.ts';
import type { PinnedRoot } from '../state/report/verification.svelte.ts';
import { readTrust } from '../trust-store/read-only-trust.ts';

/** Returns none if there is no station or the browser denies storage, as for a file: page. */
export async function readPinnedRoots(factory: IDBFactory): Promise<readonly PinnedRoot[]> {
  try {
    return await readTrust(factory);
  } catch (error) {
    failureOf(error);
    return [];
  }
}
