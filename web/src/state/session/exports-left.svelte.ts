// How much the vault or card in use may still give, so that the operator hears it before a unit is begun. A service has no such number.
import type { LocalAccount, Session } from './session.svelte.ts';

export class ExportsLeft {
  readonly #session: Session;
  /** What was asked last, and its answer. */
  #answer = $state.raw<{ readonly of: LocalAccount; readonly count: number | undefined } | undefined>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Undefined: there is no limit, or it was not asked for yet. */
  get count(): number | undefined {
    return this.#session.in && this.#answer?.of === this.#session.local ? this.#answer?.count : undefined;
  }

  async read(): Promise<void> {
    const { local } = this.#session;
    this.#answer = local && { of: local, count: await local.exportsLeft?.() };
  }
}
