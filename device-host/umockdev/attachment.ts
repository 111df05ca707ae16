// One link of a plugged-in unit, as the simulated machine has it.
import type { Testbed } from './testbed.ts';

export interface Attachment {
  /** Applies what the fault script says of opening. */
  refresh(): void;
  /** The cable is out, and the kernel does not know yet. */
  unplug(): void;
  /** The program has not yet heard of everything that failed. */
  readonly isBehind: boolean;
  /** The kernel knows: files end. */
  hangUp(): void;
  /** Entries go, and the program is told. */
  vanish(): void;
}

/** Where a unit is plugged in. */
export interface Slot {
  readonly testbed: Testbed;
  /** On the bus; another one each time. */
  readonly address: number;
  /** Of the USB device. */
  readonly syspath: string;
  /** Takes a bug of the simulated kernel. */
  readonly onFailure: (error: unknown) => void;
}
