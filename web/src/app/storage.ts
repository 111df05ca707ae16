// The storage of this browser. The demo has databases and settings of its own, so that it neither
// reads nor deletes those of the station at the same origin.

export const DEMO_PATH = '/demo.html';

/** Prefix of all names under which the demo stores data. */
export const DEMO_PREFIX = 'demo-';

/** Settings of this browser: the part of localStorage whose names begin with the prefix. */
export type Settings = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export function storagePrefix(path: string): string {
  return path === DEMO_PATH ? DEMO_PREFIX : '';
}

/** localStorage, or a map in memory if the browser denies storage. */
export function openSettings(prefix: string): Settings {
  try {
    const stored = localStorage;
    return {
      getItem: (name) => stored.getItem(prefix + name),
      // If the storage is full or broken, a setting is lost, but never a load.
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

/** Deletes what the demo stores. Resolves also if another tab delays the deletion of a database. */
export async function deleteDemoData(
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
