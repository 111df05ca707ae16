// Simulated Web Serial behaves like Web Serial in Chromium (serial.cc and serial_port.cc of Blink):
// options, streams, signals and lost devices.
import { describe, expect, it } from 'vitest';
import type { LineError } from '#device-sim/unit/faults.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { fromAscii } from '#protocol/bytes/text.ts';
import { createBrowser, failure, nextEvent, type SimulatedBrowser, UNIT, UNIT_SN } from './simulated-browser.ts';

const SERIAL = { ...UNIT, link: 'serial' } as const;
/** S(RESYNCH request) and S(RESYNCH response), docs/protocol.md clause 5.1. */
const RESYNCH = fromHex('00C000 0C66');
const RESYNCHED = '00E0002F55';

async function chosen(browser: SimulatedBrowser): Promise<SerialPort> {
  browser.control.nextChoice(UNIT_SN);
  return await browser.serial.requestPort();
}

async function opened(browser: SimulatedBrowser, options: Partial<SerialOptions> = {}): Promise<SerialPort> {
  const port = await chosen(browser);
  await port.open({ baudRate: 115_200, bufferSize: 16_384, ...options });
  await port.setSignals({ dataTerminalReady: true, requestToSend: true });
  return port;
}

async function write(port: SerialPort, bytes: Uint8Array): Promise<void> {
  const writer = port.writable?.getWriter();
  await writer?.write(bytes);
  writer?.releaseLock();
}

/** Reads for at most 20 ms. @returns the bytes in hex; an empty string if none arrive */
async function read(port: SerialPort): Promise<string> {
  const reader = port.readable?.getReader();
  const nothing = new Promise<undefined>((resolve) => setTimeout(resolve, 20));
  const result = await Promise.race([reader?.read(), nothing]);
  const hex = toHex(result?.value ?? concat());
  if (result === undefined) await reader?.cancel();
  reader?.releaseLock();
  return hex;
}

describe('requestPort', () => {
  it('requires a user gesture, applies filters and fails with NotFoundError without a choice', async () => {
    const browser = createBrowser([SERIAL, { ...UNIT, sn: '08', link: 'usb' }]);
    browser.gesture = false;
    expect(await failure(browser.serial.requestPort())).toBe(
      "SecurityError: Failed to execute 'requestPort' on 'Serial': Must be handling a user gesture to show a permission request.",
    );
    browser.gesture = true;
    const none = "NotFoundError: Failed to execute 'requestPort' on 'Serial': No port selected by the user.";
    browser.control.nextChoice('cancel');
    expect(await failure(browser.serial.requestPort({ filters: [] }))).toBe(none);
    browser.control.nextChoice(UNIT_SN);
    expect(await failure(browser.serial.requestPort({ filters: [{ usbVendorId: 0x2341 }] }))).toBe(none);
    expect(browser.shown.map((candidates) => candidates.length)).toEqual([1, 0]);
    expect(await failure(browser.serial.requestPort({ filters: [{}] }))).toMatch(/^TypeError/);
    expect(await failure(browser.serial.requestPort({ filters: [{ usbProductId: 1 }] }))).toMatch(/^TypeError/);
    browser.control.nextChoice(UNIT_SN);
    const port = await browser.serial.requestPort({ filters: [{ usbVendorId: 0x1209, usbProductId: 1 }] });
    expect(port.getInfo()).toEqual({ usbVendorId: 0x1209, usbProductId: 1 });
    expect(await browser.serial.getPorts()).toEqual([port]);
  });
});

describe('a port', () => {
  it('has no streams before it is opened and after it is closed', async () => {
    const port = await chosen(createBrowser([SERIAL]));
    expect([port.readable, port.writable]).toEqual([null, null]);
    await port.open({ baudRate: 115_200 });
    expect(port.readable).toBe(port.readable);
    expect(port.readable).toBeInstanceOf(ReadableStream);
    expect(port.writable).toBeInstanceOf(WritableStream);
    await port.close();
    expect([port.readable, port.writable]).toEqual([null, null]);
  });

  it('cannot be opened while it is open, or closed while it is closed', async () => {
    const port = await chosen(createBrowser([SERIAL]));
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
    expect(await failure((await chosen(createBrowser([SERIAL]))).open(options))).toMatch(/^TypeError/);
  });

  it('cannot be closed while a stream is locked', async () => {
    const port = await opened(createBrowser([SERIAL]));
    const reader = port.readable?.getReader();
    expect(await failure(port.close())).toMatch(/^TypeError: .*Cannot cancel a locked stream$/);
    reader?.releaseLock();
    const writer = port.writable?.getWriter();
    expect(await failure(port.close())).toMatch(/^TypeError: .*Cannot abort a locked stream$/);
    writer?.releaseLock();
    await port.close();
  });

  it('accepts bytes only', async () => {
    const port = await opened(createBrowser([SERIAL]));
    const writer = port.writable?.getWriter();
    expect(await failure(Promise.resolve(writer?.write('text' as unknown as Uint8Array)))).toMatch(/^TypeError/);
  });

  it('requires at least one signal in setSignals(), and returns the signals of the unit', async () => {
    const port = await opened(createBrowser([SERIAL]));
    expect(await failure(port.setSignals({}))).toMatch(/^TypeError: .*at least one member/);
    expect(await port.getSignals()).toMatchObject({ clearToSend: true, dataSetReady: true });
  });

  it.each(['busy', 'driver missing', 'access denied'] as const)('fails to open with the fault "%s"', async (fault) => {
    const port = await chosen(createBrowser([{ ...SERIAL, faults: [{ fault }] }]));
    expect(await failure(port.open({ baudRate: 115_200 }))).toBe(
      "NetworkError: Failed to execute 'open' on 'SerialPort': Failed to open serial port.",
    );
  });

  it('is not listed after forget()', async () => {
    const browser = createBrowser([SERIAL]);
    const port = await opened(browser);
    await port.forget();
    expect([port.readable, await browser.serial.getPorts()]).toEqual([null, []]);
  });
});

