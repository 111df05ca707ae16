// Simulated Web Serial is as strict as Chromium's (Blink's serial.cc and serial_port.cc): options, streams, signals, lost devices.
import { describe, expect, it } from 'vitest';
import type { LineError } from '#device-sim/unit/faults.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { fromAscii } from '#protocol/bytes/text.ts';
import { createDesk, type Desk, failure, nextEvent, UNIT, UNIT_SN } from './support.ts';

const SERIAL = { ...UNIT, link: 'serial' } as const;
/** S(RESYNCH) request and response, docs/protocol.md clause 5.1. */
const RESYNCH = fromHex('00C000 0C66');
const RESYNCHED = '00E0002F55';

async function chosen(desk: Desk): Promise<SerialPort> {
  desk.control.nextChoice(UNIT_SN);
  return await desk.serial.requestPort();
}

async function opened(desk: Desk, options: Partial<SerialOptions> = {}): Promise<SerialPort> {
  const port = await chosen(desk);
  await port.open({ baudRate: 115_200, bufferSize: 16_384, ...options });
  await port.setSignals({ dataTerminalReady: true, requestToSend: true });
  return port;
}

async function write(port: SerialPort, bytes: Uint8Array): Promise<void> {
  const writer = port.writable?.getWriter();
  await writer?.write(bytes);
  writer?.releaseLock();
}

/** What comes within a moment. */
async function hear(port: SerialPort): Promise<string> {
  const reader = port.readable?.getReader();
  const nothing = new Promise<undefined>((resolve) => setTimeout(resolve, 20));
  const result = await Promise.race([reader?.read(), nothing]);
  const text = toHex(result?.value ?? concat());
  if (result === undefined) await reader?.cancel();
  reader?.releaseLock();
  return text;
}

describe('requestPort', () => {
  it('wants a gesture, honours filters and fails with NotFoundError without a choice', async () => {
    const desk = createDesk([SERIAL, { ...UNIT, sn: '08', link: 'usb' }]);
    desk.gesture = false;
    expect(await failure(desk.serial.requestPort())).toBe(
      "SecurityError: Failed to execute 'requestPort' on 'Serial': Must be handling a user gesture to show a permission request.",
    );
    desk.gesture = true;
    const none = "NotFoundError: Failed to execute 'requestPort' on 'Serial': No port selected by the user.";
    desk.control.nextChoice('cancel');
    expect(await failure(desk.serial.requestPort({ filters: [] }))).toBe(none);
    desk.control.nextChoice(UNIT_SN);
    expect(await failure(desk.serial.requestPort({ filters: [{ usbVendorId: 0x2341 }] }))).toBe(none);
    expect(desk.shown.map((candidates) => candidates.length)).toEqual([1, 0]);
    expect(await failure(desk.serial.requestPort({ filters: [{}] }))).toMatch(/^TypeError/);
    expect(await failure(desk.serial.requestPort({ filters: [{ usbProductId: 1 }] }))).toMatch(/^TypeError/);
    desk.control.nextChoice(UNIT_SN);
    const port = await desk.serial.requestPort({ filters: [{ usbVendorId: 0x1209, usbProductId: 1 }] });
    expect(port.getInfo()).toEqual({ usbVendorId: 0x1209, usbProductId: 1 });
    expect(await desk.serial.getPorts()).toEqual([port]);
  });
});

