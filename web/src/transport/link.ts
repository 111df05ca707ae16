// The interfaces of a link to one unit, closed (Link) and open (OpenLink). device-handle.ts
// implements both.
import type { Transmit } from '#protocol/apdu/transmit.ts';

export type LinkKind = 'usb' | 'serial';

/** USB vendor id and product id, as they appear in udev rules and browser policies. */
export interface UsbIds {
  readonly vendorId: number;
  readonly productId: number;
}

export interface Link {
  /**
   * Each handle of the browser has its own id. A unit that returns after a reset gets another id.
   */
  readonly id: number;
  readonly kind: LinkKind;
  /** Label until SN is read: the product name of the device, or the kind of port. Never empty. */
  readonly label: string;
  /** Absent for a serial port without a USB adapter. */
  readonly usb?: UsbIds | undefined;
  /** True for a device whose ids are in no profile. */
  readonly isForeign?: boolean | undefined;
  /** True if a site file has brought another profile for the device since the link was opened. */
  readonly isStale?: boolean | undefined;
  /**
   * The USB serial number (iSerialNumber). If it is absent, the browser's permission ends when the
   * unit is unplugged.
   */
  readonly usbSerialNumber?: string | undefined;
  /**
   * Opens the port and starts the framing. Closes everything on a failure.
   * @throws ProtocolError (LinkErrorCode)
   * @throws RangeError if the link is open or opening already
   */
  open(): Promise<OpenLink>;
}

export interface OpenLink {
  /** Runs one exchange at a time. The first exchange that rejects closes the link permanently. */
  readonly transmit: Transmit;
  /** Resolves when the unit is unplugged or resets, but not on close(). Never rejects. */
  readonly lost: Promise<void>;
  /** Closes the link permanently. May be called repeatedly. Never rejects. */
  close(): Promise<void>;
}
