// The behaviours of a browser's serial interface.
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Behaviour } from './behaviour.ts';

const SERIAL: Partial<UnitDescription> = { link: 'serial' };

export const SERIAL_BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'serial: calls before open',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.port();
      probe.log.push(`streams: ${port.readable} ${port.writable}`, `connected: ${port.connected}`);
      await probe.record('info', async () => port.getInfo());
      await probe.record('close', () => port.close());
      await probe.record('getSignals', () => port.getSignals());
      await probe.record('setSignals', () => port.setSignals({ dataTerminalReady: true }));
    },
  },
  {
    name: 'serial: invalid options',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.port();
      await probe.record('baud rate 0', () => port.open({ baudRate: 0 }));
      await probe.record('5 data bits', () => port.open({ baudRate: 9600, dataBits: 5 as 8 }));
      await probe.record('3 stop bits', () => port.open({ baudRate: 9600, stopBits: 3 as 2 }));
      await probe.record('buffer 0', () => port.open({ baudRate: 9600, bufferSize: 0 }));
      await probe.record('buffer 2^25', () => port.open({ baudRate: 9600, bufferSize: 2 ** 25 }));
    },
  },
  {
    name: 'serial: open twice, close twice',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.port();
      const opening = probe.record('open', () => port.open({ baudRate: 115_200 }));
      await probe.record('open at once', () => port.open({ baudRate: 115_200 }));
      await opening;
      await probe.record('open again', () => port.open({ baudRate: 115_200 }));
      await probe.record('close', () => port.close());
      probe.log.push(`streams: ${port.readable} ${port.writable}`);
      await probe.record('close', () => port.close());
    },
  },
  {
    name: 'serial: close with a locked stream',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const reader = port.readable?.getReader();
      await probe.record('close with a reader', () => port.close());
      reader?.releaseLock();
      const writer = port.writable?.getWriter();
      await probe.record('close with a writer', () => port.close());
      writer?.releaseLock();
      await probe.record('close', () => port.close());
    },
  },
  {
    name: 'serial: the port is in use by another program',
    unit: { ...SERIAL, faults: [{ fault: 'busy' }] },
    async run() {
      const { probe } = window;
      const port = await probe.port();
      await probe.record('open', () => port.open({ baudRate: 115_200 }));
      await probe.clearFaults();
      await probe.record('open again', () => port.open({ baudRate: 115_200 }));
      await port.close();
    },
  },
  {
    name: 'serial: signals',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      await probe.record('getSignals', () => port.getSignals());
      await probe.record('none', () => port.setSignals({}));
      await probe.record('break', () => port.setSignals({ break: true }));
      await port.close();
    },
  },
  {
    name: 'serial: command and response',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await probe.record('write', async () => writer?.write(probe.RESYNCH));
      await probe.record('read', async () => reader?.read());
      await probe.record('write text', async () => writer?.write('text' as unknown as Uint8Array));
      probe.log.push(`streams: ${port.readable !== null} ${port.writable !== null}`);
    },
  },
  {
    name: 'serial: bytes FF',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await writer?.write(Uint8Array.of(0x00, 0xc1, 0x01, 0xfb, 0xfc, 0x1c));
      await probe.record('read', async () => reader?.read());
    },
  },
  {
    name: 'serial: ParityError on a line with parity',
    unit: { ...SERIAL, parity: 'even', faults: [{ fault: 'line error', error: 'ParityError' }] },
    async run() {
      const { probe } = window;
      await probe.readTwice(await probe.opened('even'));
    },
  },
  ...(['BreakError', 'ParityError', 'FramingError'] as const).map(
    (error): Behaviour => ({
      name: error === 'ParityError' ? 'serial: ParityError on a line without parity' : `serial: ${error}`,
      unit: { ...SERIAL, faults: [{ fault: 'line error', error }] },
      async run() {
        const { probe } = window;
        await probe.readTwice(await probe.opened());
      },
    }),
  ),
  {
    name: 'serial: BufferOverrunError',
    unit: { ...SERIAL, faults: [{ fault: 'line error', error: 'BufferOverrunError' }] },
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await writer?.write(probe.RESYNCH);
      const timeout = probe.sleep(3000).then(() => 'timeout');
      await probe.record('read', async () => Promise.race([reader?.read(), timeout]));
    },
  },
  {
    name: 'serial: more bytes than the buffer of 255 bytes, without a read',
    unit: { ...SERIAL, bootText: 'x'.repeat(3000) },
    async run() {
      const { probe } = window;
      const port = await probe.port();
      await port.open({ baudRate: 115_200, bufferSize: 255 });
      await port.setSignals({ dataTerminalReady: false, requestToSend: true });
      const { readable } = port;
      await port.setSignals({ dataTerminalReady: true, requestToSend: true });
      await probe.sleep(300);
      const reader = readable?.getReader();
      let received = 0;
      await probe.record('read all', async () => {
        while (received < 3000) {
          const more = await Promise.race([reader?.read(), probe.sleep(3000)]);
          if (!more || more.done) break;
          received += more.value.length;
        }
        return received >= 3000 ? 'all bytes' : 'not all bytes';
      });
    },
  },
  {
    name: 'serial: unplug during a read',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      probe.watch();
      port.addEventListener('disconnect', () => probe.log.push('event disconnect at the port'));
      const reader = port.readable?.getReader();
      const reading = probe.record('read', async () => reader?.read());
      await probe.sleep(50);
      await probe.unplug();
      await reading;
      await probe.nextEvent('disconnect');
      probe.log.push(`streams: ${port.readable} ${port.writable}`, `connected: ${port.connected}`);
    },
  },
  {
    name: 'serial: unplug of an open, idle port',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const { readable, writable } = port;
      probe.watch();
      await probe.unplug();
      await probe.nextEvent('disconnect');
      probe.log.push(`the same streams: ${port.readable === readable} ${port.writable === writable}`);
      await probe.record('read', async () => readable?.getReader().read());
      const writer = writable?.getWriter();
      await probe.record('write', async () => writer?.write(Uint8Array.of(1)));
      await writer?.closed.catch(() => undefined);
      probe.log.push(`streams: ${port.readable} ${port.writable}`);
      await probe.record('close', () => port.close());
    },
  },
  {
    name: 'serial: unplug during a write',
    unit: { ...SERIAL, faults: [{ fault: 'unplug', direction: 'out', after: 3 }] },
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      probe.watch();
      await probe.record('write', async () => writer?.write(probe.RESYNCH));
      await probe.record('read', async () => reader?.read());
      await probe.nextEvent('disconnect');
      probe.log.push(`connected: ${port.connected}`);
    },
  },
  {
    name: 'serial: calls after the disconnect event',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const [writer, reader] = [port.writable?.getWriter(), port.readable?.getReader()];
      await probe.unplug();
      await probe.nextEvent('disconnect');
      await probe.record('write', async () => writer?.write(Uint8Array.of(1)));
      await probe.record('read', async () => reader?.read());
      await writer?.closed.catch(() => undefined);
      await probe.record('write again', async () => writer?.write(Uint8Array.of(1)));
      await probe.record('getSignals', () => port.getSignals());
      await probe.record('setSignals', () => port.setSignals({ dataTerminalReady: true }));
      await probe.record('open', () => port.open({ baudRate: 115_200 }));
      writer?.releaseLock();
      reader?.releaseLock();
      await probe.record('close', () => port.close());
      await probe.record('open', () => port.open({ baudRate: 115_200 }));
      probe.log.push(`ports: ${(await navigator.serial.getPorts()).length}`);
    },
  },
  {
    name: 'serial: plugged in again',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const before = await probe.port();
      probe.log.push(`the same: ${before === (await probe.port())}`);
      probe.watch();
      await probe.unplug();
      await probe.nextEvent('disconnect');
      await probe.plug();
      await probe.nextEvent('connect');
      probe.log.push(`the same after: ${before === (await probe.port())}`);
    },
  },
  {
    name: 'serial: cancel and close during a read',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      const port = await probe.opened();
      const reader = port.readable?.getReader();
      const reading = probe.record('read', async () => reader?.read());
      await probe.record('cancel', async () => reader?.cancel());
      await reading;
      reader?.releaseLock();
      await probe.record('close', () => port.close());
      await probe.record('open', () => port.open({ baudRate: 115_200 }));
      await port.close();
    },
  },
  {
    name: 'serial: invalid filters',
    unit: SERIAL,
    async run() {
      const { probe } = window;
      await probe.record('empty', () => navigator.serial.requestPort({ filters: [{}] }));
      await probe.record('product', () => navigator.serial.requestPort({ filters: [{ usbProductId: 1 }] }));
    },
  },
];
