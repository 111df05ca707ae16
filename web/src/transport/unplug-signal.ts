// Reports that a unit was unplugged or was reset. links.ts creates one signal for each handle of
// the browser and marks it at the disconnect event. Then these steps follow:
// 1. usb-port.ts and serial-port.ts end the pending read (pending-read.ts), and browser-error.ts
//    translates the failure of another call: the exchange rejects with device-lost.
// 2. state/station/load-attempt.ts ends a running load and computes its outcome from the journal.
// 3. state/station/lane.svelte.ts closes the link, and decides what the lane shows.

export class UnplugSignal {
  /** Resolves when the unit is unplugged. Never rejects. */
  readonly unplugged: Promise<void>;
  #isUnplugged = false;
  #resolve: () => void = () => undefined;

  constructor() {
    this.unplugged = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isUnplugged(): boolean {
    return this.#isUnplugged;
  }

  markUnplugged(): void {
    this.#isUnplugged = true;
    this.#resolve();
  }
}
