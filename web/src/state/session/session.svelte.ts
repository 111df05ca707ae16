// Which AS gives the keys, for whom, until when, and which keys: the service that an operator is signed in to, or a vault or a token card
// that was unlocked on the spot. Tokens, passphrases and PINs go through to the source and are not kept here.
import type { KeySource } from '#protocol/provisioning/source.ts';
import type { Role, SetJson, WhoamiJson } from '#protocol/service/messages.ts';
import type { Roots } from '../../as-client/trust.ts';
import { type Failure, failureOf } from '../common/failure.ts';

/** An AS that may be asked for keys, wherever it is. */
export interface Account extends KeySource {
  /** Ends it: it locks, or forgets the token. Any number of times. */
  signOut(): void;
  keys(): Promise<readonly SetJson[]>;
  /** The newest signed head of its log that was verified. */
  readonly auditHead: { readonly envelope: string } | undefined;
}

/** The AS as a service; web/src/as-client/remote-as.ts is one. */
export interface AsAccount extends Account {
  signIn(token: string): Promise<WhoamiJson>;
  readonly roots: Roots;
}

/** An AS that is here and unlocked: no network, and nobody signs in. */
export interface LocalAccount extends Account {
  readonly kind: 'vault' | 'card';
  /** As the journal names it: the same one has the same name on every day. */
  readonly origin: string;
  /** For the operator. */
  readonly name: string;
  readonly asNumber: number;
  /** Exports that it may still make. @throws ProtocolError (SourceErrorCode) */
  readonly exportsLeft?: () => Promise<number>;
}

export interface SignedIn {
  readonly is: 'in';
  readonly kind: 'remote' | LocalAccount['kind'];
  readonly operator: string;
  readonly role: Role;
  /** ISO 8601; a local AS locks by itself. */
  readonly expires?: string;
  readonly service: { readonly name: string; readonly asNumber: number; readonly demo: boolean };
  readonly sets: readonly SetJson[];
}

export type SessionState =
  | { readonly is: 'out'; readonly failure?: Failure; readonly expired?: true }
  | { readonly is: 'signing-in' }
  | SignedIn;

/** After these a vault or a card is locked or gone. */
const ENDINGS: ReadonlySet<string> = new Set([
  'token-locked',
  'token-lost',
  'token-blocked',
  'vault-locked',
  'vault-expired',
]);

/** setTimeout holds 31 bits of milliseconds; a token ends within hours. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Session {
  state = $state.raw<SessionState>({ is: 'out' });
  readonly in = $derived(this.state.is === 'in' ? this.state : undefined);

  readonly #origin: string;
  readonly #account: () => Promise<AsAccount>;
  readonly #now: () => Date;
  #as: AsAccount | undefined;
  #local: LocalAccount | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(account: () => Promise<AsAccount>, origin: string, now: () => Date) {
    this.#account = account;
    this.#origin = origin;
    this.#now = now;
  }

  /** The AS in use, as the journal names it: for the service, where it is. */
  get origin(): string {
    return this.#local?.origin ?? this.#origin;
  }

  /** The vault or card in use; without one, the service is asked. */
  get local(): LocalAccount | undefined {
    return this.#local;
  }

  async signIn(token: string): Promise<void> {
    this.#close({ is: 'signing-in' });
    const as = await this.#account();
    this.#as = as;
    try {
      const { operator, role, expires, service } = await as.signIn(token);
      const sets = await as.keys();
      this.state = { is: 'in', kind: 'remote', operator, role, expires, service, sets };
      this.#endAt(expires);
    } catch (error) {
      as.signOut();
      this.state = { is: 'out', failure: failureOf(error) };
    }
  }

  /** From now on the keys come from here. @throws ProtocolError of the account; nobody is signed in then */
  async use(local: LocalAccount): Promise<void> {
    this.signOut();
    const sets = await local.keys();
    const { kind, name, asNumber } = local;
    this.#local = local;
    this.state = { is: 'in', kind, operator: name, role: 'operator', service: { name, asNumber, demo: false }, sets };
  }

  /** Reads the keys again: one may have been replaced since. */
  async refresh(): Promise<void> {
    const before = this.in;
    const account = this.#local ?? this.#as;
    if (!before || !account) return;
    try {
      const sets = await account.keys();
      if (this.state === before) this.state = { ...before, sets };
    } catch (error) {
      this.heed(failureOf(error));
    }
  }

  /** Ends the session where the failure says that the AS gives nothing more until it is unlocked or signed in to again. */
  heed(failure: Failure): void {
    if (failure.code === 'signed-out') this.expire();
    else if (failure.code === 'service-changed') this.#close({ is: 'out', failure });
    else if (this.#local && ENDINGS.has(failure.code)) this.#close({ is: 'out', failure });
  }

  /** Of the service: the root key that it shows, and the one that this station trusts. */
  async roots(): Promise<Roots> {
    return (await this.#account()).roots;
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
    const account = this.#local ?? this.#as;
    this.#local = undefined;
    this.state = state;
    account?.signOut();
  }

  #endAt(expires: string): void {
    clearTimeout(this.#timer);
    const ms = Date.parse(expires) - this.#now().getTime();
    // A token that was over before it was taken: this clock is ahead of the AS's, which will say itself when it is over.
    if (ms > 0) this.#timer = setTimeout(() => this.expire(), Math.min(ms, MAX_TIMER_MS));
  }
}
