// A desk with simulated units behind the browser's two APIs, for tests in Node.

import { type Candidate, Fleet, Permissions } from '#device-sim/browser/fleet.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { type Clock, realClock } from '#device-sim/unit/clock.ts';
import { u32 } from '#protocol/bytes/integers.ts';
import { sha256 } from '#protocol/crypto/prf.ts';

export const UNIT_SN = '4549000000000007';
export const FULL_SN = UNIT_SN.padStart(32, '0');
/** At once, and hearing what is sent at any time. */
export const UNIT: UnitDescription = {
  sn: UNIT_SN,
  set: 0xde300002,
  latency: { identity: 0, challenge: 0, importKey: 0 },
};

export interface Desk {
  readonly usb: SimulatedUsb;
  readonly serial: SimulatedSerial;
  readonly control: Control;
  /** The page's own permission to ask; true at first. */
  gesture: boolean;
  /** What each chooser showed. */
  readonly shown: (readonly Candidate[])[];
}

export interface DeskOptions {
  readonly clock?: Clock;
  readonly eventDelay?: number;
  readonly granted?: readonly string[];
}

export function createDesk(units: readonly UnitDescription[], options: DeskOptions = {}): Desk {
  const { clock = realClock, eventDelay = 5, granted = [] } = options;
  const fleet = new Fleet();
  const shown: (readonly Candidate[])[] = [];
  let count = 0;
  const control = new Control({
    fleet,
    clock,
    random: (length) => sha256(u32(count++)).slice(0, length),
    choose: async () => undefined,
    images: {},
    onWrite: () => undefined,
  });
  const desk = { control, shown, gesture: true };
  const surroundings = {
    clock,
    eventDelay,
    choose: (candidates: readonly Candidate[]) => {
      shown.push(candidates);
      return control.choose(candidates);
    },
    hasUserGesture: () => desk.gesture,
  };
  const usb = new SimulatedUsb(fleet, new Permissions(granted), surroundings);
  const serial = new SimulatedSerial(fleet, new Permissions(granted), surroundings);
  for (const unit of units) control.add(unit);
  return Object.assign(desk, { usb, serial });
}

/** Resolves with the event of that type, which must come. */
export function nextEvent<E extends Event>(target: EventTarget, type: string): Promise<E> {
  return new Promise((resolve) => target.addEventListener(type, (event) => resolve(event as E), { once: true }));
}

/** The name and the words of what an action fails with. */
export async function failure(action: Promise<unknown>): Promise<string> {
  try {
    await action;
    return 'nothing failed';
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'no error';
  }
}
