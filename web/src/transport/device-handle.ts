// Implements Link for one handle of the browser (USBDevice or SerialPort): opens the port, starts
// the framing, and allows one OpenLink at a time. links.ts supplies the functions for each kind of
// link.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import type { Port } from '#protocol/framing/port.ts';
import type { DeviceProfile } from './device-profiles.ts';
import type { Link, LinkKind, OpenLink, UsbIds } from './link.ts';
import type { UnplugSignal } from './unplug-signal.ts';

export interface HandleFacts {
  readonly id: number;
  readonly kind: LinkKind;
  readonly label: string;
  readonly usb: UsbIds | undefined;
  readonly usbSerialNumber: string | undefined;
}

export interface HandleActions {
  /** The profile of the device at present; undefined if none matches any more. */
  profile(): DeviceProfile | undefined;
  openPort(): Promise<Port>;
  connect(port: Port): Promise<Transmit>;
}

export class Handle implements Link {
  readonly id: number;
  readonly kind: LinkKind;
  readonly label: string;
  readonly usb: UsbIds | undefined;
  readonly usbSerialNumber: string | undefined;
  readonly unplugSignal: UnplugSignal;
  readonly #actions: HandleActions;
  /** The profile at the last opening. */
  #profile: DeviceProfile | undefined;
  #isInUse = false;

  constructor(facts: HandleFacts, unplugSignal: UnplugSignal, actions: HandleActions) {
    this.id = facts.id;
    this.kind = facts.kind;
    this.label = facts.label;
    this.usb = facts.usb;
    this.usbSerialNumber = facts.usbSerialNumber;
    this.unplugSignal = unplugSignal;
    this.#actions = actions;
  }

  get isForeign(): boolean {
    return this.#actions.profile()?.ids === undefined;
  }

  get isStale(): boolean {
    return this.#profile !== undefined && this.#profile !== this.#actions.profile();
  }

  async open(): Promise<OpenLink> {
    if (this.#isInUse) throw new RangeError(`${this.label} is open already`);
    this.#isInUse = true;
    let port: Port | undefined;
    try {
      this.#profile = this.#actions.profile();
      port = await this.#actions.openPort();
      const transmit = await this.#actions.connect(port);
      let closing: Promise<void> | undefined;
      const close = (): Promise<void> => {
        // Calls #close() only once: a second call must not clear #isInUse after the next open().
        closing ??= this.#close(port);
        return closing;
      };
      return { transmit, lost: this.unplugSignal.unplugged, close };
    } catch (error) {
      await this.#close(port);
      if (this.isStale) return await this.open(); // a site file has brought other settings meanwhile
      throw error;
    }
  }

  async #close(port: Port | undefined): Promise<void> {
    await port?.close();
    this.#isInUse = false;
  }
}
