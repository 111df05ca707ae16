// What a page can see of a browser's USB and serial interfaces, each as a probe that runs in the page. Judges nothing: the comparison
// stands in docs/reliability.md.
import type { UnitDescription } from '#device-sim/description.ts';

export interface Behaviour {
  readonly name: string;
  readonly unit: Partial<UnitDescription>;
  /** Runs in the page; notes what it sees in probe.log. */
  readonly look: () => Promise<void>;
}

/** Linux has selected the configuration when the browser sees a device. */
const USB: Partial<UnitDescription> = { link: 'usb', configured: true };
const SERIAL: Partial<UnitDescription> = { link: 'serial' };

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
      await probe.sleep(200);
      await probe.see('close', () => unit.close());
      await reading;
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
      await probe.sleep(300);
      probe.log.push(`opened: ${unit.opened}`);
    },
  },
  {
    name: 'USB: calls after it was unplugged, before the event',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.unplug();
      await probe.see('out', () => unit.transferOut(2, Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
    },
  },
  {
    name: 'USB: calls after the disconnect event',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.unplug();
      await probe.sleep(400);
      await probe.see('out', () => unit.transferOut(2, Uint8Array.of(1)));
      await probe.see('in', () => unit.transferIn(1, 64));
      await probe.see('release', () => unit.releaseInterface(0));
      await probe.see('close', () => unit.close());
      await probe.see('open', () => unit.open());
      probe.log.push(`devices: ${(await navigator.usb.getDevices()).length}`);
    },
  },
  {
    name: 'USB: plugged in again',
    unit: USB,
    async look() {
      const { probe } = window;
      const before = await probe.usb();
      probe.log.push(`the same: ${before === (await probe.usb())}`);
      probe.watch();
      await probe.unplug();
      await probe.sleep(300);
      await probe.plug();
      await probe.sleep(400);
      probe.log.push(`the same after: ${before === (await probe.usb())}`);
      await probe.see('open the old one', () => before.open());
    },
  },
  {
    name: 'USB: faulty filters',
    unit: USB,
    async look() {
      const { probe } = window;
      await probe.see('product', () => navigator.usb.requestDevice({ filters: [{ productId: 1 }] }));
      await probe.see('subclass', () => navigator.usb.requestDevice({ filters: [{ subclassCode: 1 }] }));
      await probe.see('protocol', () => navigator.usb.requestDevice({ filters: [{ classCode: 1, protocolCode: 1 }] }));
    },
  },
  {
    name: 'serial: before it is open',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.port();
      probe.log.push(`streams: ${port.readable} ${port.writable}`, `connected: ${port.connected}`);
      await probe.see('info', async () => port.getInfo());
      await probe.see('close', () => port.close());
      await probe.see('getSignals', () => port.getSignals());
      await probe.see('setSignals', () => port.setSignals({ dataTerminalReady: true }));
    },
  },
  {
    name: 'serial: options that cannot be',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.port();
      await probe.see('baud rate 0', () => port.open({ baudRate: 0 }));
      await probe.see('5 data bits', () => port.open({ baudRate: 9600, dataBits: 5 as 8 }));
      await probe.see('3 stop bits', () => port.open({ baudRate: 9600, stopBits: 3 as 2 }));
      await probe.see('buffer 0', () => port.open({ baudRate: 9600, bufferSize: 0 }));
      await probe.see('buffer 2^25', () => port.open({ baudRate: 9600, bufferSize: 2 ** 25 }));
    },
  },
  {
    name: 'serial: opened twice, closed twice',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.port();
      const opening = probe.see('open', () => port.open({ baudRate: 115_200 }));
      await probe.see('open at once', () => port.open({ baudRate: 115_200 }));
      await opening;
      await probe.see('open again', () => port.open({ baudRate: 115_200 }));
      await probe.see('close', () => port.close());
      probe.log.push(`streams: ${port.readable} ${port.writable}`);
      await probe.see('close', () => port.close());
    },
  },
  {
    name: 'serial: closed with a locked stream',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const reader = port.readable?.getReader();
      await probe.see('close with a reader', () => port.close());
      reader?.releaseLock();
      const writer = port.writable?.getWriter();
      await probe.see('close with a writer', () => port.close());
      writer?.releaseLock();
      await probe.see('close', () => port.close());
    },
  },
  {
    name: 'serial: the port is in use elsewhere',
    unit: { ...SERIAL, faults: [{ fault: 'busy' }] },
    async look() {
      const { probe } = window;
      const port = await probe.port();
      await probe.see('open', () => port.open({ baudRate: 115_200 }));
      await probe.clearFaults();
      await probe.see('open again', () => port.open({ baudRate: 115_200 }));
      await port.close();
    },
  },
  {
    name: 'serial: signals',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      await probe.see('getSignals', () => port.getSignals());
      await probe.see('none', () => port.setSignals({}));
      await probe.see('break', () => port.setSignals({ break: true }));
      await port.close();
    },
  },
  {
    name: 'serial: question and answer',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await probe.see('write', async () => writer?.write(Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66)));
      await probe.see('read', async () => reader?.read());
      await probe.see('write text', async () => writer?.write('text' as unknown as Uint8Array));
      probe.log.push(`streams: ${port.readable !== null} ${port.writable !== null}`);
    },
  },
  {
    name: 'serial: octets FF',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await writer?.write(Uint8Array.of(0x00, 0xc1, 0x01, 0xfb, 0xfc, 0x1c));
      await probe.see('read', async () => reader?.read());
    },
  },
  ...(['BreakError', 'ParityError', 'FramingError'] as const).map(
    (error): Behaviour => ({
      name: `serial: the line says ${error}`,
      unit: { ...SERIAL, faults: [{ fault: 'line error', error }] },
      async look() {
        const { probe } = window;
        const port = await probe.opened();
        const writer = port.writable?.getWriter();
        const ask = Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66);
        const { readable } = port;
        const reader = readable?.getReader();
        await writer?.write(ask);
        await probe.see('read', async () => reader?.read());
        reader?.releaseLock();
        probe.log.push(`another stream: ${port.readable !== null && port.readable !== readable}`);
        const next = port.readable?.getReader();
        await writer?.write(ask);
        await probe.see('read', async () => next?.read());
      },
    }),
  ),
  {
    name: 'serial: an overrun of the line',
    unit: { ...SERIAL, faults: [{ fault: 'line error', error: 'BufferOverrunError' }] },
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await writer?.write(Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66));
      const late = probe.sleep(700).then(() => 'nothing came');
      await probe.see('read', async () => Promise.race([reader?.read(), late]));
    },
  },
  {
    name: 'serial: more arrives than the buffer of 255 octets holds, and nobody reads',
    unit: { ...SERIAL, bootText: 'x'.repeat(3000) },
    async look() {
      const { probe } = window;
      const port = await probe.port();
      await port.open({ baudRate: 115_200, bufferSize: 255 });
      await port.setSignals({ dataTerminalReady: false, requestToSend: true });
      const { readable } = port;
      await port.setSignals({ dataTerminalReady: true, requestToSend: true });
      await probe.sleep(300);
      const reader = readable?.getReader();
      let octets = 0;
      await probe.see('read all', async () => {
        while (octets < 3000) {
          const more = await Promise.race([reader?.read(), probe.sleep(500)]);
          if (!more || more.done) break;
          octets += more.value.length;
        }
        return octets >= 3000 ? 'everything' : 'not all';
      });
    },
  },
  {
    name: 'serial: unplugged while a read is open',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      probe.watch();
      port.addEventListener('disconnect', () => probe.log.push('event disconnect at the port'));
      const reader = port.readable?.getReader();
      const reading = probe.see('read', async () => reader?.read());
      await probe.sleep(50);
      await probe.unplug();
      await reading;
      await probe.sleep(400);
      probe.log.push(`streams: ${port.readable} ${port.writable}`, `connected: ${port.connected}`);
    },
  },
  {
    name: 'serial: calls after the disconnect event',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await probe.unplug();
      await probe.sleep(400);
      await probe.see('write', async () => writer?.write(Uint8Array.of(1)));
      await probe.see('read', async () => reader?.read());
      await probe.see('getSignals', () => port.getSignals());
      writer?.releaseLock();
      reader?.releaseLock();
      await probe.see('close', () => port.close());
      await probe.see('open', () => port.open({ baudRate: 115_200 }));
      probe.log.push(`ports: ${(await navigator.serial.getPorts()).length}`);
    },
  },
  {
    name: 'serial: plugged in again',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const before = await probe.port();
      probe.log.push(`the same: ${before === (await probe.port())}`);
      probe.watch();
      await probe.unplug();
      await probe.sleep(300);
      await probe.plug();
      await probe.sleep(400);
      probe.log.push(`the same after: ${before === (await probe.port())}`);
    },
  },
  {
    name: 'serial: cancelled and closed with a read open',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const reader = port.readable?.getReader();
      const reading = probe.see('read', async () => reader?.read());
      await probe.see('cancel', async () => reader?.cancel());
      await reading;
      reader?.releaseLock();
      await probe.see('close', () => port.close());
      await probe.see('open', () => port.open({ baudRate: 115_200 }));
      await port.close();
    },
  },
  {
    name: 'serial: faulty filters',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      await probe.see('empty', () => navigator.serial.requestPort({ filters: [{}] }));
      await probe.see('product', () => navigator.serial.requestPort({ filters: [{ usbProductId: 1 }] }));
    },
  },
];
