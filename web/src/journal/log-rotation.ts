// Rotates the LevelDB log of Chromium's IndexedDB once per page start (docs/adr/0042). After a
// crash LevelDB appends to its log behind a torn record, and at the next start Chromium takes that
// for corruption and deletes the database. LevelDB converts a full log to tables instead of
// appending to it, so the page fills the log.
import type { Database } from './database.ts';

/** In total more than LevelDB's write buffer, 4 MiB. A record of 64 KiB would become a file. */
const RECORD_BYTES = 60_000;
const RECORDS = 72;

/** Runs in the background. @throws ProtocolError journal-full, journal-failed */
export async function rotateLog(database: Pick<Database, 'run'>): Promise<void> {
  await database.run(
    ['ballast'],
    'readwrite',
    async (transaction) => {
      const store = transaction.objectStore('ballast');
      await Promise.all(Array.from({ length: RECORDS }, (_, n) => store.put(new Uint8Array(RECORD_BYTES), n)));
    },
    'relaxed',
  );
  await database.run(['ballast'], 'readwrite', (transaction) => transaction.objectStore('ballast').clear());
}
