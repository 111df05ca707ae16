// Stores the traces of the last attempts in the database of the journal, so that they survive a
// reload and are deleted together with the journal. A trace is for diagnosis only: no outcome
// depends on it.
import type { Database } from '../../journal/database.ts';
import type { TraceRecord } from '../../journal/unchained-records.ts';

/** Maximum number of stored traces. */
export const MAX_TRACES = 20;

/** Maximum number of exchanges per trace; the newest are kept. */
export const MAX_STORED_EXCHANGES = 60;

type Key = [number, number];

export class Traces {
  readonly #database: Pick<Database, 'run'>;

  constructor(database: Pick<Database, 'run'>) {
    this.#database = database;
  }

  /**
   * Appends exchanges to the traces of attempts. If there are then more than MAX_TRACES, deletes
   * the oldest: first those of done loads, because failures need a diagnosis.
   * @throws ProtocolError journal-full, journal-failed
   */
  async append(traces: readonly TraceRecord[]): Promise<void> {
    await this.#database.run(
      ['traces'],
      'readwrite',
      async (transaction) => {
        const store = transaction.objectStore('traces');
        let keys = await store.getAllKeys();
        for (const { attempt, isDone, exchanges } of traces) {
          const [earlier, others] = [keys.filter(([, id]) => id === attempt), keys.filter(([, id]) => id !== attempt)];
          const stored = await Promise.all(earlier.map((key) => store.get(key)));
          await Promise.all(earlier.map((key) => store.delete(key)));
          const all = [...stored.flatMap((trace) => trace?.exchanges ?? []), ...exchanges];
          const key: Key = [isDone ? 0 : 1, attempt];
          await store.put({ attempt, isDone, exchanges: all.slice(-MAX_STORED_EXCHANGES) }, key);
          keys = [...others, key];
        }
        keys.sort(([a, one], [b, other]) => a - b || one - other);
        await Promise.all(keys.slice(0, Math.max(0, keys.length - MAX_TRACES)).map((key) => store.delete(key)));
      },
      'relaxed',
    );
  }

  /** Returns all traces. @throws ProtocolError journal-full, journal-failed */
  list(): Promise<readonly TraceRecord[]> {
    return this.#database.run(['traces'], 'readonly', (transaction) => transaction.objectStore('traces').getAll());
  }
}
