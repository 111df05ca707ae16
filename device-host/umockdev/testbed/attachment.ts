// Interface of one link of a plugged-in unit on the simulated machine. attached-usb.ts and
// attached-tty.ts implement it.
import type { Testbed } from './testbed.ts';

export interface Attachment {
  /** Applies the armed faults that prevent a program from opening the device file. */
  refresh(): void;
  /** Called when the unit is unplugged and the kernel has not detected it yet. */
  unplug(): void;
  /** Whether a program has not yet read an error or the end of a file. */
  readonly hasUnreadErrors: boolean;
  /** Called when the kernel has detected the unplug. Ends the open files. */
  hangUp(): void;
  /** Removes the device files and sends the remove events. */
  remove(): void;
}

export interface AttachmentOptions {
  readonly testbed: Testbed;
  /** Address on the USB bus. Each plug-in has a new one. */
  readonly address: number;
  /** Path of the USB device below /sys. */
  readonly syspath: string;
  /**
   * Whether the program reads a tty through a duplicate of its file descriptor, as Firefox does.
   * umockdev does not forward such reads, so the input is written to the device file itself.
   */
  readonly readsFile: boolean;
  /** Called with an error that the simulated kernel throws. Every such error is a bug. */
  readonly onFailure: (error: unknown) => void;
}
