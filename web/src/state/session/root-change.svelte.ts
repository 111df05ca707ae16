// The operator's decision when the AS presents a root key other than the pinned one. Either the AS
// was installed again, or this is another AS.
import type { RootComparison } from '../../as-client/trust.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Session } from './session.svelte.ts';

export class RootChange {
  #comparison = $state.raw<RootComparison | undefined>();
  #confirmed = $state(false);
  #failure = $state.raw<Failure | undefined>();

  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get comparison(): RootComparison | undefined {
    return this.#comparison;
  }

  /** Whether the operator has stated that the administrator confirmed the fingerprint. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  confirm(confirmed: boolean): void {
    this.#confirmed = confirmed;
  }

  /** Fetches the presented root key and compares it with the pinned one. */
  async compare(): Promise<void> {
    await this.#try(async () => {
      this.#comparison = await (await this.#session.roots()).compare();
    });
  }

  /**
   * Pins the root key that compare() presented. @throws RangeError before compare() and confirm()
   */
  async trust(): Promise<void> {
    const comparison = this.#comparison;
    if (!comparison || !this.#confirmed) throw new RangeError('compare and confirm the root key first');
    await this.#try(async () => {
      await (await this.#session.roots()).replace(comparison.shown.root);
      this.#session.signOut();
    });
  }

  async #try(action: () => Promise<void>): Promise<void> {
    this.#failure = undefined;
    try {
      await action();
    } catch (error) {
      this.#confirmed = false;
      this.#failure = failureOf(error);
    }
  }
}
