// Attaches the AS token card of this station over a separate link and unlocks it with its PIN
// (docs/protocol.md clause 4.9). Reads the number of tries left before each PIN entry. Sends a PIN
// as bytes, which are wiped, and never stores it.
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { AsData } from '#protocol/commands/as-data.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { TokenCard } from '../../as-client/token-card.ts';
import { t } from '../../text/t.ts';
import type { Link, LinkKind, OpenLink } from '../../transport/link.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LocalAccount, Session } from '../session/session.svelte.ts';

export type CardPhase =
  | { readonly is: 'detached' }
  | { readonly is: 'reading' }
  /** `triesLeft` is undefined if the state of the PIN could not be read. */
  | { readonly is: 'locked'; readonly triesLeft: number | undefined }
  | { readonly is: 'blocked' }
  | { readonly is: 'unlocked' };

/** Format of a PIN (docs/protocol.md clause 4.9). */
const PIN = /^\d{4,12}$/;
/**
 * All suites, because the card does not report which suites it supports. The suites of the unit
 * limit the choice.
 */
const SUITES = [0x01, 0x02, 0x04] as const;

export interface CardLinks {
  chooseUsb(): Promise<Link | undefined>;
  chooseSerial(): Promise<Link | undefined>;
}

export class CardSession {
  #phase = $state.raw<CardPhase>({ is: 'detached' });
  #data = $state.raw<AsData | undefined>();
  #failure = $state.raw<Failure | undefined>();
  #isChecking = $state.raw(false);
  #isPinChanged = $state.raw(false);

  readonly #links: CardLinks;
  readonly #session: Session;
  readonly #now: () => Date;
  readonly #onUnlocked: () => Promise<void>;
  #card: TokenCard | undefined;
  #open: OpenLink | undefined;

  /** `onUnlocked` is called after an operation that leaves the card unlocked. */
  constructor(links: CardLinks, session: Session, now: () => Date, onUnlocked: () => Promise<void>) {
    this.#links = links;
    this.#session = session;
    this.#now = now;
    this.#onUnlocked = onUnlocked;
  }

  get phase(): CardPhase {
    return this.#phase;
  }

  /** The card's data as last read. */
  get data(): AsData | undefined {
    return this.#data;
  }

  /** Failure of the last operation. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether the card is checking a PIN. */
  get isChecking(): boolean {
    return this.#isChecking;
  }

  /** Whether the last PIN entry changed the PIN. */
  get isPinChanged(): boolean {
    return this.#isPinChanged;
  }

  /**
   * Opens the browser's device chooser, which needs a user gesture. A cancelled chooser is not a
   * failure.
   */
  async attach(kind: LinkKind): Promise<void> {
    let isUnread = false;
    await this.#attempt(async () => {
      const link = await (kind === 'usb' ? this.#links.chooseUsb() : this.#links.chooseSerial());
      if (!link) return;
      isUnread = true;
      await this.remove();
      this.#phase = { is: 'reading' };
      const open = await link.open();
      this.#open = open;
      this.#card = await TokenCard.attach(open.transmit, this.#now);
      void open.lost.then(() => this.#handleLost(open));
      await this.#read();
      isUnread = false;
    });
    if (isUnread) await this.remove();
  }

