// R of one link and what erases it (docs/protocol.md clause 4.4), with and without capability b0. Knows no command.
import type { EiStore, PendingChallenge } from './store.ts';

export interface ChallengeHolder {
  give(challenge: PendingChallenge): void;
  /** Takes and erases: a challenge serves one attempt, also a failed one. */
  take(): PendingChallenge | undefined;
  /** SELECT, reset, IccPowerOn. */
  reset(): void;
}

export class VolatileChallenge implements ChallengeHolder {
  #pending: PendingChallenge | undefined;

  give(challenge: PendingChallenge): void {
    this.#pending = challenge;
  }

  take(): PendingChallenge | undefined {
    const taken = this.#pending;
    this.#pending = undefined;
    return taken;
  }

  reset(): void {
    this.#pending = undefined;
  }
}

/** Capability b0: only IMPORTKEY and GET CHALLENGE erase it. */
export class KeptChallenge implements ChallengeHolder {
  readonly #store: EiStore;
  readonly #link: string;

  constructor(store: EiStore, link: string) {
    this.#store = store;
    this.#link = link;
  }

  give(challenge: PendingChallenge): void {
    this.#store.writeChallenge(this.#link, challenge);
  }

  take(): PendingChallenge | undefined {
    const taken = this.#store.challenge(this.#link);
    this.#store.writeChallenge(this.#link, undefined);
    return taken;
  }

  reset(): void {
    // A loss of power or a new selection is what this unit keeps its challenge over.
  }
}
