// Reads all root keys that this station has pinned. A vault may come from the AS of any of these
// keys.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import type { Database } from '../journal/database.ts';

/** Returns public keys, 32 bytes each. @throws ProtocolError journal-full, journal-failed */
export async function pinnedRoots(database: Database): Promise<readonly Bytes[]> {
  const records = await database.run(['trust'], 'readonly', (transaction) => transaction.objectStore('trust').getAll());
  return records.map(({ root }) => fromBase64url(root));
}
