// What a test and the device's process say to each other: one JSON text per line, on the process's standard input and output. Types
// only.
import type { SimulatorControl } from '#device-sim/setup/control.ts';

/** The same hand as a page's simulator has, without the chooser, which is the browser's own here. */
export type DeviceControl = Omit<SimulatorControl, 'nextChoice'>;

export type Method = keyof DeviceControl;

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly arguments: readonly unknown[];
}

/** The first line says where the testbed is; then each call is answered, in its order. */
export type Line =
  | { readonly directory: string }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  /** A bug of the simulated kernel, for whoever reads the log of a failed test. */
  | { readonly failure: string };
