// Runs the operations that the operator starts on one screen. Exposes whether one is running, and
// the last failure.
import { type Failure, failureOf } from './failure.ts';

export class Task {
  #isBusy = $state.raw(false);
  #failure = $state.raw<Failure | undefined>();
  readonly #onFailure: ((failure: Failure) => void) | undefined;

  constructor(onFailure?: (failure: Failure) => void) {
    this.#onFailure = onFailure;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Failure of the last operation. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /**
   * Resolves to true if the operation succeeded, to false after an expected failure. Rejects only
   * for a bug.
   */
  async run(operation: () => Promise<void>): Promise<boolean> {
    this.#isBusy = true;
    this.#failure = undefined;
    try {
      await operation();
      return true;
    } catch (error) {
      const failure = failureOf(error);
      this.#failure = failure;
      this.#onFailure?.(failure);
      return false;
    } finally {
      this.#isBusy = false;
    }
  }
}
