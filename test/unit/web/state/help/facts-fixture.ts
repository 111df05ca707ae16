// Facts of a station without a fault. Each test changes the facts that it tests.
import type { DeviceFacts, Facts } from '#web/state/help/facts.ts';

export const SN = '45490000000000000000000000004F47';

export const UNIT: DeviceFacts = {
  id: 1,
  link: 'usb',
  label: 'Keyferry unit',
  ids: { vendorId: 0x1209, productId: 0x0001 },
  usbSerialNumber: SN,
  interfaces: [{ number: 0, alternate: 0, codes: [0xff, 0x4b, 0x01] }],
  role: 'unit',
  isListed: true,
  status: 'ready',
  unit: { sn: SN, set: 0xba7c, tkv: 1, lifecycle: 'operational', firmware: 0x10000, suites: [1, 2], tries: 64 },
};

/** A device that no profile names and that the page does not use. */
export const PRINTER: DeviceFacts = {
  id: 2,
  link: 'usb',
  label: 'Label printer',
  ids: { vendorId: 0x0a5f, productId: 0x00d3 },
  interfaces: [{ number: 0, alternate: 0, codes: [0x07, 0x01, 0x02] }],
  role: 'unknown',
  isListed: false,
  obstacle: 'no-interface',
  status: 'unused',
};

export const ADAPTER: DeviceFacts = {
  id: 3,
  link: 'serial',
  label: 'Serial port',
  ids: { vendorId: 0x0403, productId: 0x6001 },
  interfaces: [],
  role: 'unit',
  isListed: false,
  serial: { baudRate: 115_200, parity: 'none', edc: 'crc' },
  status: 'unread',
  failure: { code: 'device-busy' },
};

export const GOOD: Facts = {
  at: '2026-11-30T10:00:00.000Z',
  build: { version: '0.1.0', hash: '8643b1efe94df87f', script: 'index-abc.js', isServed: true },
  browser: { name: 'Chrome', version: 148 },
  platform: 'linux',
  address: 'https://as.example/',
  isOnline: true,
  isSecure: true,
  page: { isBroken: false, isSuperseded: false, isCutOff: false, hasLostJournal: false },
  access: { usb: 'available', serial: 'available' },
  devices: [UNIT],
  service: { is: 'reached', ms: 24, comparedAt: '2026-11-12T08:00:00.000Z', isPinnedRoot: true },
  clock: { offsetMs: 1200, differs: false },
  session: { kind: 'remote' },
  storage: { isPersistent: true, isRefused: false, freeBytes: 2e9 },
  journal: { attempts: 12, open: 0 },
  failures: [],
  attempts: [],
  selfTest: { at: '2026-11-30T09:00:00.000Z', passed: ['SHA-256', 'storage'], failed: [] },
};
