// Keeps the screen on while a run is under way, so that the computer does not fall asleep in mid-import. Is handed navigator.wakeLock,
// which not every browser has.

export class WakeLockHolder {
  readonly #wakeLock: WakeLock | undefined;
  #wanted = false;
  #held: WakeLockSentinel | undefined;

  constructor(wakeLock: WakeLock | undefined) {
    this.#wakeLock = wakeLock;
  }

  /** Also to be called when the tab is seen again: the browser lets the screen go whenever it is hidden. */
  async keep(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    if (!wanted) await this.#release();
    else if (!this.#held || this.#held.released) await this.#hold();
  }

  async #hold(): Promise<void> {
    try {
      const before = this.#held;
      const held = await this.#wakeLock?.request('screen');
      const isLate = !this.#wanted || this.#held !== before;
      if (isLate) await held?.release();
      else this.#held = held;
    } catch (error) {
      // A hidden tab or a battery that is nearly empty: the run goes on without it.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.release();
  }
}
