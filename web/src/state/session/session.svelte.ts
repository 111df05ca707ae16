// The AS that the page loads keys from: the service that an operator is signed in to, or an
// unlocked vault or card. Access codes, passphrases and PINs are passed to the AS client and never
// stored here.
import type { KeySource } from '#protocol/provisioning/key-source.ts';
import type { Role, SetJson, WhoamiJson } from '#protocol/service/messages.ts';
import type { RetryWatch } from '../../as-client/retry.ts';
import type { RootComparison, Roots } from '../../as-client/trust.ts';
import { type Failure, failureOf } from '../common/failure.ts';

/** The root key that an AS presents, with its fingerprint. */
export type PresentedRoot = RootComparison['shown'];

/** An AS that exports keys: a service, a vault or a card. */
export interface Account extends KeySource {
  /**
   * Ends the session: a service client deletes the access code, a vault or card is locked.
   * Idempotent.
   */
  signOut(): void;
  keys(): Promise<readonly SetJson[]>;
  /** The newest audit head whose signature was verified, as a DSSE envelope. */
  readonly auditHead: { readonly envelope: string } | undefined;
  /** Returns a source for this AS that reports the wait before each retry to `watch`. */
  watched?(watch: RetryWatch): KeySource;
}

/** An AS that is a service (web/src/as-client/remote-as.ts). */
export interface AsAccount extends Account {
  signIn(accessCode: string): Promise<WhoamiJson>;
  readonly roots: Roots;
}

/** An unlocked vault or card: it needs no network and no sign-in. */
export interface LocalAccount extends Account {
  readonly kind: 'vault' | 'card';
  /** Name of the vault or card in the journal. It never changes. */
  readonly origin: string;
  /** Name on screen. */
  readonly name: string;
  readonly asNumber: number;
  /** Number of exports still allowed. @throws ProtocolError (SourceErrorCode) */
  readonly exportsLeft?: () => Promise<number>;
}

/** Names of an AS in the journal: first the name for new attempts, then its earlier names. */
type AsNames = readonly [string, ...string[]];

export interface SignedIn {
  readonly is: 'in';
  readonly kind: 'remote' | LocalAccount['kind'];
  readonly operator: string;
  readonly role: Role;
  /** ISO 8601; absent for a vault or card, which locks when idle. */
  readonly expires?: string;
  readonly service: { readonly name: string; readonly asNumber: number; readonly demo: boolean };
  readonly sets: readonly SetJson[];
}

export type SessionState =
  | { readonly is: 'out'; readonly failure?: Failure; readonly expired?: true }
  | { readonly is: 'signing-in' }
  | SignedIn;

/** Failures that mean that the vault or card is locked or was removed. */
const LOCKED_CODES: ReadonlySet<string> = new Set([
  'token-locked',
  'token-lost',
  'token-blocked',
  'vault-locked',
  'vault-expired',
  'vault-lost',
]);

