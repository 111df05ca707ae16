// What a page can see of a browser's USB and serial interfaces, each as a probe that runs in the page. Judges nothing: the comparison
// stands in docs/reliability.md.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { MORE_BEHAVIOURS } from './more-behaviours.ts';

export interface Behaviour {
  readonly name: string;
  readonly unit: Partial<UnitDescription>;
  /** Runs in the page; notes what it sees in probe.log. */
  readonly look: () => Promise<void>;
}

/** Linux has selected the configuration when the browser sees a device. */
const USB: Partial<UnitDescription> = { link: 'usb', configured: true };

export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'USB: calls before open and before claim',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.see('claim', () => unit.claimInterface(0));
      await probe.see('transfer', () => unit.transferIn(1, 64));
      await probe.see('control', () =>
        unit.controlTransferIn({ requestType: 'vendor', recipient: 'device', request: 9, value: 0, index: 0 }, 8),
      );
      await probe.see('close', () => unit.close());
      await unit.open();
      await probe.see('transfer', () => unit.transferIn(1, 64));
      await probe.see('release', () => unit.releaseInterface(0));
      await unit.close();
    },
  },
  {
    name: 'USB: the configuration at first sight',
    unit: { link: 'usb' },
    async look() {
      const unit = await window.probe.usb();
      window.probe.log.push(`configuration: ${unit.configuration?.configurationValue ?? null}`);
    },
  },
  {
    name: 'USB: what the device says of itself',
    unit: USB,
    async look() {
      const unit = await window.probe.usb();
      const { usbVersionMajor, usbVersionMinor, deviceClass, vendorId, productId, manufacturerName } = unit;
      const facts = [usbVersionMajor, usbVersionMinor, deviceClass, vendorId, productId, manufacturerName];
      window.probe.log.push(`facts: ${facts.join(' ')}`, `serial number: ${unit.serialNumber?.length}`);
    },
  },
  {
    name: 'USB: open twice, claim twice, close twice',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.see('open', () => unit.open());
      await probe.see('claim', () => unit.claimInterface(0));
      await probe.see('close', () => unit.close());
      await probe.see('close', () => unit.close());
    },
  },
  {
    name: 'USB: an interface, an alternate, a configuration and an endpoint that it does not have',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.see('claim', () => unit.claimInterface(7));
      await probe.see('alternate', () => unit.selectAlternateInterface(0, 3));
      await probe.see('configuration', () => unit.selectConfiguration(9));
      await probe.see('endpoint 5', () => unit.transferIn(5, 64));
      await probe.see('endpoint 16', () => unit.transferIn(16, 64));
      await probe.see('halt', () => unit.clearHalt('in', 9));
      await unit.close();
    },
  },
  {
    name: 'USB: two changes at once',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.usb();
      const opening = probe.see('open', () => unit.open());
      await probe.see('second open', () => unit.open());
      await opening;
      const claiming = probe.see('claim', () => unit.claimInterface(0));
      await probe.see('second claim', () => unit.claimInterface(0));
      await claiming;
      await unit.close();
    },
  },
  {
    name: 'USB: the interface is in use elsewhere',
    unit: { ...USB, faults: [{ fault: 'busy' }] },
    async look() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.see('open', () => unit.open());
      if (unit.configuration === null) await unit.selectConfiguration(1);
      await probe.see('claim', () => unit.claimInterface(0));
      await probe.clearFaults();
      await probe.see('claim again', () => unit.claimInterface(0));
      await unit.close();
    },
  },
  {
    name: 'USB: the system does not let the browser open it',
    unit: { ...USB, faults: [{ fault: 'access denied' }] },
    async look() {
      const { probe } = window;
      const unit = await probe.usb();
      await probe.see('open', () => unit.open());
      probe.log.push(`opened: ${unit.opened}`);
    },
  },
  {
    name: 'USB: an interface of class 0B',
    unit: { ...USB, protectedClass: true },
    async look() {
      const { probe } = window;
      const unit = await probe.usb();
      await unit.open();
      if (unit.configuration === null) await unit.selectConfiguration(1);
      await probe.see('claim', () => unit.claimInterface(0));
      await unit.close();
    },
  },
  {
    name: "USB: the interfaces of the system's serial driver",
    unit: { link: 'both', configured: true },
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.see('claim 1', () => unit.claimInterface(1));
      await probe.see('claim 2', () => unit.claimInterface(2));
      await unit.close();
    },
  },
  {
    name: 'USB: question and answer',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.see('out', () => unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
      await probe.see('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: an answer that fills its last packet',
    unit: { ...USB, packetSize: 5 },
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      await probe.see('in', () => unit.transferIn(1, 10));
      await probe.see('in', () => unit.transferIn(1, 10));
      await unit.close();
    },
  },
  {
    name: 'USB: a packet larger than what was asked for',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      await probe.see('in', () => unit.transferIn(1, 4));
      await unit.close();
    },
  },
  {
    name: 'USB: a halt of the IN endpoint, twice, and its end',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.fault({ fault: 'stall', direction: 'in' });
      await probe.see('in', () => unit.transferIn(1, 64));
      await probe.see('in', () => unit.transferIn(1, 64));
      await probe.see('clearHalt', () => unit.clearHalt('in', 1));
      await unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      await probe.see('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: a halt of the OUT endpoint, and its end',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      const ask = Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      await probe.fault({ fault: 'stall', direction: 'out' });
      await probe.see('out', () => unit.transferOut(2, ask));
      await probe.see('out', () => unit.transferOut(2, ask));
      await probe.see('clearHalt', () => unit.clearHalt('out', 2));
      await probe.see('out', () => unit.transferOut(2, ask));
      await unit.close();
    },
  },
  {
    name: 'USB: a request that the unit does not know',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      const setup = { requestType: 'vendor', recipient: 'device', request: 0x77, value: 0, index: 0 } as const;
      await probe.see('control in', () => unit.controlTransferIn(setup, 8));
      await probe.see('control out', () => unit.controlTransferOut(setup, Uint8Array.of(1, 2)));
      await unit.close();
    },
  },
  {
    name: 'USB: closed while a transfer is open',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      const reading = probe.see('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.see('close', () => unit.close());
      await reading;
      await probe.see('open', () => unit.open());
      await unit.close();
    },
  },
  {
    name: 'USB: released while a transfer is open',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      const reading = probe.see('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.see('release', () => unit.releaseInterface(0));
      await reading;
      await probe.see('close', () => unit.close());
    },
  },
  {
    name: 'USB: reset',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.see('reset', () => unit.reset());
      probe.log.push(`claimed: ${unit.configuration?.interfaces[0]?.claimed}`);
      await unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0));
      await probe.see('in', () => unit.transferIn(1, 64));
      await unit.close();
    },
  },
  {
    name: 'USB: unplugged while a transfer is open',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      probe.watch();
      const reading = probe.see('in', () => unit.transferIn(1, 64));
      await probe.sleep(50);
      await probe.unplug();
      await reading;
      await probe.told('disconnect');
      probe.log.push(`opened: ${unit.opened}`);
    },
  },
  {
    name: 'USB: unplugged by what is written',
    unit: { ...USB, faults: [{ fault: 'unplug', direction: 'out', after: 4 }] },
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      probe.watch();
      await probe.see('out', () => unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
      await probe.told('disconnect');
    },
  },
  ...MORE_BEHAVIOURS,
];
