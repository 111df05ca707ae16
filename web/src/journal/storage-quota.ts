// Whether the browser keeps the journal for good and how much room it has for it. Is handed navigator.storage, which a page without a secure context lacks.

export interface Room {
  /** The browser does not clear it by itself when the disk fills up. */
  readonly persistent: boolean;
  /** Octets that may still be written; unknown where the browser does not say. */
  readonly left: number | undefined;
}

/** What one load of one key takes in the journal, generously. */
export const OCTETS_PER_LOAD = 8_000;

/** Below this nothing new is begun, so that what is under way can be written to its end. */
export const MIN_OCTETS = 4_000_000;

export async function readRoom(storage: StorageManager | undefined): Promise<Room> {
  const persistent = (await storage?.persisted?.()) ?? false;
  const { quota, usage } = (await storage?.estimate?.()) ?? {};
  return { persistent, left: quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage) };
}

/** Asks the browser to keep it for good; it decides by itself or asks the operator. */
export async function askForRoom(storage: StorageManager | undefined): Promise<Room> {
  await storage?.persist?.();
  return await readRoom(storage);
}
