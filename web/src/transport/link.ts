// The interfaces of a closed and an open link to one unit. links.ts implements them.
import type { Transmit } from '#protocol/apdu/transmit.ts';

export type LinkKind = 'usb' | 'serial';

/** USB vendor and product id, which a udev rule or a browser policy refers to. */
export interface UsbIds {
  readonly vendorId: number;
  readonly productId: number;
}

export interface Link {
  /** One per handle of the browser. A unit that returns after a reset gets another id. */
  readonly id: number;
  readonly kind: LinkKind;
  /** Label until SN is read: the product name of the device, or the kind of port. Never empty. */
  readonly label: string;
  /** Absent for a serial port without a USB adapter. */
  readonly usb?: UsbIds | undefined;
  /** True for a device that no profile names by its ids. */
  readonly isForeign?: boolean | undefined;
  /** iSerialNumber. Without one the browser forgets the permission when the unit is unplugged. */
  readonly usbSerialNumber?: string | undefined;
  /**
   * Opens the port and starts the framing. Closes everything on a failure.
   * @throws ProtocolError (LinkErrorCode)
   * @throws RangeError if the link is open or opening already
   */
  open(): Promise<OpenLink>;
}

export interface OpenLink {
  /** One exchange at a time. After its first rejection the link is closed for good. */
  readonly transmit: Transmit;
  /** Resolves when the unit is unplugged or resets, but not on close(). Never rejects. */
  readonly lost: Promise<void>;
  /** Closes the link for good. May be called repeatedly. Never rejects. */
  close(): Promise<void>;
}
