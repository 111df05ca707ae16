// Keeps the screen on, so that the computer does not suspend during an import. Does nothing in a
// browser without the Screen Wake Lock API.

export class WakeLockHolder {
  readonly #wakeLock: WakeLock | undefined;
  #isWanted = false;
  #sentinel: WakeLockSentinel | undefined;

  constructor(wakeLock: WakeLock | undefined) {
    this.#wakeLock = wakeLock;
  }

  /**
   * Requests or releases the lock. The caller calls this again when the tab becomes visible,
   * because the browser releases the lock of a hidden tab.
   */
  async keep(isWanted: boolean): Promise<void> {
    this.#isWanted = isWanted;
    if (!isWanted) await this.#release();
    else if (!this.#sentinel || this.#sentinel.released) await this.#request();
  }

  async #request(): Promise<void> {
    try {
      const before = this.#sentinel;
      const sentinel = await this.#wakeLock?.request('screen');
      const isLate = !this.#isWanted || this.#sentinel !== before;
      if (isLate) await sentinel?.release();
      else this.#sentinel = sentinel;
    } catch (error) {
      // The browser refuses the lock in a hidden tab and on a low battery. The load continues.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  async #release(): Promise<void> {
    const sentinel = this.#sentinel;
    this.#sentinel = undefined;
    await sentinel?.release();
  }
}
