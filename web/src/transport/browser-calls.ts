// Awaits the WebUSB or Web Serial calls of one port: adds a timeout and translates exceptions. Used
// by usb-port.ts and serial-port.ts.
import { ProtocolError } from '#protocol/errors.ts';
import type { Port } from '#protocol/framing/port.ts';
import { explain, ignoreRefusal, type Moment } from './browser-error.ts';
import type { LinkKind } from './link.ts';
import type { Platform } from './platform.ts';
import { type Timer, within, withTimeout } from './timer.ts';
import type { UnplugSignal } from './unplug-signal.ts';

/** Timeout of opening, claiming and each write. Only a device or driver that hangs takes longer. */
const CALL_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 2000;

export interface PortOptions {
  readonly platform: Platform;
  readonly unplugSignal: UnplugSignal;
  readonly timer: Timer;
}

export class BrowserCalls {
  readonly #kind: LinkKind;
  readonly #options: PortOptions;

  constructor(kind: LinkKind, options: PortOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  /** Waits for one call. @throws ProtocolError link-timeout, or the error of explain() */
  run<T>(moment: Moment, call: Promise<T>): Promise<T> {
    return withTimeout(call, CALL_TIMEOUT_MS, this.#options.timer, {
      expired: () =>
        new ProtocolError('link-timeout', `${this.#kind} ${moment}: no answer within ${CALL_TIMEOUT_MS} ms`),
      failed: (error) => this.explain(moment, error),
    });
  }

  explain(moment: Moment, error: unknown): Promise<unknown> {
    const { platform, unplugSignal, timer } = this.#options;
    return explain(error, { moment, kind: this.#kind, platform }, unplugSignal, timer);
  }

  /** Waits for a call that closes or releases something. Ignores a refusal and a timeout. */
  async quietly(call: Promise<void> | undefined): Promise<void> {
    if (call) await within(call.catch(ignoreRefusal), CLOSE_TIMEOUT_MS, this.#options.timer);
  }
}

/** Returns the port when `opening` succeeds, and closes it otherwise. */
export async function openedPort(port: Port, opening: Promise<void>): Promise<Port> {
  try {
    await opening;
  } catch (error) {
    await port.close();
    throw error;
  }
  return port;
}
