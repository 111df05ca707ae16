// Puts simulated units behind navigator.usb and navigator.serial of this page: the demo imports install(), a test injects the bundle
// of this file with a configuration on the window. The one file of this folder that says `navigator`; the page notices no difference.
import { toHex } from '#protocol/bytes/hex.ts';
import { type BrowserOptions, type Choose, Fleet, Permissions } from '../browser/fleet.ts';
import { SimulatedSerial } from '../browser/serial.ts';
import { SimulatedUsb } from '../browser/usb.ts';
import { realClock } from '../unit/clock.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { Control, type SimulatorControl } from './control.ts';
import { serialNumber, type UnitDescription } from './description.ts';
import type { TokenDescription } from './token-description.ts';

export interface SimulatorConfiguration {
  readonly units: readonly UnitDescription[];
  /** AS token cards. */
  readonly tokens?: readonly TokenDescription[];
  /** Memories and permissions outlive a reload, in this tab's sessionStorage: no. */
  readonly persist?: boolean;
  /** From an unplugging to its event, in ms: 60. */
  readonly eventDelay?: number;
}

declare global {
  interface Window {
    keyferrySimulatorConfig?: SimulatorConfiguration;
    keyferrySimulator?: SimulatorControl;
  }
}

const STORAGE_KEY = 'keyferry-simulator';

interface Kept {
  images: Record<string, MemoryImage>;
  usb: readonly string[];
  serial: readonly string[];
}

/**
 * `choose` is asked when no choice is waiting in line; without it such a chooser is closed at once.
 * @returns the control, which also stands at window.keyferrySimulator
 */
export function install(
  configuration: SimulatorConfiguration,
  choose: Choose = async () => undefined,
): SimulatorControl {
  const persists = configuration.persist === true;
  const kept: Kept = (persists ? readKept() : undefined) ?? { images: {}, usb: [], serial: [] };
  const keep = (change: Partial<Kept>): void => {
    Object.assign(kept, change);
    if (persists) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(kept));
  };
  const plugs = [...configuration.units, ...(configuration.tokens ?? [])];
  const permitted = plugs.filter((plug) => plug.permitted).map(({ sn }) => toHex(serialNumber(sn)));
  const fleet = new Fleet();
  const control = new Control({
    fleet,
    clock: realClock,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    choose,
    images: kept.images,
    onWrite: (sn, image) => {
      kept.images[sn] = image;
      keep({});
    },
  });
  const surroundings: BrowserOptions = {
    clock: realClock,
    choose: control.choose,
    hasUserGesture: () => navigator.userActivation.isActive,
    eventDelay: configuration.eventDelay ?? 60,
  };
  const usbPermissions = new Permissions([...kept.usb, ...permitted], (granted) => keep({ usb: granted }));
  const usb = new SimulatedUsb(fleet, usbPermissions, surroundings);
  const serialPermissions = new Permissions([...kept.serial, ...permitted], (granted) => keep({ serial: granted }));
  const serial = new SimulatedSerial(fleet, serialPermissions, surroundings);
  for (const unit of configuration.units) control.add(unit);
  for (const token of configuration.tokens ?? []) control.addToken(token);
  Object.defineProperty(navigator, 'usb', { value: usb, configurable: true });
  Object.defineProperty(navigator, 'serial', { value: serial, configurable: true });
  window.keyferrySimulator = control;
  return control;
}

function readKept(): Kept | undefined {
  const text = sessionStorage.getItem(STORAGE_KEY);
  return text === null ? undefined : (JSON.parse(text) as Kept);
}

if (window.keyferrySimulatorConfig !== undefined) install(window.keyferrySimulatorConfig);
