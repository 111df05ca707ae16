// One link of a plugged-in unit on the simulated machine. attached-usb.ts and attached-tty.ts
// implement it.
import type { Testbed } from './testbed.ts';

export interface Attachment {
  /** Applies the armed faults that concern opening. */
  refresh(): void;
  /** The unit was unplugged, and the kernel has not detected it yet. */
  unplug(): void;
  /** Whether the program has not yet read an error or the end of a file. */
  readonly hasUnreadErrors: boolean;
  /** The kernel has detected the unplug: the open files end. */
  hangUp(): void;
  /** Removes the device files and sends the remove events. */
  remove(): void;
}

export interface AttachmentOptions {
  readonly testbed: Testbed;
  /** Address on the bus, a new one for each plug-in. */
  readonly address: number;
  /** Path of the USB device below /sys. */
  readonly syspath: string;
  /** Receives errors thrown by the simulated kernel, which are bugs. */
  readonly onFailure: (error: unknown) => void;
}
