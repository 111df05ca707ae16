// Caches what this page has read from the journal or written to it: the end of each chain, and the
// attempts without a final outcome. After a loss of the database, writes these attempts to a new
// chain. The first entry of that chain records the loss.
import { ProtocolError } from '#protocol/errors.ts';
import type { StepBody } from './attempt.ts';
import { type Entry, STATION_CHAIN, type Tail } from './chain.ts';
import type { Commit } from './commit.ts';
import type { Transaction } from './database.ts';
import { entriesOf, hasBeginning, hasTail, lastAttempt, tailOf } from './queries.ts';

/** An attempt without a final outcome. The body of its first entry is a Begin. */
export interface AttemptState {
  readonly chain: number;
  readonly entries: readonly Entry[];
}

/**
 * What this page has read from the journal or written to it. Each try of a commit works on a copy,
 * so that a failed try changes nothing.
 */
export class JournalMemory {
  tails = new Map<number, Tail>();
  attempts = new Map<number, AttemptState>();
  /** Id of the newest attempt; undefined if it must be read from the database. */
  lastId: number | undefined;
  /**
   * Ids of the attempts without a final outcome that this page began or took over from a closed
   * page.
   */
  open: ReadonlySet<number> = new Set();
  /** Chains of the orders that were opened after the journal was lost. Undefined without a loss. */
  ordersSinceLoss: ReadonlySet<number> | undefined;
  /** Number of deletions of the database that the journal has recorded. */
  deletions = 0;

  copy(): JournalMemory {
    const copy = Object.assign(new JournalMemory(), this);
    copy.tails = new Map(this.tails);
    copy.attempts = new Map(this.attempts);
    return copy;
  }

  /** Whether the chain belongs to an order that was opened before the loss. */
  isChainLost(chain: number): boolean {
    return chain !== STATION_CHAIN && this.ordersSinceLoss?.has(chain) === false;
  }

  openOrder(chain: number): void {
    if (this.ordersSinceLoss) this.ordersSinceLoss = new Set([...this.ordersSinceLoss, chain]);
  }

  /** @throws ProtocolError journal-lost */
  requireChain(chain: number): void {
    if (this.isChainLost(chain)) throw lostError();
  }

  /**
   * Whether the database has lost entries that this page read or wrote. Normally checks only that
   * each chain has a first entry. With `isThorough`, compares the ends of the chains instead. That
   * is necessary after another page has written or the connection was closed.
   */
  async isLost(
    transaction: Transaction<'readwrite'>,
    chains: Iterable<number>,
    deletions: number,
    isThorough: boolean,
  ): Promise<boolean> {
    if (deletions !== this.deletions) return true;
    for (const chain of chains) {
      const tail = this.tails.get(chain);
      if (tail === undefined || tail.seq < 0) continue;
      const isThere = isThorough ? hasTail(transaction, chain, tail) : hasBeginning(transaction, chain);
      if (!(await isThere)) return true;
    }
    return false;
  }

  /**
   * Starts a new journal after a loss. Writes an entry about the loss to the station chain, and
   * then the attempts of this page. New attempts get ids above `lastId`.
   */
  async restartAfterLoss(
    transaction: Transaction<'readwrite'>,
    commit: Commit,
    at: number,
    lastId: number,
  ): Promise<void> {
    const ends = [...this.tails]
      .filter(([, { seq }]) => seq >= 0)
      .map(([chain, { seq, hash }]) => [chain, seq, hash] as const);
    commit.add(STATION_CHAIN, { at, body: { step: 'journal-lost', ends } });
    const attempts = [...this.attempts].sort(([a], [b]) => a - b);
    this.attempts.clear();
    commit.open.clear();
    for (const [id, { entries }] of attempts) {
      if ((await entriesOf(transaction, id)).length > 0) continue; // another page has used this id
      const moved = entries.map(withoutOrder);
      for (const entry of moved) commit.add(STATION_CHAIN, entry);
      commit.begin(id);
      this.attempts.set(id, { chain: STATION_CHAIN, entries: moved });
    }
    this.tails = new Map([[STATION_CHAIN, await tailOf(transaction, STATION_CHAIN)]]);
    this.lastId = Math.max(lastId, await lastAttempt(transaction), ...this.attempts.keys());
    this.ordersSinceLoss = new Set();
  }
}

export function lostError(): ProtocolError {
  return new ProtocolError('journal-lost', 'the journal was deleted or emptied while this page was open');
}

export function stepsOf({ entries }: AttemptState): readonly StepBody[] {
  return entries.slice(1).map(({ body }) => body as StepBody); // all entries after the first are steps
}

/**
 * Removes the number of the order's chain, which has no meaning in the new database. Keeps the id
 * of the order (`workOrder`).
 */
function withoutOrder(entry: Entry): Entry {
  if (entry.body.step !== 'begin') return entry;
  const { order: _, ...body } = entry.body;
  return { ...entry, body };
}
