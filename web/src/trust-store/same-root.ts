// Binds what this station has stored about an AS to the root key of the AS. The data is stored
// under an address, and a site file may list the addresses of an AS in another order or name new
// ones.
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { PinnedTrust } from '../as-client/trust.ts';
import type { PinnedService } from './pinned-roots.ts';

/** Returns the addresses at which this station has pinned `root`. */
export function addressesOfRoot(root: Uint8Array, pinned: readonly PinnedService[]): readonly string[] {
  return pinned.filter((each) => equalBytes(each.root, root)).map(({ service }) => service);
}

/** Returns `stored` with the newest audit head of all addresses at which its root is pinned. */
export function withNewestHead(stored: PinnedTrust, pinned: readonly PinnedService[]): PinnedTrust {
  const root = fromBase64url(stored.root);
  let { head } = stored;
  for (const other of pinned) {
    if (other.head && equalBytes(other.root, root) && other.head.sequence > (head?.sequence ?? -1)) head = other.head;
  }
  return head ? { ...stored, head } : stored;
}
