// A way to one unit that the operator permitted, before and after it is opened. Knows neither the browser's objects nor commands.
import type { Transmit } from '#protocol/apdu/transmit.ts';

export type LinkKind = 'usb' | 'serial';

/** USB vendor and product id, where the link has them: a udev rule or a browser policy is written from these. */
export interface UsbIds {
  readonly vendorId: number;
  readonly productId: number;
}

export interface Link {
  /** One per handle of the browser; a unit that was reset and came back has another. */
  readonly id: number;
  readonly kind: LinkKind;
  /** For the operator, until the unit has said its SN: the product's name, or what the port is. Never empty. */
  readonly label: string;
  readonly usb?: UsbIds | undefined;
  /** iSerialNumber; without one the browser forgets its permission when the unit is unplugged. */
  readonly usbSerialNumber?: string | undefined;
  /**
   * Opens the port and brings the framing up; on a failure everything is closed again. One OpenLink at a time: a second call
   * while one is open or opening is a RangeError.
   * @throws ProtocolError (LinkErrorCode)
   */
  open(): Promise<OpenLink>;
}

export interface OpenLink {
  /** One exchange at a time; after its first rejection the link is closed for good. */
  readonly transmit: Transmit;
  /** Resolves when the unit is gone: unplugged or reset by itself. Not when close() was called. Never rejects. */
  readonly lost: Promise<void>;
  /** For good, any number of times. Never rejects. */
  close(): Promise<void>;
}
