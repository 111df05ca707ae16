import { describe, expect, it } from 'vitest';
import { chooserFilters, type DeviceProfile, findProfile, PROFILES } from '#web/transport/profiles.ts';

const UNIT = { vendorId: 0x1209, productId: 0x0001 };
const TOKEN = { vendorId: 0x1209, productId: 0x0002 };
const ADAPTER = { vendorId: 0x0403, productId: 0x6001 };
const SITE: DeviceProfile = {
  name: 'Meter head',
  ids: ADAPTER,
  serial: { baudRate: 9600, parity: 'even', edc: 'lrc', bwtMs: 2000 },
};

describe('device profiles', () => {
  it('know the unit by its ids on both links', () => {
    expect(findProfile(PROFILES, 'usb', UNIT)?.name).toBe('Keyferry unit');
    expect(findProfile(PROFILES, 'serial', UNIT)?.name).toBe('Keyferry unit');
  });

  it('take any serial port for a unit behind an adapter, but no USB device', () => {
    expect(findProfile(PROFILES, 'serial', ADAPTER)?.name).toBe('Serial unit');
    expect(findProfile(PROFILES, 'serial', undefined)?.name).toBe('Serial unit');
    expect(findProfile(PROFILES, 'usb', ADAPTER)).toBeUndefined();
  });

  it('prefer the one that names the device, in whatever order a site adds it', () => {
    expect(findProfile([...PROFILES, SITE], 'serial', ADAPTER)).toBe(SITE);
    expect(findProfile([SITE, ...PROFILES], 'serial', UNIT)?.name).toBe('Keyferry unit');
  });

  it('keep tokens and units apart, on a serial line too', () => {
    expect(findProfile(PROFILES, 'usb', TOKEN, 'token')?.name).toBe('AS token card');
    expect(findProfile(PROFILES, 'serial', TOKEN, 'token')?.name).toBe('AS token card');
    for (const kind of ['usb', 'serial'] as const) {
      expect(findProfile(PROFILES, kind, TOKEN)).toBeUndefined();
      expect(findProfile(PROFILES, kind, UNIT, 'token')).toBeUndefined();
      expect(chooserFilters(PROFILES, kind, 'token')).toEqual([TOKEN]);
    }
    expect(findProfile(PROFILES, 'serial', ADAPTER, 'token')).toBeUndefined();
  });

  it('narrow the chooser to what they name, and not at all where one fits every device', () => {
    expect(chooserFilters(PROFILES, 'usb')).toEqual([UNIT]);
    expect(chooserFilters(PROFILES, 'serial')).toEqual([]);
    expect(chooserFilters([SITE], 'serial')).toEqual([ADAPTER]);
  });
});
