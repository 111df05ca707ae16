// The lines that give a page permission to use devices: udev rules of Linux and policies of
// Chromium browsers. docs/stations.md shows the same lines for the simulated unit.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { devicePolicies, type UsbIds } from '#protocol/site/device-policies.ts';

/** udev applies uaccess in rule file 73, so a rule that sets uaccess must have a lower number. */
export const UDEV_FILE = '/etc/udev/rules.d/70-keyferry.rules';

/**
 * Returns one udev rule, which gives the user at the machine access to the device and keeps
 * ModemManager away from it.
 */
export function udevRule(kind: 'usb' | 'serial', { vendorId, productId }: UsbIds): string {
  const [vendor, product] = [vendorId, productId].map((id) => `"${hexNumber(id, 4).toLowerCase()}"`);
  return kind === 'usb'
    ? `SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}==${vendor}, ATTR{idProduct}==${product}, TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1"`
    : `SUBSYSTEM=="tty", ATTRS{idVendor}==${vendor}, ATTRS{idProduct}==${product}, TAG+="uaccess", ENV{ID_MM_PORT_IGNORE}="1"`;
}

/** Returns the lines of a udev file for all devices. */
export function udevRules(all: readonly UsbIds[]): string {
  const rules = (kind: 'usb' | 'serial'): string[] => all.map((ids) => udevRule(kind, ids));
  return ['# WebUSB', ...rules('usb'), '# Web Serial', ...rules('serial')].join('\n');
}

/**
 * Returns the policies that give the page at `origin` permission to use these devices without a
 * chooser, as the JSON of a policy file of Chrome.
 */
export function policies(all: readonly UsbIds[], origin: string): string {
  return JSON.stringify(devicePolicies(all, all, origin), null, 2);
}
