// The challenge R of one link and when it is erased (docs/protocol.md clause 4.4), with and without
// capability b0.
import type { EiStore, PendingChallenge } from './store.ts';

export interface LinkChallenge {
  set(challenge: PendingChallenge): void;
  /** Returns and erases the challenge: it serves one attempt, even a failed one. */
  take(): PendingChallenge | undefined;
  /** Called on SELECT, reset and IccPowerOn. */
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

/** Capability b0: only IMPORTKEY and GET CHALLENGE erase the challenge. */
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
    // With b0 the challenge survives SELECT, reset and loss of power.
  }
}
