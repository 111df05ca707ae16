// Rotates the LevelDB log of Chromium's IndexedDB once per page start (docs/adr/0042). A crash can
// leave a torn record at the end of the log. If LevelDB then appends to this log, Chromium finds
// the torn record at the next start, treats it as corruption and deletes the database. LevelDB
// converts a full log to tables and starts a new log. The page therefore fills the log.
import type { Database } from './database.ts';
import { LOG_ROTATION_STORE } from './migrations.ts';

/**
 * RECORD_BYTES × RECORDS exceeds LevelDB's write buffer of 4 MiB. Chromium would store a record of
 * 64 KiB or more in a separate file.
 */
const RECORD_BYTES = 60_000;
const RECORDS = 72;

/**
 * Writes and deletes enough data to fill the log.
 * @throws ProtocolError journal-full, journal-failed
 */
export async function rotateLog(database: Pick<Database, 'write'>): Promise<void> {
  await database.write(
    [LOG_ROTATION_STORE],
    async (transaction) => {
      const store = transaction.objectStore(LOG_ROTATION_STORE);
      await Promise.all(Array.from({ length: RECORDS }, (_, n) => store.put(new Uint8Array(RECORD_BYTES), n)));
    },
    { durability: 'relaxed' },
  );
  await database.write([LOG_ROTATION_STORE], (transaction) => transaction.objectStore(LOG_ROTATION_STORE).clear());
}
