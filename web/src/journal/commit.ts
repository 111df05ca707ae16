// What goes to the disk in one transaction, in as few records as can be: the browser's price is one for each record, whatever its size. Knows nothing of
// what the entries mean.
import { batchOf, type Entry, hashOf, NO_TAIL, type Tail } from './chain.ts';
import type { Transaction } from './database.ts';
import type { UnitRow } from './order-record.ts';

export class Commit {
  readonly units: UnitRow[] = [];
  /** The attempts of this page whose outcome is not final. */
  readonly open: Set<number>;
  readonly #chains = new Map<number, Entry[]>();
  #hasBegun = false;

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
    this.#hasBegun = true;
  }

  /**
   * One record for each chain, and the list of what is open only where it grows: what is final by now is told by its entries. Only queues its
   * requests, which the browser carries out in their order; moves the ends of the chains in `tails`.
   */
  write(transaction: Transaction<'readwrite'>, session: string, tails: Map<number, Tail>): Promise<unknown>[] {
    const requests: Promise<unknown>[] = [];
    const queue = (request: Promise<unknown>): void => {
      request.catch(() => undefined); // told by the transaction, also where a later request cannot even be made
      requests.push(request);
    };
    for (const [chain, entries] of this.#chains) {
      const { seq, hash: before } = tails.get(chain) ?? NO_TAIL;
      const first = seq + 1;
      const hash = entries.reduce((last, entry, index) => hashOf(last, [chain, first + index], entry), before);
      queue(transaction.objectStore('batches').add(batchOf(entries, hash), [chain, first]));
      tails.set(chain, { seq: seq + entries.length, hash });
    }
    for (const unit of this.units) queue(transaction.objectStore('units').put(unit));
    if (this.#hasBegun) {
      queue(transaction.objectStore('open').put({ session, attempts: [...this.open] }));
    }
    return requests;
  }
}
