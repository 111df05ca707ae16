// Who is signed in to the AS, until when, and which keys they may export. The token goes through to the source and is not kept here.
import type { KeySource } from '#protocol/provisioning/source.ts';
import type { Role, SetJson, WhoamiJson } from '#protocol/service/messages.ts';
import { type Failure, failureOf } from './failure.ts';

/** The AS as a session needs it; web/src/source/remote-as.ts is one. */
export interface AsAccount extends KeySource {
  signIn(token: string): Promise<WhoamiJson>;
  signOut(): void;
  keys(): Promise<readonly SetJson[]>;
  /** The newest signed head of its log that was verified. */
  readonly auditHead: { readonly envelope: string } | undefined;
}

export interface SignedIn {
  readonly is: 'in';
  readonly operator: string;
  readonly role: Role;
  /** ISO 8601. */
  readonly expires: string;
  readonly service: { readonly name: string; readonly asNumber: number; readonly demo: boolean };
  readonly sets: readonly SetJson[];
}

export type SessionState =
  | { readonly is: 'out'; readonly failure?: Failure; readonly expired?: true }
  | { readonly is: 'signing-in' }
  | SignedIn;

/** setTimeout holds 31 bits of milliseconds; a token ends within hours. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Session {
  state = $state.raw<SessionState>({ is: 'out' });
  readonly in = $derived(this.state.is === 'in' ? this.state : undefined);

  /** Where the AS is, as the journal names it. */
  readonly origin: string;
  readonly #account: () => Promise<AsAccount>;
  readonly #now: () => Date;
  #as: AsAccount | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(account: () => Promise<AsAccount>, origin: string, now: () => Date) {
    this.#account = account;
    this.origin = origin;
    this.#now = now;
  }

  async signIn(token: string): Promise<void> {
    this.state = { is: 'signing-in' };
    const as = await this.#account();
    this.#as = as;
    try {
      const { operator, role, expires, service } = await as.signIn(token);
      const sets = await as.keys();
      this.state = { is: 'in', operator, role, expires, service, sets };
      this.#endAt(expires);
    } catch (error) {
      as.signOut();
      this.state = { is: 'out', failure: failureOf(error) };
    }
  }

  /** Reads the keys again: one may have been replaced since. */
  async refresh(): Promise<void> {
    const before = this.in;
    if (!before || !this.#as) return;
    try {
      const sets = await this.#as.keys();
      if (this.state === before) this.state = { ...before, sets };
    } catch (error) {
      if (failureOf(error).code === 'signed-out') this.expire();
    }
  }

  signOut(): void {
    this.#close({ is: 'out' });
  }

  /** The AS no longer takes the token, or its time is up. */
  expire(): void {
    this.#close({ is: 'out', expired: true });
  }

  #close(state: SessionState): void {
    clearTimeout(this.#timer);
    this.#as?.signOut();
    this.state = state;
  }

  #endAt(expires: string): void {
    clearTimeout(this.#timer);
    const ms = Date.parse(expires) - this.#now().getTime();
    this.#timer = setTimeout(() => this.expire(), Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
  }
}
