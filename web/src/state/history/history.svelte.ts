// Reads the attempts in the journal of this station in pages, newest first.
import type { Attempt } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Failure } from '../common/failure.ts';
import { Task } from '../common/task.svelte.ts';

export type { Attempt, Outcome, StepEntry } from '../../journal/attempt.ts';

/** Number of attempts read at a time. */
const PAGE = 25;

/**
 * Whether the serial number, key label or work order of an attempt contains the search text.
 * Ignores case and white space. Also ignores the Unicode form, because the AS of an earlier version
 * may have issued an order whose id is in NFD.
 */
export function isMatch(
  { sn, keyLabel, workOrder }: Pick<Attempt, 'sn' | 'keyLabel' | 'workOrder'>,
  search: string,
): boolean {
  const plain = (text: string): string => text.normalize('NFC').replaceAll(/\s/g, '').toUpperCase();
  const wanted = plain(search);
  return [sn, keyLabel, workOrder].some((text) => text !== undefined && plain(text).includes(wanted));
}

export class History {
  #attempts = $state.raw<readonly Attempt[]>([]);
  #hasMore = $state.raw(false);
  #lostAt = $state.raw<string | undefined>();
  readonly #task = new Task();
  readonly #journal: () => Promise<Pick<Journal, 'list' | 'lostAt'>>;

  constructor(journal: () => Promise<Pick<Journal, 'list' | 'lostAt'>>) {
    this.#journal = journal;
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Whether older attempts may exist. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /**
   * Time at which the page noticed that the previous journal had been deleted, ISO 8601; undefined
   * if no journal was deleted.
   */
  get lostAt(): string | undefined {
    return this.#lostAt;
  }

  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  /** Reads the newest attempts. */
  async open(): Promise<void> {
    await this.#read([]);
  }

  /** Reads the next older attempts. */
  async loadMore(): Promise<void> {
    await this.#read(this.#attempts);
  }

  async #read(newer: readonly Attempt[]): Promise<void> {
    const journal = await this.#journal();
    await this.#task.run(async () => {
      const page = await journal.list(PAGE, newer.at(-1)?.id);
      this.#attempts = [...newer, ...page];
      this.#hasMore = page.length === PAGE;
      this.#lostAt = await journal.lostAt();
    });
  }
}
