// Replaces navigator.usb and navigator.serial of this page with simulated ones. The demo calls
// install(). A test injects this file as a bundle and sets window.keyferrySimulatorConfig.
import { toHex } from '#protocol/bytes/hex.ts';
import type { BrowserOptions, Choose } from '../browser/browser-options.ts';
import { Permissions } from '../browser/permissions.ts';
import { SimulatedSerial } from '../browser/serial.ts';
import { SimulatedUsb } from '../browser/usb.ts';
import { realClock } from '../unit/clock.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { UnitRegistry } from '../unit/unit-registry.ts';
import { Control, type SimulatorControl } from './control.ts';
import { serialNumber, type UnitDescription } from './description.ts';
import type { TokenDescription } from './token-description.ts';

export interface SimulatorConfiguration {
  readonly units: readonly UnitDescription[];
  /** AS token cards. */
  readonly tokens?: readonly TokenDescription[];
  /**
   * Whether to store memories and permissions in sessionStorage, so that a reload restores them.
   * False by default.
   */
  readonly persist?: boolean;
  /** Delay of the disconnect event after an unplug, in ms. 60 by default. */
  readonly eventDelay?: number;
}

declare global {
  interface Window {
    keyferrySimulatorConfig?: SimulatorConfiguration;
    keyferrySimulator?: SimulatorControl;
  }
}

export const STORAGE_KEY = 'keyferry-simulator';

interface StoredState {
  images: Record<string, MemoryImage>;
  usb: readonly string[];
  serial: readonly string[];
}

/**
 * Creates the simulated units and installs them in this page.
 * @param choose answers a chooser when no choice is queued; by default it cancels
 * @returns the control, which is also window.keyferrySimulator
 */
export function install(
  configuration: SimulatorConfiguration,
  choose: Choose = async () => undefined,
): SimulatorControl {
  const persists = configuration.persist === true;
  const state: StoredState = (persists ? readState() : undefined) ?? { images: {}, usb: [], serial: [] };
  const store = (change: Partial<StoredState>): void => {
    Object.assign(state, change);
    if (persists) sessionStorage.setItem(STORAGE_KEY, JSON.stringify(state));
  };
  const plugs = [...configuration.units, ...(configuration.tokens ?? [])];
  const permitted = plugs.filter((plug) => plug.permitted).map(({ sn }) => toHex(serialNumber(sn)));
  const registry = new UnitRegistry();
  const control = new Control({
    registry,
    clock: realClock,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    choose,
    images: state.images,
    onWrite: (sn, image) => {
      state.images[sn] = image;
      store({});
    },
  });
  const browser: BrowserOptions = {
    clock: realClock,
    choose: control.choose,
    hasUserGesture: () => navigator.userActivation.isActive,
    eventDelay: configuration.eventDelay ?? 60,
  };
  const usbPermissions = new Permissions([...state.usb, ...permitted], (granted) => store({ usb: granted }));
  const usb = new SimulatedUsb(registry, usbPermissions, browser);
  const serialPermissions = new Permissions([...state.serial, ...permitted], (granted) => store({ serial: granted }));
  const serial = new SimulatedSerial(registry, serialPermissions, browser);
  for (const unit of configuration.units) control.add(unit);
  for (const token of configuration.tokens ?? []) control.addToken(token);
  Object.defineProperty(navigator, 'usb', { value: usb, configurable: true });
  Object.defineProperty(navigator, 'serial', { value: serial, configurable: true });
  window.keyferrySimulator = control;
  return control;
}

function readState(): StoredState | undefined {
  const text = sessionStorage.getItem(STORAGE_KEY);
  return text === null ? undefined : (JSON.parse(text) as StoredState);
}

if (window.keyferrySimulatorConfig !== undefined) install(window.keyferrySimulatorConfig);
