// Leases each unit to one tab, which holds a Web Lock while its link is open (docs/adr/0023).
// Another tab requests the unit over a BroadcastChannel and waits for the lock. Only the tab with
// the lease can release it, so a request does not interrupt a load.
import { ProtocolError } from '#protocol/errors.ts';
import type { Link, OpenLink } from './link.ts';

const PREFIX = 'keyferry-unit';
/** Maximum wait for a load that runs in the other tab. */
const TAKE_TIMEOUT_MS = 30_000;
/**
 * Interval at which the request is repeated. A tab that is loading or waking up misses earlier
 * requests.
 */
const REPEAT_MS = 500;

export type Channel = Pick<BroadcastChannel, 'postMessage' | 'addEventListener'>;

/**
 * Returns the lock name of a unit. Every tab must compute the same name, so the name depends only
 * on facts that are known before the link is opened.
 */
function nameOf({ kind, usb, usbSerialNumber = '' }: Link): string {
  return `${PREFIX} ${kind} ${usb?.vendorId ?? ''}:${usb?.productId ?? ''} ${usbSerialNumber}`;
}

export class Leases {
  readonly #locks: LockManager;
  readonly #channel: Channel;
  readonly #page: string;
  readonly #timeout: () => AbortSignal;

  /** `page` identifies this tab. */
  constructor(
    locks: LockManager,
    channel: Channel,
    page: string,
    timeout = () => AbortSignal.timeout(TAKE_TIMEOUT_MS),
  ) {
    this.#locks = locks;
    this.#channel = channel;
    this.#page = page;
    this.#timeout = timeout;
  }

  /**
   * Opens the link and leases its unit.
   * @throws ProtocolError unit-elsewhere, or an error of Link.open()
   */
  async open(link: Link): Promise<OpenLink> {
    // If the device has a USB serial number, the lock name identifies the unit, and the tab checks
    // the lock before it opens the link. Otherwise the lock may belong to another unit with the
    // same USB ids, so the tab checks it only after device-busy.
    if (link.usbSerialNumber !== undefined) await this.#requireFree(link);
    const release = await this.#acquire(link);
    try {
      const { transmit, lost, close } = await link.open();
      return { transmit, lost, close: () => close().finally(release) };
    } catch (error) {
      release();
      if (error instanceof ProtocolError && error.code === 'device-busy') await this.#requireFree(link);
      throw error;
    }
  }

  /**
   * Requests the unit from the other tab every 500 ms until that tab releases it.
   * @throws ProtocolError unit-elsewhere on a timeout
   */
  async take(link: Link): Promise<void> {
    const names = await this.#elsewhere(link);
    const request = (): void => this.#channel.postMessage(nameOf(link));
    const signal = this.#timeout();
    const timer = setInterval(request, REPEAT_MS);
    try {
      request();
      await Promise.all(names.map((name) => this.#locks.request(name, { signal }, () => undefined)));
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new ProtocolError('unit-elsewhere', `another tab did not release ${link.label}`, { cause });
    } finally {
      clearInterval(timer);
    }
  }

  /** Whether another tab waits for the lease that this tab holds on the unit. */
  async isRequested(link: Link): Promise<boolean> {
    const own = this.#ownName(link);
    const { pending = [] } = await this.#locks.query();
    return pending.some(({ name }) => name === own);
  }

  /**
   * Calls `listener` when another tab requests a unit. The listener calls `isRequested` to find the
   * links to that unit.
   */
  onRequest(listener: (isRequested: (link: Link) => boolean) => void): void {
    this.#channel.addEventListener('message', ({ data }) => listener((link) => nameOf(link) === data));
  }

  async #requireFree(link: Link): Promise<void> {
    if ((await this.#elsewhere(link)).length === 0) return;
    throw new ProtocolError('unit-elsewhere', `${link.label} is open in another tab`);
  }

  /**
   * Returns the names of the locks that other tabs hold for this unit. If the device has no USB
   * serial number, the locks may belong to another unit with the same USB ids.
   */
  async #elsewhere(link: Link): Promise<readonly string[]> {
    const { held = [] } = await this.#locks.query();
    const names = held.map(({ name = '' }) => name);
    const theirs = `${nameOf(link)} `;
    return names.filter((name) => name.startsWith(theirs) && !name.startsWith(`${theirs}${this.#page} `));
  }

  /** Resolves with the function that releases the lease. */
  async #acquire(link: Link): Promise<() => void> {
    return await new Promise((resolve, reject) => {
      const hold = (): Promise<void> => new Promise((release) => resolve(release));
      this.#locks.request(this.#ownName(link), hold).catch(reject);
    });
  }

  /** Returns the lock name of the lease that this tab has on the unit. */
  #ownName(link: Link): string {
    return `${nameOf(link)} ${this.#page} ${link.id}`;
  }
}
