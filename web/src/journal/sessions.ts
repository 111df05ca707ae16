// Lists the open tabs of this page. Each tab holds one Web Lock. The journal thus does not recover
// an attempt that another tab is running.

const PREFIX = 'keyferry-session-';

export interface Sessions {
  /** Id of this page. */
  readonly id: string;
  /** Ids of all open pages, including this one. */
  live(): Promise<ReadonlySet<string>>;
}

/**
 * Acquires a lock for this page, which the browser releases when the page closes or crashes. `id`
 * must be random.
 */
export async function joinSessions(locks: LockManager, id: string): Promise<Sessions> {
  await new Promise<void>((resolve, reject) => {
    const untilPageCloses = new Promise<never>(() => undefined);
    locks
      .request(PREFIX + id, () => {
        resolve();
        return untilPageCloses;
      })
      .catch(reject);
  });
  return {
    id,
    live: async () => {
      const { held = [] } = await locks.query();
      const names = held.map((lock) => lock.name ?? '').filter((name) => name.startsWith(PREFIX));
      return new Set([id, ...names.map((name) => name.slice(PREFIX.length))]);
    },
  };
}
