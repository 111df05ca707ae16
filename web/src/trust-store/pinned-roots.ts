// The roots of every AS that this station has pinned: a vault may come from any of them.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { Database } from '../journal/database.ts';

/** 32 bytes each. @throws ProtocolError journal-full, journal-failed */
export async function pinnedRoots(database: Database): Promise<readonly Bytes[]> {
  const kept = await database.run(['trust'], 'readonly', (transaction) => transaction.objectStore('trust').getAll());
  return kept.map(({ root }) => fromBase64url(root));
}
