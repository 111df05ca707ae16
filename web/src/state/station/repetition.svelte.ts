// Detects that two loads in a row ended with the same failure on the same unit. The page then gives
// different advice.
import type { Failure } from '../common/failure.ts';

export class Repetition {
  #isRepeated = $state(false);
  /** The unit and the failure of the last load, as JSON. */
  #last: string | undefined;

  get isRepeated(): boolean {
    return this.#isRepeated;
  }

  /** Records how a load ended; `failure` is undefined after a success. */
  record(sn: string | undefined, failure: Failure | undefined): void {
    const now = failure && JSON.stringify([sn, failure]);
    this.#isRepeated = now !== undefined && now === this.#last;
    this.#last = now;
  }
}
