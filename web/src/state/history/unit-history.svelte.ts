// Reads the newest attempts on one unit from the journal of this station.
import type { Attempt } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import { failureOf } from '../common/failure.ts';

/** Number of attempts in the list. */
const MAX_SHOWN = 5;
/** Number of attempts read at a time. */
const PAGE = 50;
/**
 * Maximum number of pages that one search reads. The journal has no index by unit, so without a
 * limit the search for a new unit would read the whole journal.
 */
const MAX_PAGES = 20;

export class UnitHistory {
  #attempts = $state.raw<readonly Attempt[]>([]);
  #reads = 0;
  readonly #journal: () => Promise<Pick<Journal, 'list'>>;

  constructor(journal: () => Promise<Pick<Journal, 'list'>>) {
    this.#journal = journal;
  }

  /** The newest attempts on the unit that have ended, newest first, at most 5. */
  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /**
   * Reads the attempts on the unit among the newest 1,000 of the station. A later call supersedes
   * one that is still running. If the journal cannot be read, the list is empty; the history shows
   * the failure.
   */
  async read(sn: string): Promise<void> {
    const read = ++this.#reads;
    const found = await this.#find(sn, () => read === this.#reads).catch((error: unknown) => {
      failureOf(error);
      return [];
    });
    if (read === this.#reads) this.#attempts = found;
  }

  async #find(sn: string, isCurrent: () => boolean): Promise<readonly Attempt[]> {
    const journal = await this.#journal();
    const found: Attempt[] = [];
    let last: number | undefined;
    for (let pages = 0; pages < MAX_PAGES && found.length < MAX_SHOWN && isCurrent(); pages++) {
      const page = await journal.list(PAGE, last);
      found.push(...page.filter((attempt) => attempt.sn === sn && attempt.outcome !== 'running'));
      last = page.at(-1)?.id;
      if (page.length < PAGE) break;
    }
    return found.slice(0, MAX_SHOWN);
  }
}