describe('a unit on the line', () => {
  it('answers when DTR and RTS are set', async () => {
    const port = await chosen(createBrowser([SERIAL]));
    await port.open({ baudRate: 115_200 });
    await write(port, RESYNCH);
    expect(await read(port)).toBe('');
    await port.setSignals({ dataTerminalReady: true });
    await write(port, RESYNCH);
    expect(await read(port)).toBe('');
    await port.setSignals({ requestToSend: true });
    await write(port, RESYNCH);
    expect(await read(port)).toBe(RESYNCHED);
  });

  it('does not receive at another rate or parity', async () => {
    for (const options of [{ baudRate: 9600 }, { parity: 'even' as const }]) {
      const port = await opened(createBrowser([SERIAL]), options);
      await write(port, RESYNCH);
      expect(await read(port)).toBe('');
    }
    const port = await opened(createBrowser([{ ...SERIAL, baudRate: 9600, parity: 'even', waitsForSignals: false }]), {
      baudRate: 9600,
      parity: 'even',
    });
    await write(port, RESYNCH);
    expect(await read(port)).toBe(RESYNCHED);
  });

  it('can send a boot text when DTR rises', async () => {
    const port = await opened(createBrowser([{ ...SERIAL, bootText: 'boot 1.0\r\n' }]));
    expect(fromAscii(fromHex(await read(port)))).toBe('boot 1.0\r\n');
  });

  it('can overrun a small buffer: a read returns the bytes that fit, the next read fails, and a new stream continues', async () => {
    const port = await opened(createBrowser([SERIAL]), { bufferSize: 8 });
    const first = port.readable;
    await write(port, RESYNCH);
    await write(port, RESYNCH);
    const reader = first?.getReader();
    expect(toHex((await reader?.read())?.value ?? concat())).toBe(RESYNCHED);
    expect(toHex((await reader?.read())?.value ?? concat())).toBe(RESYNCHED.slice(0, 6));
    expect(await failure(Promise.resolve(reader?.read()))).toBe('BufferOverrunError: Buffer overrun');
    expect(port.readable).not.toBe(first);
    await write(port, RESYNCH);
    expect(await read(port)).toBe(RESYNCHED);
  });

  it.each<[LineError, ParityType]>([
    ['BufferOverrunError', 'none'],
    ['BreakError', 'none'],
    ['FramingError', 'none'],
    ['ParityError', 'even'],
  ])('can fail with a %s', async (error, parity) => {
    const browser = createBrowser([{ ...SERIAL, parity }]);
    const port = await opened(browser, { parity });
    browser.control.fault(UNIT_SN, { fault: 'line error', error });
    const reader = port.readable?.getReader();
    const reading = failure(Promise.resolve(reader?.read()));
    await write(port, RESYNCH);
    expect(await reading).toMatch(new RegExp(`^${error}: `));
    await write(port, RESYNCH);
    expect(await read(port)).toBe(RESYNCHED);
  });
});

describe('a line without parity', () => {
  it('delivers a byte with a parity error', async () => {
    const browser = createBrowser([SERIAL]);
    const port = await opened(browser);
    browser.control.fault(UNIT_SN, { fault: 'line error', error: 'ParityError' });
    await write(port, RESYNCH);
    expect(await read(port)).toBe('55');
  });
});

describe('an unplugged port', () => {
  it('fails a pending read first, and then dispatches disconnect at the port and at Serial', async () => {
    const browser = createBrowser([SERIAL], { eventDelay: 20 });
    const port = await opened(browser);
    const order: string[] = [];
    const reader = port.readable?.getReader();
    const reading = failure(Promise.resolve(reader?.read())).then((text) => {
      order.push('read');
      return text;
    });
    port.addEventListener('disconnect', () => order.push('port'));
    browser.serial.addEventListener('disconnect', (event) =>
      order.push(event.target === port ? 'serial' : 'another target'),
    );
    browser.control.unplug(UNIT_SN);
    expect(await reading).toBe('NetworkError: The device has been lost.');
    expect([port.readable, port.connected]).toEqual([null, true]);
    await nextEvent(browser.serial, 'disconnect');
    expect(order).toEqual(['read', 'port', 'serial']);
    expect([port.connected, await browser.serial.getPorts()]).toEqual([false, []]);
  });

  it('remains open until close(): the first write is lost and the second fails', async () => {
    const browser = createBrowser([SERIAL]);
    const port = await opened(browser);
    const { readable } = port;
    const writer = port.writable?.getWriter();
    browser.control.unplug(UNIT_SN);
    await nextEvent(browser.serial, 'disconnect');
    expect(port.readable).toBe(readable); // no read has failed yet
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

  it('is a new port when it is plugged in again, and a permitted port dispatches connect', async () => {
    const browser = createBrowser([SERIAL]);
    const port = await opened(browser);
    browser.control.unplug(UNIT_SN);
    await nextEvent(browser.serial, 'disconnect');
    const back = nextEvent(browser.serial, 'connect');
    browser.control.plug(UNIT_SN);
    const [again] = await browser.serial.getPorts();
    expect((await back).target).toBe(again);
    expect(again).not.toBe(port);
    await again?.open({ baudRate: 115_200 });
  });
});
