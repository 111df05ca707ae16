import { describe, expect, it } from 'vitest';
import { chooserFilters, type DeviceProfile, findProfile, PROFILES } from '#web/transport/device-profiles.ts';

const UNIT = { vendorId: 0x1209, productId: 0x0001 };
const TOKEN = { vendorId: 0x1209, productId: 0x0002 };
const ADAPTER = { vendorId: 0x0403, productId: 0x6001 };
const SITE: DeviceProfile = {
  name: 'Meter head',
  ids: ADAPTER,
  serial: { baudRate: 9600, parity: 'even', edc: 'lrc', bwtMs: 2000 },
};

describe('device profiles', () => {
  it('match the unit by its ids on both links', () => {
    expect(findProfile(PROFILES, 'usb', UNIT)?.name).toBe('Keyferry unit');
    expect(findProfile(PROFILES, 'serial', UNIT)?.name).toBe('Keyferry unit');
  });

  it('match every serial port, because a unit may be behind an adapter, but not every USB device', () => {
    expect(findProfile(PROFILES, 'serial', ADAPTER)?.name).toBe('Serial unit');
    expect(findProfile(PROFILES, 'serial', undefined)?.name).toBe('Serial unit');
    expect(findProfile(PROFILES, 'usb', ADAPTER)).toBeUndefined();
  });

  it('are searched for the profile that names the device, whatever their order', () => {
    expect(findProfile([...PROFILES, SITE], 'serial', ADAPTER)).toBe(SITE);
    expect(findProfile([SITE, ...PROFILES], 'serial', UNIT)?.name).toBe('Keyferry unit');
  });

  it('separate tokens from units on both links', () => {
    expect(findProfile(PROFILES, 'usb', TOKEN, 'token')?.name).toBe('AS token card');
    expect(findProfile(PROFILES, 'serial', TOKEN, 'token')?.name).toBe('AS token card');
    for (const kind of ['usb', 'serial'] as const) {
      expect(findProfile(PROFILES, kind, TOKEN)).toBeUndefined();
      expect(findProfile(PROFILES, kind, UNIT, 'token')).toBeUndefined();
      expect(chooserFilters(PROFILES, kind, 'token')).toEqual([TOKEN]);
    }
    expect(findProfile(PROFILES, 'serial', ADAPTER, 'token')).toBeUndefined();
  });

  it('filter the chooser by their ids, unless a profile matches every device', () => {
    expect(chooserFilters(PROFILES, 'usb')).toEqual([UNIT]);
    expect(chooserFilters(PROFILES, 'serial')).toEqual([]);
    expect(chooserFilters([SITE], 'serial')).toEqual([ADAPTER]);
  });
});
