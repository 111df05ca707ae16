// The exchanges with the units of this station. Those of the lanes grow during a load; those of
// earlier attempts were stored. Filters all of them by text, unit and success.
import type { Exchange } from '../station/trace.svelte.ts';
import { isFailed } from './decode-exchange.ts';
import type { PastAttempt } from './facts.ts';
import type { TracedLane } from './past-attempts.ts';

/** An exchange and its unit. */
export interface Entry {
  /** 32 hex digits; undefined if the identity was not read. */
  readonly sn: string | undefined;
  readonly exchange: Exchange;
}

export interface ExchangeConsoleOptions {
  readonly lanes: () => readonly TracedLane[];
  readonly attempts: () => readonly PastAttempt[];
  /** Returns the text of an entry, in which the search looks. */
  readonly textOf: (entry: Entry) => string;
}

/** Maximum number of shown entries. The newest are shown. */
export const MAX_SHOWN = 200;

export class ExchangeConsole {
  #search = $state('');
  #unit = $state('');
  #isOnlyFailed = $state(false);
  readonly #options: ExchangeConsoleOptions;
  readonly #all: readonly Entry[] = $derived.by(() => this.#collect());
  /** Serial numbers of the units that have exchanges, in ascending order. */
  readonly units: readonly string[] = $derived(
    [...new Set(this.#all.flatMap(({ sn }) => (sn === undefined ? [] : [sn])))].sort(),
  );
  /** The entries that match, newest first. */
  readonly found: readonly Entry[] = $derived(this.#all.filter((entry) => this.#isMatch(entry)));

  constructor(options: ExchangeConsoleOptions) {
    this.#options = options;
  }

  /** Number of all exchanges. */
  get total(): number {
    return this.#all.length;
  }

  get search(): string {
    return this.#search;
  }

  /** Serial number of the chosen unit; empty for all units. */
  get unit(): string {
    return this.#unit;
  }

  get isOnlyFailed(): boolean {
    return this.#isOnlyFailed;
  }

  searchFor(text: string): void {
    this.#search = text;
  }

  chooseUnit(sn: string): void {
    this.#unit = sn;
  }

  showOnlyFailed(isOnlyFailed: boolean): void {
    this.#isOnlyFailed = isOnlyFailed;
  }

  #collect(): readonly Entry[] {
    const live = this.#options.lanes().flatMap(({ facts, trace }): Entry[] => {
      return trace.exchanges.map((exchange) => ({ sn: facts?.sn, exchange }));
    });
    const known = new Set(live.map(keyOf));
    const stored = this.#options
      .attempts()
      .flatMap(({ sn, exchanges }) => exchanges.map((exchange): Entry => ({ sn, exchange })))
      .filter((entry) => !known.has(keyOf(entry)));
    const entries = [...stored, ...live].map((entry, index) => ({ entry, index }));
    // Entries of the same time keep their sequence.
    entries.sort((a, b) => compare(b.entry.exchange.at, a.entry.exchange.at) || b.index - a.index);
    return entries.map(({ entry }) => entry);
  }

  #isMatch(entry: Entry): boolean {
    if (this.#unit !== '' && entry.sn !== this.#unit) return false;
    if (this.#isOnlyFailed && !isFailed(entry.exchange)) return false;
    const wanted = plain(this.#search);
    return wanted === '' || plain(this.#options.textOf(entry)).includes(wanted);
  }
}

function keyOf({ sn, exchange: { at, header, statusWord } }: Entry): string {
  return [sn, at, header, statusWord].join();
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Ignores case and white space, because serial numbers are shown in groups. */
function plain(text: string): string {
  return text.replaceAll(/\s/g, '').toUpperCase();
}
