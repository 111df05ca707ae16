// The clock of the page, which shows the time of the AS. Each answer of the AS contains that time.
// Between answers the page adds the time that a monotonic clock of the browser measures. Before the
// first answer the page adds the last known difference to the clock of this computer.

/** Name of the setting with the last known difference, in milliseconds. */
const SETTING = 'keyferry.clock';

/** If the clocks of the AS and of this computer differ by at least this time, both are shown. */
const NOTABLE_MS = 60_000;

/**
 * A difference below this time does not change the clock. It can come from the resolution of the
 * Date header (one second) and the duration of the request.
 */
const TOLERANCE_MS = 3_000;

export interface AsClockOptions {
  /** The clock of this computer, in milliseconds since 1970. */
  readonly wall: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  readonly settings: Pick<Storage, 'getItem' | 'setItem'>;
}

export class AsClock {
  /** Time of the AS minus time of this computer, in milliseconds. */
  #offset = $state.raw(0);
  readonly #options: AsClockOptions;
  /** The time of the AS and the readings of both local clocks when the offset was last set. */
  #last: { readonly as: number; readonly wall: number; readonly ticks: number } | undefined;

  constructor(options: AsClockOptions) {
    this.#options = options;
    const stored = Number(options.settings.getItem(SETTING) ?? 0);
    if (Number.isFinite(stored)) this.#offset = stored;
  }

  /** Time of the AS minus time of this computer, in milliseconds. */
  get offsetMs(): number {
    return this.#offset;
  }

  /** Whether the clocks of the AS and of this computer differ so much that the page shows both. */
  get differs(): boolean {
    return Math.abs(this.#offset) >= NOTABLE_MS;
  }

  /** The time of the AS. */
  readonly now = (): Date => {
    const { wall, ticks } = this.#options;
    const last = this.#last;
    if (last === undefined) return new Date(wall() + this.#offset);
    // On some systems the monotonic clock stops while the computer sleeps. The greater of the two
    // measured times is therefore used.
    return new Date(last.as + Math.max(ticks() - last.ticks, wall() - last.wall));
  };

  /** The time of this computer, for the comparison of both clocks. */
  readonly computer = (): Date => new Date(this.#options.wall());

  /** Sets the clock to `as`, the time in an answer of the AS, in milliseconds since 1970. */
  readonly setAsTime = (as: number): void => {
    const { wall, ticks, settings } = this.#options;
    const isKnown = Math.abs(as - this.now().getTime()) < TOLERANCE_MS;
    if (isKnown && this.#last !== undefined) return;
    this.#last = { as: isKnown ? this.now().getTime() : as, wall: wall(), ticks: ticks() };
    this.#offset = this.#last.as - this.#last.wall;
    settings.setItem(SETTING, String(this.#offset));
  };
}