/** Maximum delay of setTimeout. A longer delay would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class Session {
  #state = $state.raw<SessionState>({ is: 'out' });
  #unpinned = $state.raw<PresentedRoot | undefined>();
  #needsOrder = $state(false);
  readonly signedIn = $derived(this.#state.is === 'in' ? this.#state : undefined);

  readonly #names: () => AsNames;
  readonly #account: () => Promise<AsAccount>;
  readonly #now: () => Date;
  #as: AsAccount | undefined;
  #local: LocalAccount | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(account: () => Promise<AsAccount>, names: () => AsNames, now: () => Date) {
    this.#account = account;
    this.#names = names;
    this.#now = now;
  }

  get state(): SessionState {
    return this.#state;
  }

  /**
   * The root key that the AS presents, if this station has pinned none. The operator compares it
   * before the first sign-in.
   */
  get unpinned(): PresentedRoot | undefined {
    return this.#unpinned;
  }

  /**
   * Name under which the journal records the AS in use: the URL of a service, or the name of a
   * vault or card.
   */
  get origin(): string {
    return this.#known[0];
  }

  /** Whether `name` is `origin`, or an earlier address of the same service. */
  isNamed(name: string): boolean {
    return this.#known.includes(name);
  }

  get #known(): AsNames {
    return this.#local ? [this.#local.origin] : this.#names();
  }

  /** Whether the site permits loads only with a work order. */
  get needsOrder(): boolean {
    return this.#needsOrder;
  }

  setNeedsOrder(needsOrder: boolean): void {
    this.#needsOrder = needsOrder;
  }

  /** The vault or card in use; undefined while the service is used. */
  get local(): LocalAccount | undefined {
    return this.#local;
  }

  /**
   * Fetches the root key of the AS for the operator to compare, unless this station has pinned one.
   * If the AS cannot be reached, does nothing; signIn() then fetches the root key.
   */
  async fetchRoot(): Promise<void> {
    try {
      await this.#readRoot((await this.#account()).roots);
    } catch (error) {
      failureOf(error);
    }
  }

  /**
   * Signs in to the service. On first contact, sends the access code only if the operator has
   * compared the root key of the AS.
   * @param accessCode as readCodeField() returns it
   * @param compared the root key that the operator has compared, in base64url
   */
  async signIn(accessCode: string, compared?: string): Promise<void> {
    const signing: SessionState = { is: 'signing-in' };
    this.#close(signing);
    const as = await this.#account();
    /** False once the operator uses a vault or card, or signs in again. */
    const isCurrent = (): boolean => this.#state === signing;
    this.#as = as;
    try {
      await this.#readRoot(as.roots);
      if (this.#unpinned && this.#unpinned.root !== compared) {
        if (isCurrent()) this.#state = { is: 'out' };
        return;
      }
      if (this.#unpinned) await as.roots.replace(this.#unpinned.root);
      this.#unpinned = undefined;
      const { operator, role, expires, service } = await as.signIn(accessCode);
      const sets = await as.keys();
      if (!isCurrent()) return as.signOut();
      this.#state = { is: 'in', kind: 'remote', operator, role, expires, service, sets };
      this.#endAt(expires);
    } catch (error) {
      const failure = failureOf(error);
      as.signOut();
      if (isCurrent()) this.#state = { is: 'out', failure };
    }
  }

  /**
   * Signs out, and makes `local` the AS of the session.
   * @throws ProtocolError from the vault or card; the page is then signed out
   */
  async use(local: LocalAccount): Promise<void> {
    this.signOut();
    const sets = await local.keys();
    const { kind, name, asNumber } = local;
    this.#local = local;
    this.#state = { is: 'in', kind, operator: name, role: 'operator', service: { name, asNumber, demo: false }, sets };
  }

  /** Reloads the list of keys, which the AS may have changed. */
  async refresh(): Promise<void> {
    const before = this.signedIn;
    const account = this.#local ?? this.#as;
    if (!before || !account) return;
    try {
      const sets = await account.keys();
      if (this.#state === before) this.#state = { ...before, sets };
    } catch (error) {
      this.endOn(failureOf(error));
    }
  }

  /** Ends the session when the failure means that the AS requires a new sign-in or unlocking. */
  endOn(failure: Failure): void {
    if (failure.code === 'signed-out') this.expire();
    else if (failure.code === 'service-changed' || failure.code === 'log-changed') this.#close({ is: 'out', failure });
    else if (this.#local && LOCKED_CODES.has(failure.code)) this.#close({ is: 'out', failure });
  }

  /** Returns the interface that compares and pins root keys of the service. */
  async roots(): Promise<Roots> {
    return (await this.#account()).roots;
  }

  signOut(): void {
    this.#close({ is: 'out' });
  }

  /** Ends the session because the access code has expired or was revoked. */
  expire(): void {
    this.#close({ is: 'out', expired: true });
  }

  async #readRoot(roots: Roots): Promise<void> {
    if (await roots.isPinned()) this.#unpinned = undefined;
    else this.#unpinned = (await roots.compare()).shown;
  }

  #close(state: SessionState): void {
    clearTimeout(this.#timer);
    const account = this.#local ?? this.#as;
    this.#local = undefined;
    this.#state = state;
    account?.signOut();
  }

  #endAt(expires: string): void {
    clearTimeout(this.#timer);
    const ms = Date.parse(expires) - this.#now().getTime();
    // A time in the past means that the clock of the page is ahead of the AS. The session then
    // lasts until the AS rejects the code.
    if (ms > 0) this.#timer = setTimeout(() => this.expire(), Math.min(ms, MAX_TIMER_MS));
  }
}
