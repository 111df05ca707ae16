// The question that an operator answers when the AS shows another root key than before: has it been set up anew, or is it another one?
// Knows neither HTTP nor how a fingerprint is made.
import type { RootComparison } from '../../as-client/trust.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Session } from './session.svelte.ts';

export class RootChange {
  comparison = $state.raw<RootComparison | undefined>();
  /** The operator says that he compared the fingerprint with the administrator. */
  compared = $state(false);
  failure = $state.raw<Failure | undefined>();

  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async look(): Promise<void> {
    await this.#try(async () => {
      this.comparison = await (await this.#session.roots()).compare();
    });
  }

  /** Trusts what was shown here, and nothing that came since. */
  async trust(): Promise<void> {
    const { comparison, compared } = this;
    if (!comparison || !compared) throw new RangeError('a root key is trusted after it was compared');
    await this.#try(async () => {
      await (await this.#session.roots()).replace(comparison.shown.root);
      this.#session.signOut();
    });
  }

  async #try(action: () => Promise<void>): Promise<void> {
    this.failure = undefined;
    try {
      await action();
    } catch (error) {
      this.compared = false;
      this.failure = failureOf(error);
    }
  }
}
