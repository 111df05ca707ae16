// The second half of the behaviours that behaviours.ts lists.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Behaviour } from './behaviours.ts';

const USB: Partial<UnitDescription> = { link: 'usb', configured: true };
const SERIAL: Partial<UnitDescription> = { link: 'serial' };

export const MORE_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'USB: calls after the disconnect event',
    unit: USB,
    async look() {
      const { probe } = window;
      const unit = await probe.claimed();
      await probe.unplug();
      await probe.told('disconnect');
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
      await probe.told('disconnect');
      await probe.plug();
      await probe.told('connect');
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
  {
    name: 'serial: the line says ParityError, and has parity',
    unit: { ...SERIAL, parity: 'even', faults: [{ fault: 'line error', error: 'ParityError' }] },
    async look() {
      const { probe } = window;
      const port = await probe.opened('even');
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
      const late = probe.sleep(3000).then(() => 'nothing came');
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
          const more = await Promise.race([reader?.read(), probe.sleep(3000)]);
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
      await probe.told('disconnect');
      probe.log.push(`streams: ${port.readable} ${port.writable}`, `connected: ${port.connected}`);
    },
  },
  {
    name: 'serial: unplugged while it is open and nothing is asked',
    unit: SERIAL,
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const { readable, writable } = port;
      probe.watch();
      await probe.unplug();
      await probe.told('disconnect');
      probe.log.push(`the same streams: ${port.readable === readable} ${port.writable === writable}`);
      await probe.see('read', async () => readable?.getReader().read());
      const writer = writable?.getWriter();
      await probe.see('write', async () => writer?.write(Uint8Array.of(1)));
      await writer?.closed.catch(() => undefined);
      probe.log.push(`streams: ${port.readable} ${port.writable}`);
      await probe.see('close', () => port.close());
    },
  },
  {
    name: 'serial: unplugged by what is written',
    unit: { ...SERIAL, faults: [{ fault: 'unplug', direction: 'out', after: 3 }] },
    async look() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      probe.watch();
      await probe.see('write', async () => writer?.write(Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66)));
      await probe.see('read', async () => reader?.read());
      await probe.told('disconnect');
      probe.log.push(`connected: ${port.connected}`);
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
      await probe.told('disconnect');
      await probe.see('write', async () => writer?.write(Uint8Array.of(1)));
      await probe.see('read', async () => reader?.read());
      await writer?.closed.catch(() => undefined);
      await probe.see('write again', async () => writer?.write(Uint8Array.of(1)));
      await probe.see('getSignals', () => port.getSignals());
      await probe.see('setSignals', () => port.setSignals({ dataTerminalReady: true }));
      await probe.see('open', () => port.open({ baudRate: 115_200 }));
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
      await probe.told('disconnect');
      await probe.plug();
      await probe.told('connect');
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
