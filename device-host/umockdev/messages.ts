// The messages between a test and the device process (main.ts). Each message is one line of JSON on
// the standard input or output of the process.
import type { SimulatorControl } from '#device-sim/setup/control.ts';

/** The simulator's control without the chooser, because a real browser shows its own chooser. */
export type DeviceControl = Omit<SimulatorControl, 'nextChoice'>;

/**
 * Argument with which the device process serves a program that reads files itself (see
 * AttachmentOptions).
 */
export const READS_FILE = '--reads-file';

export type Method = keyof DeviceControl;

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly arguments: readonly unknown[];
}

/** A message from the device process. */
export type ProcessMessage =
  /** The first message. `directory` is the path of the testbed. */
  | { readonly directory: string }
  /** Responses, in the order of the calls. */
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  /** An error of the simulated kernel. Every such error is a bug. */
  | { readonly failure: string };
