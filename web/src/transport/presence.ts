// Whether the unit behind one handle is still attached: what the browser's disconnect event said. Knows neither USB nor serial.

export class Presence {
  /** Resolves once the unit is gone. Never rejects. */
  readonly lost: Promise<void>;
  #gone = false;
  #resolve: () => void = () => undefined;

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get gone(): boolean {
    return this.#gone;
  }

  leave(): void {
    this.#gone = true;
    this.#resolve();
  }
}
