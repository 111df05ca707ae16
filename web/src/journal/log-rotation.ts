// Chromium keeps IndexedDB in LevelDB. After a crash LevelDB goes on with the log that it finds, behind whatever a write that was cut left at its end; the
// start after that takes those octets for damage, and Chromium deletes the whole store, which no commit survives, however strict. A log that is full is not
// gone on with: what is in it moves to tables, and it is deleted. So each page fills it once when it starts.
import type { Database } from './database.ts';

/** Together more than LevelDB's write buffer (4 MiB) holds, each small enough not to become a file of its own. */
const RECORD_BYTES = 60_000;
const RECORDS = 72;

/** In the background: nothing waits for it. @throws ProtocolError journal-full, journal-failed */
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
