// Simulates units behind navigator.usb and navigator.serial with a virtual clock. Creates the Links
// of the page, which connect to these units.
import { Permissions } from '#device-sim/browser/permissions.ts';
import { SimulatedSerial } from '#device-sim/browser/serial.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { VirtualClock } from '#device-sim/unit/clock.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';
import { countingRandom } from '#test/support/units.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import { Links } from '#web/transport/links.ts';
import type { Platform } from '#web/transport/platform.ts';
import type { Timer } from '#web/transport/timer.ts';

/** Time from unplugging to the disconnect event in milliseconds, similar to that of a browser. */
const EVENT_DELAY = 60;
const MAX_TEST_MS = 300_000;

export interface TestSetup {
  readonly clock: VirtualClock;
  readonly timer: Timer;
  readonly usb: SimulatedUsb;
  readonly serial: SimulatedSerial;
  readonly control: Control;
  readonly links: Links;
  /** Advances the clock until the promise settles. */
  soon<T>(promise: Promise<T>): Promise<T>;
}

export function setUp(units: readonly UnitDescription[], platform: Platform = 'linux'): TestSetup {
  const clock = new VirtualClock();
  const registry = new UnitRegistry();
  const choose = async () => undefined;
  const random = countingRandom();
  const control = new Control({ registry, clock, random, choose, images: {}, onWrite: () => undefined });
  const options = { clock, choose: control.choose, hasUserGesture: () => true, eventDelay: EVENT_DELAY };
  const usb = new SimulatedUsb(registry, new Permissions(), options);
  const serial = new SimulatedSerial(registry, new Permissions(), options);
  for (const unit of units) control.add(unit);
  const timer: Timer = (ms, callback) => clock.after(ms, callback);
  const links = new Links({ usb, serial, platform, profiles: () => PROFILES, timer, now: () => clock.now() });
  return { clock, timer, usb, serial, control, links, soon: (promise) => settle(clock, promise) };
}

/** Describes a unit of a demo set that responds without delay. */
export function quickUnit(link: LinkKind, more: Partial<UnitDescription> = {}): UnitDescription {
  return { sn: '0007', set: 0xde300002, link, latency: { identity: 0, challenge: 0, importKey: 0 }, ...more };
}

async function settle<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const markSettled = (): void => {
    isSettled = true;
  };
  promise.then(markSettled, markSettled);
  const limit = clock.now() + MAX_TEST_MS;
  for (await clock.advance(0); !isSettled; await clock.advance(10)) {
    if (clock.now() > limit) throw new Error('not settled after five minutes');
  }
  return await promise;
}
