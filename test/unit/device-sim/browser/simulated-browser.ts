// Simulated units behind simulated USB and Serial, for tests in Node.
import type { Candidate } from '#device-sim/browser/browser-options.ts';
import { Permissions } from '#device-sim/browser/permissions.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { type Clock, realClock } from '#device-sim/unit/clock.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';

export const UNIT_SN = '4549000000000007';
export const FULL_SN = UNIT_SN.padStart(32, '0');
/** A unit that responds without delay. */
export const UNIT: UnitDescription = {
  sn: UNIT_SN,
  set: 0xde300002,
  latency: { identity: 0, challenge: 0, importKey: 0 },
};

export interface SimulatedBrowser {
  readonly usb: SimulatedUsb;
  readonly serial: SimulatedSerial;
  readonly control: Control;
  /** True while the browser handles a user gesture. Default: true. */
  gesture: boolean;
  /** The candidates that each chooser has listed. */
  readonly shown: (readonly Candidate[])[];
}

export interface SimulatedBrowserOptions {
  readonly clock?: Clock;
  readonly eventDelay?: number;
  readonly granted?: readonly string[];
}

export function createBrowser(
  units: readonly UnitDescription[],
  options: SimulatedBrowserOptions = {},
): SimulatedBrowser {
  const { clock = realClock, eventDelay = 5, granted = [] } = options;
  const registry = new UnitRegistry();
  const shown: (readonly Candidate[])[] = [];
  let count = 0;
  const control = new Control({
    registry,
    clock,
    random: (length) => sha256(u32(count++)).slice(0, length),
    choose: async () => undefined,
    images: {},
    onWrite: () => undefined,
  });
  const browser = { control, shown, gesture: true };
  const browserOptions = {
    clock,
    eventDelay,
    choose: (candidates: readonly Candidate[]) => {
      shown.push(candidates);
      return control.choose(candidates);
    },
    hasUserGesture: () => browser.gesture,
  };
  const usb = new SimulatedUsb(registry, new Permissions(granted), browserOptions);
  const serial = new SimulatedSerial(registry, new Permissions(granted), browserOptions);
  for (const unit of units) control.add(unit);
  return Object.assign(browser, { usb, serial });
}

/** Resolves with the next event of type `type`. */
export function nextEvent<E extends Event>(target: EventTarget, type: string): Promise<E> {
  return new Promise((resolve) => target.addEventListener(type, (event) => resolve(event as E), { once: true }));
}

/** Returns name and message of the error with which `action` fails. */
export async function failure(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'nothing failed';
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'no error';
  }
}
