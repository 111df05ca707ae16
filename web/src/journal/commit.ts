// Collects the entries of one journal transaction and writes them as one record per chain, because
// the cost of a write depends on the number of records, not on their size (docs/adr/0039).
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { isUnsettled } from './attempt.ts';
import { type Batch, batchOf, EMPTY_CHAIN, type Entry, hashOf, type Tail } from './chain.ts';
import type { Transaction } from './database.ts';
import { isSameRecord } from './indexed-db.ts';
import type { UnitRow } from './order-record.ts';
import { readAttempt } from './queries.ts';

export class Commit {
  readonly units: UnitRow[] = [];
  /** Ids of the attempts of this page that have no final outcome. */
  readonly open: Set<number>;
  readonly #chains = new Map<number, Entry[]>();
  #isListChanged = false;
  #list: { readonly session: string; readonly attempts: readonly number[] } | undefined;
  /** One of the records that write() adds. isOnDisk() looks for this record. */
  #record: { readonly key: [number, number]; readonly batch: Batch } | undefined;

  constructor(open: ReadonlySet<number>) {
    this.open = new Set(open);
  }

  add(chain: number, entry: Entry): void {
    const entries = this.#chains.get(chain);
    if (entries) entries.push(entry);
    else this.#chains.set(chain, [entry]);
  }

  begin(attempt: number): void {
    this.open.add(attempt);
    this.#isListChanged = true;
  }

  /**
   * Starts the write requests, which the browser executes in order, and advances `tails`. Writes
   * the list of open attempts only if this commit adds an attempt to it. An attempt with a final
   * outcome may therefore stay in the list. Its entries show that it is final.
   */
  write(transaction: Transaction<'readwrite'>, session: string, tails: Map<number, Tail>): void {
    const queue = (request: Promise<unknown>): void => {
      request.catch(() => undefined); // the transaction reports the failure
    };
    for (const [chain, entries] of this.#chains) {
      const { seq, hash: before } = tails.get(chain) ?? EMPTY_CHAIN;
      const first = seq + 1;
      const hash = entries.reduce((last, entry, index) => hashOf(last, [chain, first + index], entry), before);
      this.#record = { key: [chain, first], batch: batchOf(entries, hash) };
      queue(transaction.objectStore('batches').add(this.#record.batch, this.#record.key));
      tails.set(chain, { seq: seq + entries.length, hash });
    }
    for (const unit of this.units) queue(transaction.objectStore('units').put(unit));
    if (this.#isListChanged) {
      this.#list = { session, attempts: [...this.open] };
      queue(transaction.objectStore('open').put(this.#list));
    }
  }

  /**
   * Adds the attempts of closed pages that have no final outcome, and deletes the lists of these
   * pages.
   */
  async takeOver(transaction: Transaction<'readwrite'>, liveSessions: ReadonlySet<string>): Promise<void> {
    const store = transaction.objectStore('open');
    const closed = (await store.getAll()).filter(({ session }) => !liveSessions.has(session));
    const ids = closed.flatMap(({ attempts }) => attempts);
    for (const attempt of await Promise.all(ids.map((id) => readAttempt(transaction, id))))
      if (attempt && isUnsettled(attempt)) this.open.add(attempt.id);
    await Promise.all(closed.map(({ session }) => store.delete(session)));
    this.#isListChanged ||= closed.length > 0;
  }

  /** Whether the database has what this commit wrote in an earlier transaction. */
  async isOnDisk(transaction: Transaction<'readwrite'>): Promise<boolean> {
    if (!this.#record) {
      const list = this.#list;
      return list !== undefined && isSameRecord(await transaction.objectStore('open').get(list.session), list);
    }
    const found = await transaction.objectStore('batches').get(this.#record.key);
    return found !== undefined && equalBytes(found.hash, this.#record.batch.hash);
  }
}
