// Stores the challenge R of one link and erases it as docs/protocol.md clause 4.4 requires. A unit
// with capability b0 stores R in the non-volatile memory M, any other unit in RAM.
import type { EiStore, PendingChallenge } from './store.ts';

export interface LinkChallenge {
  set(challenge: PendingChallenge): void;
  /** Returns the challenge and erases it, because R is good for one import, even a failed one. */
  take(): PendingChallenge | undefined;
  /** Called when the application is selected, and when the card is reset or powered up. */
  reset(): void;
}

export class VolatileChallenge implements LinkChallenge {
  #pending: PendingChallenge | undefined;

  set(challenge: PendingChallenge): void {
    this.#pending = challenge;
  }

  take(): PendingChallenge | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  reset(): void {
    this.#pending = undefined;
  }
}

/** The challenge of a unit with capability b0. Only IMPORTKEY and GET CHALLENGE erase it. */
export class PersistentChallenge implements LinkChallenge {
  readonly #store: EiStore;
  readonly #link: string;

  constructor(store: EiStore, link: string) {
    this.#store = store;
    this.#link = link;
  }

  set(challenge: PendingChallenge): void {
    this.#store.writeChallenge(this.#link, challenge);
  }

  take(): PendingChallenge | undefined {
    const pending = this.#store.challenge(this.#link);
    this.#store.writeChallenge(this.#link, undefined);
    return pending;
  }

  reset(): void {
    // Does nothing, because with b0 the challenge survives SELECT, reset and loss of power.
  }
}
