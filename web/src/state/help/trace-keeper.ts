// Stores the traces of the lanes with the attempts that they belong to (traces.ts),
// so that Help can show them after a reload. Loaded at the first failure.
import type { Journal } from '../../journal/journal.ts';
import type { TraceRecord } from '../../journal/unchained-records.ts';
import { failureOf } from '../common/failure.ts';
import type { Station } from '../station/station.svelte.ts';
import { isWithin } from './past-attempts.ts';
import type { Traces } from './traces.ts';

/** Interval at which the exchanges of a running load are stored, in ms. */
const SAVE_MS = 1_000;

/** Number of attempts, newest first, among which save() looks for the attempt of each lane. */
const RECENT_ATTEMPTS = 25;

export interface TraceKeeperOptions {
  readonly station: Pick<Station, 'lanes' | 'busy' | 'onActivity'>;
  readonly journal: Pick<Journal, 'list'>;
  readonly traces: Pick<Traces, 'append'>;
}

export class TraceKeeper {
  readonly #options: TraceKeeperOptions;
  readonly #stored = new WeakSet<object>();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: TraceKeeperOptions) {
    this.#options = options;
  }

  /**
   * Stores the exchanges so far. From then on stores those of each attempt, every second during the
   * load and once at its end. Returns a function that stops this.
   */
  start(): () => void {
    const { station } = this.#options;
    const timer = setInterval(() => station.busy && void this.save(), SAVE_MS);
    const stopListening = station.onActivity(() => void this.save());
    void this.save();
    return () => {
      clearInterval(timer);
      stopListening();
    };
  }

  /** Stores the new exchanges. Resolves when they are stored, or could not be stored. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    const { station, journal, traces } = this.#options;
    const fresh = station.lanes.flatMap(({ facts, trace }) => {
      const exchanges = trace.exchanges.filter((exchange) => !this.#stored.has(exchange));
      return facts && exchanges.length > 0 ? [{ sn: facts.sn, exchanges }] : [];
    });
    if (fresh.length === 0) return;
    try {
      const newest = await journal.list(RECENT_ATTEMPTS);
      const records = fresh.flatMap(({ sn, exchanges }): TraceRecord[] => {
        const ofUnit = newest.filter((each) => each.sn === sn);
        return ofUnit.map((attempt) => {
          return {
            attempt: attempt.id,
            isDone: attempt.outcome === 'done',
            exchanges: exchanges.filter(isWithin(attempt)),
          };
        });
      });
      const written = records.filter(({ exchanges }) => exchanges.length > 0);
      if (written.length === 0) return;
      await traces.append(written);
      for (const exchange of written.flatMap(({ exchanges }) => exchanges)) this.#stored.add(exchange);
    } catch (error) {
      failureOf(error); // the journal reports that it is full or cannot be written
    }
  }
}
