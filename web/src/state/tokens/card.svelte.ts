// The AS token card at this station (docs/protocol.md clause 4.5): attached by a cable of its own, unlocked by its PIN. What is left of
// the tries is read from the card before each PIN is typed. A PIN passes through as octets and is wiped; none is kept.
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { AsData } from '#protocol/commands/as-data.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { TokenCard } from '../../as-client/token-card.ts';
import type { Link, LinkKind, OpenLink } from '../../transport/link.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LocalAccount, Session } from '../session/session.svelte.ts';

export type CardPhase =
  | { readonly is: 'none' }
  | { readonly is: 'reading' }
  | { readonly is: 'locked'; readonly triesLeft: number }
  | { readonly is: 'blocked' }
  | { readonly is: 'open' };

/** What a PIN can be (docs/protocol.md clause 4.5). */
const PIN = /^\d{4,12}$/;
/** A card serves units of the newest T that it names and of older ones; which suites fit, the unit's allow-list says. */
const SUITES = [0x01, 0x02, 0x04] as const;

export interface CardLinks {
  chooseUsb(): Promise<Link | undefined>;
  chooseSerial(): Promise<Link | undefined>;
}

export class CardSession {
  phase = $state.raw<CardPhase>({ is: 'none' });
  /** As the card last told it. */
  data = $state.raw<AsData | undefined>();
  /** What went wrong last; gone with the next attempt. */
  failure = $state.raw<Failure | undefined>();
  /** A PIN is on its way to the card. */
  checking = $state.raw(false);
  /** The PIN was changed just now. */
  changed = $state.raw(false);

  readonly #links: CardLinks;
  readonly #session: Session;
  readonly #now: () => Date;
  #card: TokenCard | undefined;
  #open: OpenLink | undefined;

  constructor(links: CardLinks, session: Session, now: () => Date) {
    this.#links = links;
    this.#session = session;
    this.#now = now;
  }

  /** Opens the browser's chooser; needs a click or a key. A cancelled chooser is no failure. */
  async attach(kind: LinkKind): Promise<void> {
    await this.#attempt(async () => {
      const link = await (kind === 'usb' ? this.#links.chooseUsb() : this.#links.chooseSerial());
      if (!link) return;
      await this.remove();
      this.phase = { is: 'reading' };
      const open = await link.open();
      this.#open = open;
      this.#card = await TokenCard.attach(open.transmit, this.#now);
      void open.lost.then(() => this.#lose(open));
      await this.#look();
    });
    if (this.phase.is === 'reading') await this.remove();
  }

  /** Unlocks the card and takes its keys into use. */
  async enterPin(typed: string): Promise<void> {
    await this.#spend([typed], async (card, [pin]) => {
      await card.verifyPin(pin);
      await this.#session.use(this.#account(card));
    });
  }

  /** A wrong old PIN costs a try; the card is unlocked by the right one. */
  async changePin(old: string, next: string): Promise<void> {
    await this.#spend([old, next], async (card, [before, after]) => {
      await card.changePin(before, after ?? new Uint8Array(0));
      this.changed = true;
      if (this.#session.local?.kind !== 'card') await this.#session.use(this.#account(card));
    });
  }

  /** True iff this can be a PIN at all: anything else is not sent. */
  isPin(typed: string): boolean {
    return PIN.test(typed);
  }

  async lock(): Promise<void> {
    const card = this.#card;
    if (card === undefined || this.phase.is !== 'open') return;
    this.phase = { is: 'reading' };
    if (this.#session.local?.kind === 'card') this.#session.signOut();
    await this.#attempt(() => card.lock());
    await this.#attempt(() => this.#look(), this.failure);
  }

  /** Lets go of the card. Any number of times. */
  async remove(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#card = undefined;
    this.data = undefined;
    this.phase = { is: 'none' };
    if (this.#session.local?.kind === 'card') this.#session.signOut();
    await open?.close();
  }

  /** What the card says now: its quota shrinks with each export. */
  async refresh(): Promise<void> {
    if (this.phase.is !== 'open') return;
    await this.#attempt(async () => {
      const data = await this.#card?.refresh();
      if (this.#card) this.data = data;
    });
  }

  async #spend(
    typed: readonly [string, ...string[]],
    send: (card: TokenCard, pins: readonly [Uint8Array, ...Uint8Array[]]) => Promise<void>,
  ): Promise<void> {
    const card = this.#card;
    if (card === undefined || !typed.every((pin) => this.isPin(pin))) throw new RangeError('no card, or no PIN');
    this.checking = true;
    this.changed = false;
    const [first, ...others] = typed;
    await this.#attempt(() => send(card, [ascii(first), ...others.map(ascii)]));
    // A wrong PIN has locked it again, and has cost a try.
    await this.#attempt(() => this.#look(), this.failure);
    this.checking = false;
  }

  async #look(): Promise<void> {
    const card = this.#card;
    if (card === undefined) return;
    const state = await card.pinState();
    this.data = card.data;
    this.phase = state.is === 'unlocked' ? { is: 'open' } : state;
    if (state.is !== 'unlocked' && this.#session.local?.kind === 'card') this.#session.signOut();
  }

  /** What failed before is still what the operator has to know. */
  async #attempt(action: () => Promise<void>, before?: Failure): Promise<void> {
    this.failure = before;
    try {
      await action();
    } catch (error) {
      const failure = failureOf(error);
      this.failure = before ?? failure;
      if (failure.code === 'token-lost') await this.#drop(failure);
    }
  }

  async #lose(open: OpenLink): Promise<void> {
    if (open === this.#open) await this.#drop({ code: 'token-lost' });
  }

  async #drop(failure: Failure): Promise<void> {
    this.#session.heed(failure);
    await this.remove();
    this.failure = failure;
  }

  #account(card: TokenCard): LocalAccount {
    const { set, asNumber } = card.data;
    const setHex = hexNumber(set, 8);
    return {
      kind: 'card',
      origin: `card ${setHex}-${asNumber}`,
      name: `AS token card ${asNumber}`,
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

/** The card says nothing of the set's name and profile: the unit says its own. */
function setOf({ set, tkv, entries }: AsData): SetJson {
  const keys = entries.map((entry) => ({
    ...entry,
    kcv: toHex(entry.kcv),
    attributes: entry.attributes === NO_ATTRIBUTES ? '' : entry.attributes,
  }));
  const transportKeys = Array.from({ length: tkv }, (_, older) => ({ tkv: tkv - older, suites: SUITES }));
  const setHex = hexNumber(set, 8);
  return { set, name: `Set ${setHex}`, profile: 'diversified', demo: false, transportKeys, keys };
}
