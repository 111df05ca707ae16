// Which tab of this page has which unit: a Web Lock is held while its link is open, and another tab may ask for it over a
// BroadcastChannel. Only who holds it can give it away, so a run is never torn. Is handed both; knows no unit.
import { ProtocolError } from '#protocol/errors.ts';
import type { Link, OpenLink } from './link.ts';

const PREFIX = 'keyferry-unit';
/** So long a run under way in the other tab is waited for. */
const TAKE_MS = 10_000;

export type Channel = Pick<BroadcastChannel, 'postMessage' | 'addEventListener'>;

/** The same in every tab, for as much as a link says of its unit before it is opened. */
function nameOf({ kind, usb, usbSerialNumber = '' }: Link): string {
  return `${PREFIX} ${kind} ${usb?.vendorId ?? ''}:${usb?.productId ?? ''} ${usbSerialNumber}`;
}

export class Leases {
  readonly #locks: LockManager;
  readonly #channel: Channel;
  readonly #page: string;
  readonly #limit: () => AbortSignal;

  /** `page` names this page among the tabs. */
  constructor(locks: LockManager, channel: Channel, page: string, limit = () => AbortSignal.timeout(TAKE_MS)) {
    this.#locks = locks;
    this.#channel = channel;
    this.#page = page;
    this.#limit = limit;
  }

  /** Opens the link and holds its lease until it is closed. @throws ProtocolError as link.open(), unit-elsewhere */
  async open(link: Link): Promise<OpenLink> {
    // One that is known by its serial number is not even touched while another tab talks to it.
    if (link.usbSerialNumber !== undefined) await this.#requireFree(link);
    const giveBack = await this.#hold(link);
    try {
      const { transmit, lost, close } = await link.open();
      return { transmit, lost, close: () => close().finally(giveBack) };
    } catch (error) {
      giveBack();
      if (error instanceof ProtocolError && error.code === 'device-busy') await this.#requireFree(link);
      throw error;
    }
  }

  /** Has the other tab let go of it, and waits until it did. @throws ProtocolError unit-elsewhere when it does not in time */
  async take(link: Link): Promise<void> {
    const names = await this.#elsewhere(link);
    this.#channel.postMessage(nameOf(link));
    const signal = this.#limit();
    try {
      for (const name of names) await this.#locks.request(name, { signal }, () => undefined);
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new ProtocolError('unit-elsewhere', `another tab kept ${link.label}`, { cause });
    }
  }

  /** Another tab asks: `listener` is told which links. */
  onAsked(listener: (isAskedFor: (link: Link) => boolean) => void): void {
    this.#channel.addEventListener('message', ({ data }) => listener((link) => nameOf(link) === data));
  }

  async #requireFree(link: Link): Promise<void> {
    if ((await this.#elsewhere(link)).length === 0) return;
    throw new ProtocolError('unit-elsewhere', `${link.label} is open in another tab`);
  }

  /** The locks that other pages hold for what may be this unit. */
  async #elsewhere(link: Link): Promise<readonly string[]> {
    const { held = [] } = await this.#locks.query();
    const names = held.map(({ name = '' }) => name);
    const theirs = `${nameOf(link)} `;
    return names.filter((name) => name.startsWith(theirs) && !name.startsWith(`${theirs}${this.#page} `));
  }

  /** Resolves once it is held, with the way to give it back. */
  async #hold(link: Link): Promise<() => void> {
    const name = `${nameOf(link)} ${this.#page} ${link.id}`;
    return await new Promise((resolve, reject) => {
      const held = (): Promise<void> => new Promise((giveBack) => resolve(giveBack));
      this.#locks.request(name, held).catch(reject);
    });
  }
}
