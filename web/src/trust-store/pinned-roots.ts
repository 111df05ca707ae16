// Reads all root keys that this station has pinned. All are needed, because any AS that the station
// trusts can issue a vault.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { Database } from '../journal/database.ts';
import type { StoredHead } from '../journal/unchained-records.ts';

export interface PinnedService {
  /** Base URL of the AS. */
  readonly service: string;
  /** Public key of its root, 32 bytes. */
  readonly root: Bytes;
  /** The newest head of the audit log that came from this address. */
  readonly head?: StoredHead | undefined;
}

/** Returns public keys, 32 bytes each. @throws ProtocolError journal-full, journal-failed */
export async function pinnedRoots(database: Database): Promise<readonly Bytes[]> {
  return (await pinnedServices(database)).map(({ root }) => root);
}

/** @throws ProtocolError journal-full, journal-failed */
export async function pinnedServices(database: Database): Promise<readonly PinnedService[]> {
  const records = await database.read(['trust'], (transaction) => transaction.objectStore('trust').getAll());
  return records.map(({ service, root, head }) => ({ service, root: fromBase64url(root), head }));
}
