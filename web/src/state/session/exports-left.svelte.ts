// Number of exports that the vault or card in use still allows, shown before a load. A service has
// no such number.
import type { LocalAccount, Session } from './session.svelte.ts';

export class ExportsLeft {
  readonly #session: Session;
  #reading = $state.raw<{ readonly account: LocalAccount; readonly count: number | undefined } | undefined>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Undefined if there is no limit, or before the number is read. */
  get count(): number | undefined {
    return this.#session.signedIn && this.#reading?.account === this.#session.local ? this.#reading?.count : undefined;
  }

  async read(): Promise<void> {
    const { local } = this.#session;
    this.#reading = local && { account: local, count: await local.exportsLeft?.() };
  }
}
