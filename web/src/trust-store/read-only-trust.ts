// What the station of this browser trusts, for a page that is no station and may be older or newer than it: opened as it is, whatever its version, read
// and let go at once. Makes no database and upgrades none.

import { STATION } from '../journal/database.ts';
import { explained, opened } from '../journal/indexed-db.ts';
import type { TrustRecord } from './trust-store.ts';

/** None where there is no station. @throws ProtocolError journal-full, journal-failed, journal-elsewhere */
export function keptTrust(factory: IDBFactory): Promise<readonly TrustRecord[]> {
  return explained(look(factory));
}

async function look(factory: IDBFactory): Promise<readonly TrustRecord[]> {
  const request = factory.open(STATION);
  let isNew = false;
  request.onupgradeneeded = () => {
    isNew = true;
    request.transaction?.abort(); // there was none, and none is made
  };
  const database = await opened(request).catch((cause: unknown) => {
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