describe('a port', () => {
  it('has no streams before it is open and after it is closed', async () => {
    const port = await chosen(createDesk([SERIAL]));
    expect([port.readable, port.writable]).toEqual([null, null]);
    await port.open({ baudRate: 115_200 });
    expect(port.readable).toBe(port.readable);
    expect(port.readable).toBeInstanceOf(ReadableStream);
    expect(port.writable).toBeInstanceOf(WritableStream);
    await port.close();
    expect([port.readable, port.writable]).toEqual([null, null]);
  });

  it('opens and closes once', async () => {
    const port = await chosen(createDesk([SERIAL]));
    expect(await failure(port.close())).toMatch(/^InvalidStateError: .*The port is already closed\.$/);
    expect(await failure(port.setSignals({ dataTerminalReady: true }))).toMatch(
      /^InvalidStateError: .*The port is closed\.$/,
    );
    expect(await failure(port.getSignals())).toMatch(/^InvalidStateError/);
    const opening = port.open({ baudRate: 115_200 });
    expect(await failure(port.open({ baudRate: 115_200 }))).toMatch(/^InvalidStateError: .*already in progress\.$/);
    await opening;
    expect(await failure(port.open({ baudRate: 115_200 }))).toMatch(
      /^InvalidStateError: .*The port is already open\.$/,
    );
    await port.close();
    await port.open({ baudRate: 115_200 });
  });

  it.each<[string, SerialOptions]>([
    ['no baud rate', { baudRate: 0 }],
    ['no buffer', { baudRate: 9600, bufferSize: 0 }],
    ['a buffer beyond 16 MiB', { baudRate: 9600, bufferSize: 16 * 1024 * 1024 + 1 }],
    ['six data bits', { baudRate: 9600, dataBits: 6 as 7 }],
    ['three stop bits', { baudRate: 9600, stopBits: 3 as 2 }],
  ])('refuses %s', async (_what, options) => {
    expect(await failure((await chosen(createDesk([SERIAL]))).open(options))).toMatch(/^TypeError/);
  });

  it('cannot be closed while a stream is locked', async () => {
    const port = await opened(createDesk([SERIAL]));
    const reader = port.readable?.getReader();
    expect(await failure(port.close())).toMatch(/^TypeError: .*Cannot cancel a locked stream$/);
    reader?.releaseLock();
    const writer = port.writable?.getWriter();
    expect(await failure(port.close())).toMatch(/^TypeError: .*Cannot abort a locked stream$/);
    writer?.releaseLock();
    await port.close();
  });

  it('takes octets only', async () => {
    const port = await opened(createDesk([SERIAL]));
    const writer = port.writable?.getWriter();
    expect(await failure(Promise.resolve(writer?.write('text' as unknown as Uint8Array)))).toMatch(/^TypeError/);
  });

  it('wants signals to set, and tells its own', async () => {
    const port = await opened(createDesk([SERIAL]));
    expect(await failure(port.setSignals({}))).toMatch(/^TypeError: .*at least one member/);
    expect(await port.getSignals()).toMatchObject({ clearToSend: true, dataSetReady: true });
  });

  it.each(['busy', 'driver missing', 'access denied'] as const)('that is %s fails to open', async (fault) => {
    const port = await chosen(createDesk([{ ...SERIAL, faults: [{ fault }] }]));
    expect(await failure(port.open({ baudRate: 115_200 }))).toBe(
      "NetworkError: Failed to execute 'open' on 'SerialPort': Failed to open serial port.",
    );
  });

  it('is gone from the list after forget', async () => {
    const desk = createDesk([SERIAL]);
    const port = await opened(desk);
    await port.forget();
    expect([port.readable, await desk.serial.getPorts()]).toEqual([null, []]);
  });
});

describe('a unit on the line', () => {
  it('answers once DTR and RTS are set', async () => {
    const port = await chosen(createDesk([SERIAL]));
    await port.open({ baudRate: 115_200 });
    await write(port, RESYNCH);
    expect(await hear(port)).toBe('');
    await port.setSignals({ dataTerminalReady: true });
    await write(port, RESYNCH);
    expect(await hear(port)).toBe('');
    await port.setSignals({ requestToSend: true });
    await write(port, RESYNCH);
    expect(await hear(port)).toBe(RESYNCHED);
  });

  it('hears nothing at another rate or parity', async () => {
    for (const options of [{ baudRate: 9600 }, { parity: 'even' as const }]) {
      const port = await opened(createDesk([SERIAL]), options);
      await write(port, RESYNCH);
      expect(await hear(port)).toBe('');
    }
    const port = await opened(createDesk([{ ...SERIAL, baudRate: 9600, parity: 'even', waitsForSignals: false }]), {
      baudRate: 9600,
      parity: 'even',
    });
    await write(port, RESYNCH);
    expect(await hear(port)).toBe(RESYNCHED);
  });

  it('may write a boot text when DTR rises', async () => {
    const port = await opened(createDesk([{ ...SERIAL, bootText: 'boot 1.0\r\n' }]));
    expect(fromAscii(fromHex(await hear(port)))).toBe('boot 1.0\r\n');
  });

  it('overruns a buffer that is too small: what fits is read, then the error, then a new stream', async () => {
    const port = await opened(createDesk([SERIAL]), { bufferSize: 8 });
    const first = port.readable;
    await write(port, RESYNCH);
    await write(port, RESYNCH);
    const reader = first?.getReader();
    expect(toHex((await reader?.read())?.value ?? concat())).toBe(RESYNCHED);
    expect(toHex((await reader?.read())?.value ?? concat())).toBe(RESYNCHED.slice(0, 6));
    expect(await failure(Promise.resolve(reader?.read()))).toBe('BufferOverrunError: Buffer overrun');
    expect(port.readable).not.toBe(first);
    await write(port, RESYNCH);
    expect(await hear(port)).toBe(RESYNCHED);
  });

  it.each<[LineError, ParityType]>([
    ['BufferOverrunError', 'none'],
    ['BreakError', 'none'],
    ['FramingError', 'none'],
    ['ParityError', 'even'],
  ])('may meet a %s', async (error, parity) => {
    const desk = createDesk([{ ...SERIAL, parity }]);
    const port = await opened(desk, { parity });
    desk.control.fault(UNIT_SN, { fault: 'line error', error });
    const reader = port.readable?.getReader();
    const reading = failure(Promise.resolve(reader?.read()));
    await write(port, RESYNCH);
    expect(await reading).toMatch(new RegExp(`^${error}: `));
    await write(port, RESYNCH);
    expect(await hear(port)).toBe(RESYNCHED);
  });
});

