import { describe, expect, it } from 'vitest';
import { UsbAddresses } from '#device-host/umockdev/usb/usb-addresses.ts';

describe('the addresses of a bus', () => {
  it('are assigned in rotation and never exceed seven bits', () => {
    const addresses = new UsbAddresses();
    const assigned = Array.from({ length: 300 }, () => {
      const address = addresses.take();
      addresses.release(address);
      return address;
    });
    expect(assigned.slice(0, 3)).toEqual([2, 3, 4]);
    expect(assigned.slice(125, 128)).toEqual([127, 2, 3]);
    expect(Math.max(...assigned)).toBe(127);
  });

  it('are not assigned again while they are in use', () => {
    const addresses = new UsbAddresses();
    const all = Array.from({ length: 126 }, () => addresses.take());
    expect(new Set(all).size).toBe(126);
    expect(() => addresses.take()).toThrow('no address left');
    addresses.release(77);
    expect(addresses.take()).toBe(77);
  });
});
