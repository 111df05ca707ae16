// The journal as the operator reads it: attempts of this station, newest first, a page at a time.
import type { Attempt } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import { type Failure, failureOf } from '../common/failure.ts';

export type { Attempt, Outcome, StepEntry } from '../../journal/attempt.ts';

const PAGE = 25;

/** What it may be looked for by: the unit's number, the key's name, the work order. Case and blanks do not matter. */
export function isSought(
  { sn, keyLabel, workOrder }: Pick<Attempt, 'sn' | 'keyLabel' | 'workOrder'>,
  sought: string,
): boolean {
  const [wanted = '', ...texts] = [sought, sn, keyLabel, workOrder ?? ''].map((text) =>
    text.replaceAll(/\s/g, '').toUpperCase(),
  );
  return texts.some((text) => text.includes(wanted));
}

export class History {
  attempts = $state.raw<readonly Attempt[]>([]);
  /** Older ones may follow. */
  more = $state.raw(false);
  failure = $state.raw<Failure | undefined>();

  readonly #journal: () => Promise<Pick<Journal, 'list'>>;

  constructor(journal: () => Promise<Pick<Journal, 'list'>>) {
    this.#journal = journal;
  }

  /** From the newest on. */
  async open(): Promise<void> {
    await this.#read([]);
  }

  async loadMore(): Promise<void> {
    await this.#read(this.attempts);
  }

  async #read(before: readonly Attempt[]): Promise<void> {
    const journal = await this.#journal();
    try {
      const page = await journal.list(PAGE, before.at(-1)?.id);
      this.attempts = [...before, ...page];
      this.more = page.length === PAGE;
      this.failure = undefined;
    } catch (error) {
      this.failure = failureOf(error);
    }
  }
}
