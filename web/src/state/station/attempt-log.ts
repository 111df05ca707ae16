// Writes the steps of one attempt to the journal, in order. The caller awaits settled() only before
// a step that needs the earlier ones on disk (docs/adr/0041). Most writes therefore overlap with an
// exchange with the unit or the AS. After a failed write no later step is written.
import type { NewAttempt, StepBody } from '../../journal/attempt.ts';
import type { Journal, WriteOptions } from '../../journal/journal.ts';

export class AttemptLog {
  readonly #journal: Pick<Journal, 'begin' | 'append' | 'flush'>;
  readonly #attempt: NewAttempt | number;
  #id: Promise<number> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Steps that are written or queued. */
  steps: readonly StepBody[];

  /**
   * @param attempt a new attempt, which the first write creates in the journal, or the id of an
   *   existing attempt
   * @param steps the steps that the journal already has, if the attempt exists
   */
  constructor(
    journal: Pick<Journal, 'begin' | 'append' | 'flush'>,
    attempt: NewAttempt | number,
    steps: readonly StepBody[] = [],
  ) {
    this.#journal = journal;
    this.#attempt = attempt;
    this.steps = steps;
  }

  /** Queues steps for the journal. If a write fails, settled() rejects. */
  write(steps: readonly StepBody[], options: WriteOptions = {}): void {
    const after = this.steps.length;
    this.steps = [...this.steps, ...steps];
    this.#last = Promise.all([this.#last, this.#write(steps, options, after)]);
    this.#last.catch(() => undefined); // reported by settled()
  }

  /**
   * Resolves when all queued steps are on disk.
   * @throws ProtocolError journal-full, journal-failed
   */
  async settled(): Promise<void> {
    this.#journal.flush();
    await this.#last;
  }

  /** Id of the attempt in the journal; undefined if the first write failed or has not begun. */
  async id(): Promise<number | undefined> {
    if (typeof this.#attempt === 'number') return this.#attempt;
    return await this.#id?.catch(() => undefined);
  }

  /**
   * `after` is the number of earlier steps of the attempt. If the journal has another number of
   * them, it refuses these steps.
   */
  async #write(steps: readonly StepBody[], options: WriteOptions, after: number): Promise<void> {
    if (typeof this.#attempt === 'number') return await this.#journal.append(this.#attempt, steps, options, after);
    if (this.#id !== undefined) return await this.#journal.append(await this.#id, steps, options, after);
    this.#id = this.#journal.begin(this.#attempt, steps, options);
    await this.#id;
  }
}
