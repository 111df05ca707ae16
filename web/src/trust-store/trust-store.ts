// What this station keeps of each AS: the pinned root key and the newest audit head. What they prove is said in source/trust.ts, whose
// TrustStore this is.
import type { Database, Transaction } from '../journal/database.ts';

interface Head {
  readonly sequence: number;
  readonly hash: string;
  readonly time: string;
  /** JSON text of its envelope. */
  readonly envelope: string;
}

export interface TrustRecord {
  /** The AS: its base URL. */
  readonly service: string;
  /** The root's public key: base64url, 32 bytes. */
  readonly root: string;
  /** ISO 8601, UTC. */
  readonly pinnedAt: string;
  readonly head?: Head;
  /** What was trusted before an operator replaced it, oldest first: nothing is forgotten. */
  readonly former?: readonly FormerTrust[];
}

export interface FormerTrust {
  readonly root: string;
  readonly pinnedAt: string;
  readonly head?: Head;
  /** ISO 8601, UTC. */
  readonly replacedAt: string;
}

/** Every method throws ProtocolError journal-full, journal-failed. */
export class StoredTrust {
  readonly #database: Database;
  readonly #service: string;
  readonly #now: () => Date;

  constructor(database: Database, service: string, now: () => Date) {
    this.#database = database;
    this.#service = service;
    this.#now = now;
  }

  read(): Promise<TrustRecord | undefined> {
    return this.#database.run(['trust'], 'readonly', (transaction) =>
      transaction.objectStore('trust').get(this.#service),
    );
  }

  /** Keeps the root where none is kept yet; resolves with the one that is kept now. */
  pin(root: string): Promise<string> {
    return this.#database.run(['trust'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const kept = await store.get(this.#service);
      if (kept) return kept.root;
      await store.add({ service: this.#service, root, pinnedAt: this.#now().toISOString() });
      return root;
    });
  }

  /**
   * Keeps the head unless one of the same or a greater number is kept. Its last words may be lost with the power, since the journal has
   * them as well, with the step that they came with. @throws RangeError before a root is pinned
   */
  advance(head: Head): Promise<void> {
    const keep = async (transaction: Transaction<'readwrite'>): Promise<void> => {
      const store = transaction.objectStore('trust');
      const kept = await store.get(this.#service);
      if (!kept) throw new RangeError(`no root is pinned for ${this.#service}`);
      if (kept.head === undefined || kept.head.sequence < head.sequence) await store.put({ ...kept, head });
    };
    return this.#database.run(['trust'], 'readwrite', keep, 'relaxed');
  }

  /** For the operator who knows that the AS was set up anew: pins this root, and begins its audit log afresh. */
  replace(root: string): Promise<void> {
    return this.#database.run(['trust'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const kept = await store.get(this.#service);
      const now = this.#now().toISOString();
      const record: TrustRecord = { service: this.#service, root, pinnedAt: now };
      if (kept === undefined) return void (await store.add(record));
      const { service: _, former = [], ...before } = kept;
      await store.put({ ...record, former: [...former, { ...before, replacedAt: now }] });
    });
  }
}
