// A desk of simulated units behind the browser's two doors, in a time of its own, and the product's Links in front of them.

import { Fleet, Permissions } from '#device-sim/browser/fleet.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { countingRandom } from '#test/support/units.ts';
import type { Platform } from '#web/transport/browser-error.ts';
import { Links } from '#web/transport/links.ts';
import { PROFILES } from '#web/transport/profiles.ts';
import type { After } from '#web/transport/timer.ts';

/** From the unplugging to the disconnect event, as a browser takes it. */
const EVENT_DELAY = 60;
const MAX_TEST = 300_000;

export interface Desk {
  readonly clock: VirtualClock;
  readonly timer: After;
  readonly usb: SimulatedUsb;
  readonly serial: SimulatedSerial;
  readonly control: Control;
  readonly links: Links;
  /** Lets time go by until the promise is settled. */
  soon<T>(promise: Promise<T>): Promise<T>;
}

export function desk(units: readonly UnitDescription[], platform: Platform = 'linux'): Desk {
  const clock = new VirtualClock();
  const fleet = new Fleet();
  const choose = async () => undefined;
  const control = new Control({ fleet, clock, random: countingRandom(), choose, images: {}, onWrite: () => undefined });
  const surroundings = { clock, choose: control.choose, hasUserGesture: () => true, eventDelay: EVENT_DELAY };
  const usb = new SimulatedUsb(fleet, new Permissions(), surroundings);
  const serial = new SimulatedSerial(fleet, new Permissions(), surroundings);
  for (const unit of units) control.add(unit);
  const timer: After = (ms, callback) => clock.after(ms, callback);
  const links = new Links({ usb, serial, platform, profiles: PROFILES, timer, now: () => clock.now() });
  return { clock, timer, usb, serial, control, links, soon: (promise) => settle(clock, promise) };
}

/** A unit of a demo set that answers at once. */
export function quickUnit(link: LinkKind, more: Partial<UnitDescription> = {}): UnitDescription {
  return { sn: '0007', set: 0xde300002, link, latency: { identity: 0, challenge: 0, importKey: 0 }, ...more };
}

async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const note = (): void => {
    isSettled = true;
  };
  promise.then(note, note);
  const limit = clock.now() + MAX_TEST;
  for (await clock.advance(0); !isSettled; await clock.advance(10)) {
    if (clock.now() > limit) throw new Error('it is not settled after five minutes');
  }
  return await promise;
}
