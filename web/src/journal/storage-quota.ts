// Reads how many more bytes the browser can store, and whether it may delete the journal when the
// disk is full. navigator.storage is undefined outside a secure context.

export interface StorageQuota {
  /** Whether the browser keeps the data when the disk is full. */
  readonly isPersistent: boolean;
  /** Undefined if the browser does not report it. */
  readonly freeBytes: number | undefined;
}

/** Approximate maximum size of the journal entries of one load, in bytes. */
export const BYTES_PER_LOAD = 8_000;

/**
 * Minimum free space, in bytes, for opening an order. It leaves enough space for the journal
 * entries of the loads that are already running.
 */
export const MIN_FREE_BYTES = 4_000_000;

export async function readQuota(storage: StorageManager | undefined): Promise<StorageQuota> {
  const isPersistent = (await storage?.persisted?.()) ?? false;
  const { quota, usage } = (await storage?.estimate?.()) ?? {};
  return {
    isPersistent,
    freeBytes: quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage),
  };
}

/**
 * Requests persistent storage. Some browsers ask the operator, and others decide by their own
 * rules.
 */
export async function requestPersistence(storage: StorageManager | undefined): Promise<StorageQuota> {
  await storage?.persist?.();
  return await readQuota(storage);
}
