// Stores the traces of the last attempts in the database of the journal, so that they survive a
// reload and are deleted together with the journal. A trace is for diagnosis only: no outcome
// depends on it.
import type { Database } from '../../journal/database.ts';
import { isSameRecord } from '../../journal/indexed-db.ts';
import type { TraceRecord } from '../../journal/unchained-records.ts';

/** Maximum number of stored traces. */
export const MAX_TRACES = 20;

/** Maximum number of exchanges per trace; the newest are kept. */
export const MAX_STORED_EXCHANGES = 60;

type Key = [number, number];

/** A trace that append() has written and kept. */
interface Written {
  readonly key: Key;
  readonly record: TraceRecord;
}

export class Traces {
  readonly #database: Pick<Database, 'read' | 'write'>;

  constructor(database: Pick<Database, 'read' | 'write'>) {
    this.#database = database;
  }

  /**
   * Appends exchanges to the traces of attempts. If there are then more than MAX_TRACES, deletes
   * the oldest: first those of done loads, because failures need a diagnosis.
   * @throws ProtocolError journal-full, journal-failed
   */
  async append(traces: readonly TraceRecord[]): Promise<void> {
    await this.#database.write(
      ['traces'],
      async (transaction) => {
        const store = transaction.objectStore('traces');
        let keys = await store.getAllKeys();
        const written: Written[] = [];
        for (const { attempt, isDone, exchanges } of traces) {
          const [earlier, others] = [keys.filter(([, id]) => id === attempt), keys.filter(([, id]) => id !== attempt)];
          const stored = await Promise.all(earlier.map((key) => store.get(key)));
          await Promise.all(earlier.map((key) => store.delete(key)));
          const all = [...stored.flatMap((trace) => trace?.exchanges ?? []), ...exchanges];
          const key: Key = [isDone ? 0 : 1, attempt];
          const record = { attempt, isDone, exchanges: all.slice(-MAX_STORED_EXCHANGES) };
          await store.put(record, key);
          written.push({ key, record });
          keys = [...others, key];
        }
        keys.sort(([a, one], [b, other]) => a - b || one - other);
        const deleted = keys.slice(0, Math.max(0, keys.length - MAX_TRACES));
        await Promise.all(deleted.map((key) => store.delete(key)));
        return written.find(({ key }) => !deleted.includes(key));
      },
      {
        durability: 'relaxed',
        isOnDisk: async (transaction, written) =>
          written !== undefined &&
          isSameRecord(await transaction.objectStore('traces').get(written.key), written.record),
      },
    );
  }

  /** Returns all traces. @throws ProtocolError journal-full, journal-failed */
  list(): Promise<readonly TraceRecord[]> {
    return this.#database.read(['traces'], (transaction) => transaction.objectStore('traces').getAll());
  }
}
