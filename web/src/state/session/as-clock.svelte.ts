// The clock of the page, which shows the time of the AS. Each answer of the AS contains that time,
// and a monotonic clock of the browser counts on between answers. Without a network the page adds
// the last known difference to the clock of this computer.

/** Name of the setting with the last known difference, in milliseconds. */
const SETTING = 'keyferry.clock';

/** From this difference on, the page shows both clocks. */
const NOTABLE_MS = 60_000;

/**
 * A smaller difference does not change the clock. It can come from the resolution of the Date
 * header (one second) and the duration of the request.
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
  /** The readings of all three clocks when the offset was last set. */
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

  /** Whether the two clocks differ so much that both are shown. */
  get differs(): boolean {
    return Math.abs(this.#offset) >= NOTABLE_MS;
  }

  /** The time of the AS. */
  readonly now = (): Date => {
    const { wall, ticks } = this.#options;
    const last = this.#last;
    if (last === undefined) return new Date(wall() + this.#offset);
    // The monotonic clock of some systems stops while the computer sleeps.
    return new Date(last.as + Math.max(ticks() - last.ticks, wall() - last.wall));
  };

  /** Sets the clock to `as`, the time in an answer of the AS, in milliseconds since 1970. */
  readonly learn = (as: number): void => {
    const { wall, ticks, settings } = this.#options;
    const isKnown = Math.abs(as - this.now().getTime()) < TOLERANCE_MS;
    if (isKnown && this.#last !== undefined) return;
    this.#last = { as: isKnown ? this.now().getTime() : as, wall: wall(), ticks: ticks() };
    this.#offset = this.#last.as - this.#last.wall;
    settings.setItem(SETTING, String(this.#offset));
  };
}
