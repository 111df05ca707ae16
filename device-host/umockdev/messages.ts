// The messages between a test and the device process (main.ts): one JSON text per line, on the
// process's standard input and output.
import type { SimulatorControl } from '#device-sim/setup/control.ts';

/** The simulator's control without the chooser: a real browser has its own. */
export type DeviceControl = Omit<SimulatorControl, 'nextChoice'>;

export type Method = keyof DeviceControl;

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly arguments: readonly unknown[];
}

/** A line of the process. */
export type ProcessMessage =
  /** The first line: the path of the testbed. */
  | { readonly directory: string }
  /** Responses, in the sequence of the calls. */
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  /** An error of the simulated kernel, which is a bug. */
  | { readonly failure: string };
