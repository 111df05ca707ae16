// The simulator in a page: the browser interfaces that it replaces, its control object, and the
// data that survives a reload.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Candidate } from '#device-sim/browser/browser-options.ts';
import type { SimulatorControl } from '#device-sim/setup/control.ts';
import { serialNumber } from '#device-sim/setup/description.ts';
import type { install as Install, SimulatorConfiguration } from '#device-sim/setup/install.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { FULL_SN, failure, UNIT, UNIT_SN } from '../browser/simulated-browser.ts';

interface Page {
  keyferrySimulatorConfig?: SimulatorConfiguration;
  keyferrySimulator?: SimulatorControl;
}
interface Browser {
  readonly usb: USB;
  readonly serial: Serial;
  readonly userActivation: { isActive: boolean };
}

const storage = new Map<string, string>();
let page: Page;
let browser: Browser;

beforeEach(() => {
  page = {};
  browser = { userActivation: { isActive: true } } as Browser;
  storage.clear();
  vi.stubGlobal('window', page);
  vi.stubGlobal('navigator', browser);
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
  });
  vi.resetModules();
});

afterEach(() => vi.unstubAllGlobals());

const load = async (): Promise<typeof Install> => (await import('#device-sim/setup/install.ts')).install;

describe('installing', () => {
  it('connects units to navigator.usb and navigator.serial', async () => {
    const control = (await load())({ units: [UNIT, { ...UNIT, sn: '08', link: 'serial' }] });
    expect(page.keyferrySimulator).toBe(control);
    control.nextChoice(UNIT_SN);
    expect(await browser.usb.requestDevice({ filters: [] })).toMatchObject({ serialNumber: FULL_SN });
    control.nextChoice('08');
    expect((await browser.serial.requestPort()).getInfo()).toEqual({ usbVendorId: 0x1209, usbProductId: 1 });
  });

  it('permits units without a chooser, as a managed policy does', async () => {
    (await load())({ units: [UNIT, { ...UNIT, sn: '08', permitted: true }] });
    const seen = await browser.usb.getDevices();
    expect(seen.map(({ serialNumber: number }) => number?.slice(-2))).toEqual(['08']);
  });

  it('happens automatically if and only if the window has a configuration', async () => {
    await load();
    expect(page.keyferrySimulator).toBeUndefined();
    vi.resetModules();
    page.keyferrySimulatorConfig = { units: [UNIT] };
    await load();
    expect(page.keyferrySimulator?.units()).toMatchObject([{ sn: FULL_SN, links: ['usb'], plugged: true }]);
  });

  it('requires a user gesture that the browser has reported', async () => {
    (await load())({ units: [UNIT] });
    browser.userActivation.isActive = false;
    expect(await failure(browser.usb.requestDevice({ filters: [] }))).toMatch(/^SecurityError/);
  });

  it('uses the chooser of the page when no choice is queued', async () => {
    const shown: (readonly Candidate[])[] = [];
    const control = (await load())({ units: [UNIT] }, async (candidates) => {
      shown.push(candidates);
      return candidates[0];
    });
    await browser.usb.requestDevice({ filters: [] });
    control.nextChoice('cancel');
    expect(await failure(browser.usb.requestDevice({ filters: [] }))).toMatch(/^NotFoundError/);
    expect(shown).toEqual([[{ sn: FULL_SN, kind: 'usb', label: 'Keyferry EI (simulated)' }]]);
  });
});

describe('the control', () => {
  it('plugs and unplugs, adds and removes units', async () => {
    const control = (await load())({ units: [{ ...UNIT, plugged: false }] });
    const plugged = () => control.units().map((unit) => unit.plugged);
    expect(plugged()).toEqual([false]);
    control.plug(UNIT_SN);
    control.add({ ...UNIT, sn: '08' });
    expect(plugged()).toEqual([true, true]);
    control.unplug(UNIT_SN);
    control.cutPower('08');
    expect(plugged()).toEqual([false, false]);
    control.remove('08');
    expect(plugged()).toEqual([false]);
    expect(() => control.plug('08')).toThrow(RangeError);
    expect(() => control.add(UNIT)).toThrow(RangeError);
  });

  it('inspects memories', async () => {
    const control = (await load())({
      units: [UNIT, { ...UNIT, sn: '08', set: 0xde300001 }, { ...UNIT, sn: '09', blank: true }],
    });
    expect(control.memory(UNIT_SN)).toMatchObject({
      holdsTransportKey: true,
      set: 0xde300002,
      tkv: 1,
      tries: 64,
      importCounter: 0,
    });
    expect(control.memory(UNIT_SN).slots).toHaveLength(4);
    expect(control.memory('09')).toMatchObject({ holdsTransportKey: false, set: 0, tkv: 0 });
    const [shared, diversified] = DEMO_SETS.map(({ publishedTransportKey }) => publishedTransportKey);
    if (shared === undefined || diversified === undefined) throw new TypeError('there are demo sets');
    const unit = { set: 0xde300002, tkv: 1, sn: serialNumber(UNIT_SN) };
    // A shared unit holds T itself. A diversified unit holds only K_D.
    expect(control.holds('08', toHex(shared))).toBe(true);
    expect(control.holds(UNIT_SN, toHex(diversified))).toBe(false);
    expect(control.holds(UNIT_SN, toHex(deriveDeviceKey('cmac', diversified, unit)))).toBe(true);
  });

  it('rejects invalid descriptions', async () => {
    const install = await load();
    expect(() => install({ units: [{ ...UNIT, set: 1 }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, suites: [3] }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, suites: [1, 4] }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, slots: [1, 1] }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, slots: [0xfffe] }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, signatureRequired: true }] })).toThrow(RangeError);
    expect(() => install({ units: [{ ...UNIT, sn: 'no hex' }] })).toThrow(SyntaxError);
  });
});

describe('a reload', () => {
  it('loses all data by default', async () => {
    const control = (await load())({ units: [UNIT] });
    control.nextChoice(UNIT_SN);
    await browser.usb.requestDevice({ filters: [] });
    expect(storage.size).toBe(0);
  });

  it('preserves memories and permissions with `persist`', async () => {
    const install = await load();
    const units = [{ ...UNIT, link: 'both' }] as const;
    const first = install({ units, persist: true });
    first.nextChoice(UNIT_SN);
    await browser.usb.requestDevice({ filters: [] });
    first.nextChoice(UNIT_SN);
    await browser.serial.requestPort();
    // The stored memory takes precedence over `blank` in the new description.
    const again = install({ units: [{ ...units[0], blank: true }], persist: true });
    expect(again.memory(UNIT_SN).holdsTransportKey).toBe(true);
    expect(await browser.usb.getDevices()).toHaveLength(1);
    expect(await browser.serial.getPorts()).toHaveLength(1);
  });
});
