// The journal's side of one attempt. A step that must be on disk before the world is touched is awaited; what can be written while the unit or the AS is
// being asked is not, so that the disk costs a unit next to nothing. Each write keeps its place, and behind one that failed there is none.
import type { NewAttempt, StepBody } from '../../journal/attempt.ts';
import type { Beside, Journal } from '../../journal/journal.ts';

export class AttemptLog {
  readonly #journal: Pick<Journal, 'begin' | 'append' | 'flush'>;
  readonly #attempt: NewAttempt | number;
  #id: Promise<number> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Everything that was written or is being written. */
  steps: readonly StepBody[];

  /** A new attempt, begun with its first write; or the number of an earlier one, with the steps that it has. */
  constructor(
    journal: Pick<Journal, 'begin' | 'append' | 'flush'>,
    attempt: NewAttempt | number,
    steps: readonly StepBody[] = [],
  ) {
    this.#journal = journal;
    this.#attempt = attempt;
    this.steps = steps;
  }

  /** To be on disk in its turn; settled() says when. */
  write(steps: readonly StepBody[], beside: Beside = {}): void {
    const after = this.steps.length;
    this.steps = [...this.steps, ...steps];
    this.#last = Promise.all([this.#last, this.#write(steps, beside, after)]);
    this.#last.catch(() => undefined); // settled() tells it
  }

  /** Everything that was to be written is on disk. @throws ProtocolError journal-full, journal-failed */
  async settled(): Promise<void> {
    this.#journal.flush();
    await this.#last;
  }

  /** The attempt's number; undefined when not even its beginning could be written. */
  async id(): Promise<number | undefined> {
    if (typeof this.#attempt === 'number') return this.#attempt;
    return await this.#id?.catch(() => undefined);
  }

  /** `after`: the steps that stand before these. What could not be written leaves no gap: nor is what follows it. */
  async #write(steps: readonly StepBody[], beside: Beside, after: number): Promise<void> {
    if (typeof this.#attempt === 'number') return await this.#journal.append(this.#attempt, steps, beside, after);
    if (this.#id !== undefined) return await this.#journal.append(await this.#id, steps, beside, after);
    this.#id = this.#journal.begin(this.#attempt, steps, beside);
    await this.#id;
  }
}
