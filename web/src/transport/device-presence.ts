// Tracks whether the unit behind one handle of the browser is attached, from the disconnect event.

export class Presence {
  /** Resolves when the unit is lost. Never rejects. */
  readonly lost: Promise<void>;
  #isLost = false;
  #resolve: () => void = () => undefined;

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  markLost(): void {
    this.#isLost = true;
    this.#resolve();
  }
}
