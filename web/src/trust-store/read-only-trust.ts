// Reads the trust records of this browser's station, for the verifier. Opens any version of the
// database, because the verifier may be older or newer than the page. Never creates or upgrades it.
import { DATABASE_NAME } from '../journal/database.ts';
import { databaseOf, repeatAborted, translateErrors } from '../journal/indexed-db.ts';
import type { TrustRecord } from '../journal/unchained-records.ts';

/**
 * Resolves with an empty array if there is no station.
 * @throws ProtocolError journal-full, journal-failed, journal-elsewhere
 */
export function readTrust(factory: IDBFactory): Promise<readonly TrustRecord[]> {
  return repeatAborted({ run: (body) => translateErrors(body(factory)), write: read });
}

async function read(factory: IDBFactory): Promise<readonly TrustRecord[]> {
  const request = factory.open(DATABASE_NAME);
  let isNew = false;
  request.onupgradeneeded = () => {
    isNew = true;
    request.transaction?.abort(); // keeps the browser from creating the database
  };
  const database = await databaseOf(request).catch((cause: unknown) => {
    if (!isNew) throw cause;
  });
  if (!database) return [];
  database.onversionchange = () => database.close();
  try {
    return database.objectStoreNames.contains('trust') ? await allOf(database) : [];
  } finally {
    database.close();
  }
}

function allOf(database: IDBDatabase): Promise<readonly TrustRecord[]> {
  return new Promise((resolve, reject) => {
    const request = database.transaction('trust', 'readonly').objectStore('trust').getAll();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