  /** Reads the state of the PIN again. This uses up no try. */
  async reread(): Promise<void> {
    await this.#attempt(() => this.#resume());
    if (this.#phase.is === 'unlocked') await this.#onUnlocked();
  }

  /** Unlocks the card. A wrong PIN uses up a try. @throws RangeError for a malformed PIN */
  async enterPin(pin: string): Promise<void> {
    await this.#spendTry([pin], (card, [bytes]) => card.verifyPin(bytes));
  }

  /**
   * Changes the PIN and unlocks the card. A wrong current PIN uses up a try.
   * @throws RangeError for a malformed PIN
   */
  async changePin(current: string, next: string): Promise<void> {
    await this.#spendTry([current, next], async (card, [before, after]) => {
      await card.changePin(before, after ?? new Uint8Array(0));
      this.#isPinChanged = true;
    });
  }

  /** Whether the text has the format of a PIN. */
  isPin(text: string): boolean {
    return PIN.test(text);
  }

  async lock(): Promise<void> {
    const card = this.#card;
    if (card === undefined || this.#phase.is !== 'unlocked') return;
    this.#phase = { is: 'reading' };
    this.#signOut();
    await this.#attempt(() => card.lock());
    await this.#attempt(() => this.#read(), this.#failure);
  }

  /** Closes the link. Idempotent. */
  async remove(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#card = undefined;
    this.#data = undefined;
    this.#phase = { is: 'detached' };
    this.#signOut();
    await open?.close();
  }

  /** Reads the data of an unlocked card again, because each export reduces the quota. */
  async refresh(): Promise<void> {
    if (this.#phase.is !== 'unlocked') return;
    await this.#attempt(async () => {
      const data = await this.#card?.refresh();
      if (this.#card) this.#data = data;
    });
  }

  async #spendTry(
    pins: readonly [string, ...string[]],
    send: (card: TokenCard, pins: readonly [Uint8Array, ...Uint8Array[]]) => Promise<void>,
  ): Promise<void> {
    const card = this.#card;
    if (card === undefined || !pins.every((pin) => this.isPin(pin)))
      throw new RangeError('no card is attached, or the PIN is malformed');
    this.#isChecking = true;
    this.#isPinChanged = false;
    const [first, ...others] = pins;
    await this.#attempt(() => send(card, [ascii(first), ...others.map(ascii)]));
    // Reads the state of the PIN again, because a wrong PIN locks the card and reduces the number
    // of tries. After a lost answer, only this state shows whether the PIN was right.
    await this.#attempt(() => this.#resume(), this.#failure);
    if (this.#phase.is === 'unlocked' && this.#failure?.code === 'pin-unanswered') this.#failure = undefined;
    this.#isChecking = false;
    if (this.#phase.is === 'unlocked') await this.#onUnlocked();
  }

  /** Reads the state of the PIN. If the card is unlocked, makes it the AS of the session. */
  async #resume(): Promise<void> {
    await this.#read();
    const card = this.#card;
    if (card && this.#phase.is === 'unlocked' && this.#session.local?.kind !== 'card')
      await this.#session.use(this.#account(card));
  }

  async #read(): Promise<void> {
    const card = this.#card;
    if (card === undefined) return;
    this.#phase = await card.pinState().catch((error: unknown) => {
      this.#phase = { is: 'locked', triesLeft: undefined };
      this.#signOut(failureOf(error));
      throw error;
    });
    this.#data = card.data;
    if (this.#phase.is !== 'unlocked') this.#signOut();
  }

  /** Ends the session if its AS is this card. `failure` is the reason, if there is one. */
  #signOut(failure?: Failure): void {
    if (this.#session.local?.kind !== 'card') return;
    if (failure) this.#session.endOn(failure);
    if (this.#session.local) this.#session.signOut();
  }

  /**
   * Runs `action` and stores its failure. If `earlier` is given, keeps this failure of an earlier
   * action instead.
   */
  async #attempt(action: () => Promise<void>, earlier?: Failure): Promise<void> {
    this.#failure = earlier;
    try {
      await action();
    } catch (error) {
      const failure = failureOf(error);
      this.#failure = earlier ?? failure;
      if (failure.code === 'token-lost') {
        await this.#drop(failure);
        this.#failure = earlier ?? failure;
      }
    }
  }

  async #handleLost(open: OpenLink): Promise<void> {
    if (open === this.#open) await this.#drop({ code: 'token-lost' });
  }

  async #drop(failure: Failure): Promise<void> {
    this.#signOut(failure);
    await this.remove();
    this.#failure = failure;
  }

  #account(card: TokenCard): LocalAccount {
    const { set, asNumber } = card.data;
    const setHex = hexNumber(set, 8);
    const number = hexNumber(asNumber, 4);
    return {
      kind: 'card',
      origin: `card ${setHex}-${asNumber}`,
      name: t`AS token card ${number}`,
      asNumber,
      auditHead: undefined,
      signOut: () => void this.lock(),
      keys: async () => [setOf(await card.refresh())],
      exportsLeft: async () => (await card.refresh()).quotaLeft,
      exportKey: (request) => card.exportKey(request),
      verifyReceipt: (...receipt) => card.verifyReceipt(...receipt),
    };
  }
}

/**
 * Returns the card's set. The card stores neither the name nor the profile of the set. The page
 * derives a name from the number of the set, and each unit reports its own profile.
 */
function setOf({ set, tkv, entries }: AsData): SetJson {
  const keys = entries.map((entry) => ({
    ...entry,
    kcv: toHex(entry.kcv),
    attributes: entry.attributes === NO_ATTRIBUTES ? '' : entry.attributes,
  }));
  // `tkv` is the newest version of T. The card exports under this version and all older ones.
  const transportKeys = Array.from({ length: tkv }, (_, older) => ({ tkv: tkv - older, suites: SUITES }));
  const setHex = hexNumber(set, 8);
  return { set, name: t`Set ${setHex}`, profile: 'diversified', demo: false, transportKeys, keys };
}
