// The ways in which a browser or another program closes, empties or deletes an IndexedDB database
// while a page has it open.

export interface OpenDatabase {
  readonly factory: Pick<IDBFactory, 'deleteDatabase'>;
  readonly name: string;
  /** The open connections of the page, oldest first. */
  readonly connections: IDBDatabase[];
}

const settled = (request: IDBRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });

/** Deletes the database, as another program or a browser can do. */
export async function remove({ factory, name }: OpenDatabase): Promise<void> {
  await settled(factory.deleteDatabase(name));
}

/**
 * Closes the connections, deletes the data, and then dispatches the close events, as a browser can
 * do.
 */
export async function clearSite(database: OpenDatabase): Promise<void> {
  const open = [...database.connections];
  await clearSilently(database);
  for (const connection of open) connection.onclose?.(new Event('close'));
}

/** Closes the connections and deletes the data without any event, as a browser can do. */
export async function clearSilently(database: OpenDatabase): Promise<void> {
  for (const connection of database.connections.splice(0)) connection.close();
  await remove(database);
}

/** Empties every object store, as another script can do. */
export async function empty({ connections }: OpenDatabase): Promise<void> {
  const db = connections.at(-1);
  if (!db) throw new TypeError('no connection');
  const transaction = db.transaction([...db.objectStoreNames], 'readwrite');
  for (const name of db.objectStoreNames) transaction.objectStore(name).clear();
  await new Promise<void>((resolve) => {
    transaction.oncomplete = () => resolve();
  });
}

/** Closes the connections and keeps the data, as a browser can do. */
export async function close({ connections }: Pick<OpenDatabase, 'connections'>): Promise<void> {
  for (const connection of connections.splice(0)) {
    connection.close();
    connection.onclose?.(new Event('close'));
  }
}
