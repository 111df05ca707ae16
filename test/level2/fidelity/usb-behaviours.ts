// The behaviours of a browser's USB interface.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Behaviour } from './behaviour.ts';

/** Configured, because Linux selects the configuration before the browser lists the device. */
const USB: Partial<UnitDescription> = { link: 'usb', configured: true };

export const USB_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'USB: calls before open and before claim',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.record('claim', () => unit.claimInterface(0));
      await probe.record('transfer', () => unit.transferIn(1, 64));
      await probe.record('control', () =>
        unit.controlTransferIn({ requestType: 'vendor', recipient: 'device', request: 9, value: 0, index: 0 }, 8),
      );
      await probe.record('close', () => unit.close());
      await unit.open();
      await probe.record('transfer', () => unit.transferIn(1, 64));
      await probe.record('release', () => unit.releaseInterface(0));
      await unit.close();
    },
  },
  {
    name: 'USB: the initial configuration',
    unit: { link: 'usb' },
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      probe.log.push(`configuration: ${unit.configuration?.configurationValue ?? null}`);
    },
  },
  {
    name: 'USB: the attributes of the device',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      const { usbVersionMajor, usbVersionMinor, deviceClass, vendorId, productId, manufacturerName } = unit;
      const facts = [usbVersionMajor, usbVersionMinor, deviceClass, vendorId, productId, manufacturerName];
      probe.log.push(`facts: ${facts.join(' ')}`, `serial number: ${unit.serialNumber?.length}`);
    },
  },
  {
    name: 'USB: open twice, claim twice, close twice',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.record('open', () => unit.open());
      await probe.record('claim', () => unit.claimInterface(0));
      await probe.record('close', () => unit.close());
      await probe.record('close', () => unit.close());
    },
  },
  {
    name: 'USB: an unknown interface, alternate, configuration and endpoint',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.record('claim', () => unit.claimInterface(7));
      await probe.record('alternate', () => unit.selectAlternateInterface(0, 3));
      await probe.record('configuration', () => unit.selectConfiguration(9));
      await probe.record('endpoint 5', () => unit.transferIn(5, 64));
      await probe.record('endpoint 16', () => unit.transferIn(16, 64));
      await probe.record('halt', () => unit.clearHalt('in', 9));
      await unit.close();
    },
  },
  {
    name: 'USB: two changes at once',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      const opening = probe.record('open', () => unit.open());
      await probe.record('second open', () => unit.open());
      await opening;
      const claiming = probe.record('claim', () => unit.claimInterface(0));
      await probe.record('second claim', () => unit.claimInterface(0));
      await claiming;
      await unit.close();
    },
  },
  {
    name: 'USB: the interface is in use by another program',
    unit: { ...USB, faults: [{ fault: 'busy' }] },
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.record('open', () => unit.open());
      if (unit.configuration === null) await unit.selectConfiguration(1);
      await probe.record('claim', () => unit.claimInterface(0));
      await probe.clearFaults();
      await probe.record('claim again', () => unit.claimInterface(0));
      await unit.close();
    },
  },
  {
    name: 'USB: the system denies access',
    unit: { ...USB, faults: [{ fault: 'access denied' }] },
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.record('open', () => unit.open());
      probe.log.push(`opened: ${unit.opened}`);
    },
  },
  {
    name: 'USB: an interface of class 0B',
    unit: { ...USB, protectedClass: true },
    async run() {
      const { probe } = window;
      const unit = await probe.usb();
      await unit.open();
      if (unit.configuration === null) await unit.selectConfiguration(1);
      await probe.record('claim', () => unit.claimInterface(0));
      await unit.close();
    },
  },
  {
    name: "USB: the interfaces of the system's serial driver",
    unit: { link: 'both', configured: true },
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.record('claim 1', () => unit.claimInterface(1));
      await probe.record('claim 2', () => unit.claimInterface(2));
      await unit.close();
    },
  },
  {
    name: 'USB: command and response',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.record('out', () => unit.transferOut(2, probe.GET_SLOT_STATUS));
      await probe.record('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: a response that fills its last packet',
    unit: { ...USB, packetSize: 5 },
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await unit.transferOut(2, probe.GET_SLOT_STATUS);
      await probe.record('in', () => unit.transferIn(1, 10));
      await probe.record('in', () => unit.transferIn(1, 10));
      await unit.close();
    },
  },
  {
    name: 'USB: a packet longer than the transfer',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await unit.transferOut(2, probe.GET_SLOT_STATUS);
      await probe.record('in', () => unit.transferIn(1, 4));
      await unit.close();
    },
  },
  {
    name: 'USB: a halt of the IN endpoint, and clearHalt',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.fault({ fault: 'stall', direction: 'in' });
      await probe.record('in', () => unit.transferIn(1, 64));
      await probe.record('in', () => unit.transferIn(1, 64));
      await probe.record('clearHalt', () => unit.clearHalt('in', 1));
      await unit.transferOut(2, probe.GET_SLOT_STATUS);
      await probe.record('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: a halt of the OUT endpoint, and clearHalt',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.fault({ fault: 'stall', direction: 'out' });
      await probe.record('out', () => unit.transferOut(2, probe.GET_SLOT_STATUS));
      await probe.record('out', () => unit.transferOut(2, probe.GET_SLOT_STATUS));
      await probe.record('clearHalt', () => unit.clearHalt('out', 2));
      await probe.record('out', () => unit.transferOut(2, probe.GET_SLOT_STATUS));
      await unit.close();
    },
  },
  {
    name: 'USB: an unknown control request',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      const setup = { requestType: 'vendor', recipient: 'device', request: 0x77, value: 0, index: 0 } as const;
      await probe.record('control in', () => unit.controlTransferIn(setup, 8));
      await probe.record('control out', () => unit.controlTransferOut(setup, Uint8Array.of(1, 2)));
      await unit.close();
    },
  },
  {
    name: 'USB: close during a transfer',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      const reading = probe.record('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.record('close', () => unit.close());
      await reading;
      await probe.record('open', () => unit.open());
      await unit.close();
    },
  },
  {
    name: 'USB: release during a transfer',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      const reading = probe.record('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.record('release', () => unit.releaseInterface(0));
      await reading;
      await probe.record('close', () => unit.close());
    },
  },
  {
    name: 'USB: reset',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.record('reset', () => unit.reset());
      probe.log.push(`claimed: ${unit.configuration?.interfaces[0]?.claimed}`);
      await unit.transferOut(2, probe.GET_SLOT_STATUS);
      await probe.record('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: unplug during a transfer',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      probe.watch();
      const reading = probe.record('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.unplug();
      await reading;
      await probe.nextEvent('disconnect');
      probe.log.push(`opened: ${unit.opened}`);
    },
  },
  {
    name: 'USB: unplug during a write',
    unit: { ...USB, faults: [{ fault: 'unplug', direction: 'out', after: 4 }] },
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      probe.watch();
      await probe.record('out', () => unit.transferOut(2, probe.GET_SLOT_STATUS));
      await probe.nextEvent('disconnect');
    },
  },
  {
    name: 'USB: calls after the disconnect event',
    unit: USB,
    async run() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.unplug();
      await probe.nextEvent('disconnect');
      await probe.record('out', () => unit.transferOut(2, Uint8Array.of(1)));
      await probe.record('in', () => unit.transferIn(1, 64));
      await probe.record('release', () => unit.releaseInterface(0));
      await probe.record('close', () => unit.close());
      await probe.record('open', () => unit.open());
      probe.log.push(`devices: ${(await navigator.usb.getDevices()).length}`);
    },
  },
  {
    name: 'USB: plugged in again',
    unit: USB,
    async run() {
      const { probe } = window;
      const before = await probe.usb();
      probe.log.push(`the same: ${before === (await probe.usb())}`);
      probe.watch();
      await probe.unplug();
      await probe.nextEvent('disconnect');
      await probe.plug();
      await probe.nextEvent('connect');
      probe.log.push(`the same after: ${before === (await probe.usb())}`);
      await probe.record('open the old one', () => before.open());
    },
  },
  {
    name: 'USB: invalid filters',
    unit: USB,
    async run() {
      const { probe } = window;
      await probe.record('product', () => navigator.usb.requestDevice({ filters: [{ productId: 1 }] }));
      await probe.record('subclass', () => navigator.usb.requestDevice({ filters: [{ subclassCode: 1 }] }));
      await probe.record('protocol', () =>
        navigator.usb.requestDevice({ filters: [{ classCode: 1, protocolCode: 1 }] }),
      );
    },
  },
];
