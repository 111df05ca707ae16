// Opens the settings in this browser, and names the databases. The demo uses its own names, so that
// it neither reads nor deletes the data of the station at the same origin.

/** Prefix of all names under which the demo stores data. */
export const DEMO_PREFIX = 'demo-';

/** Settings of this browser in localStorage, where each name has a prefix. */
export type Settings = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Opens the settings whose names in localStorage begin with `prefix`. If the browser denies
 * storage, returns settings in memory.
 */
export function openSettings(prefix: string): Settings {
  try {
    const stored = localStorage;
    return {
      getItem: (name) => stored.getItem(prefix + name),
      // If the storage is full or broken, the setting is lost. No load depends on a setting.
      setItem: (name, value) => {
        try {
          stored.setItem(prefix + name, value);
        } catch {
          stored.removeItem(prefix + name);
        }
      },
      removeItem: (name) => stored.removeItem(prefix + name),
    };
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (name) => values.get(name) ?? null,
      setItem: (name, value) => void values.set(name, value),
      removeItem: (name) => void values.delete(name),
    };
  }
}

/** Name of the setting with the id of the last reset. */
const LAST_RESET = `${DEMO_PREFIX}last-reset`;

/**
 * Deletes the databases and settings of the demo. Every open tab of the demo calls this with the
 * id of the reset. Only the first call deletes, because a later one would delete new data of the
 * first tab. Does not wait for a database whose deletion is blocked by another tab.
 */
export async function deleteDemoData(
  reset: string,
  locks: Pick<LockManager, 'request'>,
  databases: Pick<IDBFactory, 'databases' | 'deleteDatabase'>,
  settings: Pick<Storage, 'getItem' | 'setItem' | 'key' | 'length' | 'removeItem'>,
): Promise<void> {
  await locks.request(LAST_RESET, async () => {
    if (settings.getItem(LAST_RESET) === reset) return;
    await deleteAll(databases, settings);
    settings.setItem(LAST_RESET, reset);
  });
}

async function deleteAll(
  databases: Pick<IDBFactory, 'databases' | 'deleteDatabase'>,
  settings: Pick<Storage, 'key' | 'length' | 'removeItem'>,
): Promise<void> {
  const names = Array.from({ length: settings.length }, (_, index) => settings.key(index) ?? '');
  for (const name of names) if (name.startsWith(DEMO_PREFIX)) settings.removeItem(name);
  const found = await databases.databases();
  await Promise.all(
    found.map(({ name = '' }) => (name.startsWith(DEMO_PREFIX) ? ended(databases.deleteDatabase(name)) : undefined)),
  );
}

function ended(request: IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['success', 'error', 'blocked'] as const) request.addEventListener(event, () => resolve());
  });
}
