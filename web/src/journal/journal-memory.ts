// What this page has written to the journal and read from it: the ends of the chains, and the
// attempts without a final outcome. After a loss of the database these attempts are written again
// to a new chain, whose first entry records the loss.
import { ProtocolError } from '#protocol/errors.ts';
import { outcomeOf, type StepBody } from './attempt.ts';
import { type Entry, STATION_CHAIN, type Tail } from './chain.ts';
import type { Commit } from './commit.ts';
import type { Transaction } from './database.ts';
import { entriesOf, hasBeginning, hasTail, lastAttempt, tailOf } from './queries.ts';

/** An attempt without a final outcome. Its first entry is the beginning. */
export interface AttemptState {
  readonly chain: number;
  readonly entries: readonly Entry[];
}

/** Copied for each try of a commit, so that a failed try changes nothing. */
export class JournalMemory {
  tails = new Map<number, Tail>();
  attempts = new Map<number, AttemptState>();
  /** Number of the newest attempt; undefined if it must be read. */
  lastId: number | undefined;
  /** Attempts without a final outcome that this page has begun or taken over. */
  open: ReadonlySet<number> = new Set();
  /** Chains of the orders opened since the journal was lost; undefined while it was not lost. */
  ordersSinceLoss: ReadonlySet<number> | undefined;
  /** Deletions of the database that are recorded. */
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

  isRunning(attempt: number): boolean {
    const state = this.attempts.get(attempt);
    return state !== undefined && outcomeOf(stepsOf(state)) === 'running';
  }

  /**
   * Whether the database is not the one that this page has written to. With `isThorough` compares
   * the ends of the chains, as after another page has written or the connection was closed.
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

  /** Begins a new station chain with an entry about the loss, and writes the attempts of this page again. Numbers go on after `lastId`. */
  async beginAnew(transaction: Transaction<'readwrite'>, commit: Commit, at: number, lastId: number): Promise<void> {
    const ends = [...this.tails]
      .filter(([, { seq }]) => seq >= 0)
      .map(([chain, { seq, hash }]) => [chain, seq, hash] as const);
    commit.add(STATION_CHAIN, { at, body: { step: 'journal-lost', ends } });
    const attempts = [...this.attempts].sort(([a], [b]) => a - b);
    this.attempts.clear();
    commit.open.clear();
    for (const [id, { entries }] of attempts) {
      if ((await entriesOf(transaction, id)).length > 0) continue; // another page has used the number
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

/** The number of the order's chain has no meaning in the new database. The id of the order remains. */
function withoutOrder(entry: Entry): Entry {
  if (entry.body.step !== 'begin') return entry;
  const { order: _, ...body } = entry.body;
  return { ...entry, body };
}
