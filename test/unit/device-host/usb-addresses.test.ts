import { describe, expect, it } from 'vitest';
import { UsbAddresses } from '#device-host/umockdev/usb-addresses.ts';

describe('the addresses of a bus', () => {
  it('are given in turn and never beyond seven bits, however often a unit is plugged in', () => {
    const addresses = new UsbAddresses();
    const given = Array.from({ length: 300 }, () => {
      const address = addresses.take();
      addresses.giveBack(address);
      return address;
    });
    expect(given.slice(0, 3)).toEqual([2, 3, 4]);
    expect(given.slice(125, 128)).toEqual([127, 2, 3]);
    expect(Math.max(...given)).toBe(127);
  });

  it('are not given twice at once', () => {
    const addresses = new UsbAddresses();
    const all = Array.from({ length: 126 }, () => addresses.take());
    expect(new Set(all).size).toBe(126);
    expect(() => addresses.take()).toThrow('no address left');
    addresses.giveBack(77);
    expect(addresses.take()).toBe(77);
  });
});
