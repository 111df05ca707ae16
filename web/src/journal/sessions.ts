// Which tabs of this page are alive, by one Web Lock each: an attempt that a live tab runs must not be taken for one that a crash left
// behind. Is handed navigator.locks.

const PREFIX = 'keyferry-session-';

export interface Sessions {
  /** This page's own. */
  readonly id: string;
  /** All pages that are there now, this one among them. */
  live(): Promise<ReadonlySet<string>>;
}

/** Holds the lock of this page until it goes, however it goes. `id` is random. */
export async function joinSessions(locks: LockManager, id: string): Promise<Sessions> {
  await new Promise<void>((granted, refused) => {
    const untilThePageGoes = new Promise<never>(() => undefined);
    locks
      .request(PREFIX + id, () => {
        granted();
        return untilThePageGoes;
      })
      .catch(refused);
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