describe('a line without parity', () => {
  it('carries an octet whose parity was spoilt', async () => {
    const desk = createDesk([SERIAL]);
    const port = await opened(desk);
    desk.control.fault(UNIT_SN, { fault: 'line error', error: 'ParityError' });
    await write(port, RESYNCH);
    expect(await hear(port)).toBe('55');
  });
});

describe('a port that is unplugged', () => {
  it('fails an open read first, and tells of it a little later, at the port and at Serial', async () => {
    const desk = createDesk([SERIAL], { eventDelay: 20 });
    const port = await opened(desk);
    const order: string[] = [];
    const reader = port.readable?.getReader();
    const reading = failure(Promise.resolve(reader?.read())).then((text) => {
      order.push('read');
      return text;
    });
    port.addEventListener('disconnect', () => order.push('port'));
    desk.serial.addEventListener('disconnect', (event) =>
      order.push(event.target === port ? 'serial' : 'another target'),
    );
    desk.control.unplug(UNIT_SN);
    expect(await reading).toBe('NetworkError: The device has been lost.');
    expect([port.readable, port.connected]).toEqual([null, true]);
    await nextEvent(desk.serial, 'disconnect');
    expect(order).toEqual(['read', 'port', 'serial']);
    expect([port.connected, await desk.serial.getPorts()]).toEqual([false, []]);
  });

  it('stays open until it is closed: it takes one write, which goes nowhere, and refuses the rest', async () => {
    const desk = createDesk([SERIAL]);
    const port = await opened(desk);
    const { readable } = port;
    const writer = port.writable?.getWriter();
    desk.control.unplug(UNIT_SN);
    await nextEvent(desk.serial, 'disconnect');
    expect(port.readable).toBe(readable); // nobody has read yet
    const lost = 'NetworkError: The device has been lost.';
    const reader = readable?.getReader();
    expect(await failure(Promise.resolve(reader?.read()))).toBe(lost);
    reader?.releaseLock();
    await writer?.write(RESYNCH);
    expect(await failure(Promise.resolve(writer?.write(RESYNCH)))).toBe(lost);
    writer?.releaseLock();
    expect([port.readable, port.writable]).toEqual([null, null]);
    expect(await failure(port.getSignals())).toMatch(/^NetworkError: .*Failed to get control signals\.$/);
    expect(await failure(port.open({ baudRate: 115_200 }))).toMatch(/^InvalidStateError: .*already open\.$/);
    await port.close();
    expect(await failure(port.open({ baudRate: 115_200 }))).toMatch(/^NetworkError/);
  });

  it('comes back as another port, which a page that was permitted is told of', async () => {
    const desk = createDesk([SERIAL]);
    const port = await opened(desk);
    desk.control.unplug(UNIT_SN);
    await nextEvent(desk.serial, 'disconnect');
    const back = nextEvent(desk.serial, 'connect');
    desk.control.plug(UNIT_SN);
    const [again] = await desk.serial.getPorts();
    expect((await back).target).toBe(again);
    expect(again).not.toBe(port);
    await again?.open({ baudRate: 115_200 });
  });
});
