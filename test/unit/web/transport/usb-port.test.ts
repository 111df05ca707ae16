import { describe, expect, it } from 'vitest';
import type { Port } from '#protocol/framing/port.ts';
import { UnplugSignal } from '#web/transport/unplug-signal.ts';
import { findBulkInterface } from '#web/transport/usb-interface.ts';
import { openUsbPort } from '#web/transport/usb-port.ts';
import { FakeDevice, inResult, inTurn, ManualTimer, never, refusal, settled, usbInterface } from './fakes.ts';

interface TestSetup {
  readonly device: FakeDevice;
  readonly timer: ManualTimer;
  readonly unplugSignal: UnplugSignal;
  open(): Promise<Port>;
}

function setUp(device = new FakeDevice(usbInterface(0xff))): TestSetup {
  const timer = new ManualTimer();
  const unplugSignal = new UnplugSignal();
  const options = { platform: 'linux', unplugSignal, timer: timer.after } as const;
  return { device, timer, unplugSignal, open: () => openUsbPort(device, options) };
}

describe('findBulkInterface', () => {
  it('finds the vendor interface among others and its endpoints', () => {
    const device = new FakeDevice(
      usbInterface(0x0a, { number: 2 }),
      usbInterface(0xff, { number: 3, packetSize: 512 }),
    );
    expect(findBulkInterface(device)).toMatchObject({
      configurationValue: 1,
      interfaceNumber: 3,
      alternateSetting: 0,
      bulkIn: { endpointNumber: 1, packetSize: 512 },
      bulkOut: { endpointNumber: 2 },
    });
  });

  it('finds the vendor interface of a device that is also a smart card reader', () => {
    const device = new FakeDevice(usbInterface(0x0b), usbInterface(0xff, { number: 1 }));
    expect(findBulkInterface(device).interfaceNumber).toBe(1);
  });

  it('rejects a PC/SC reader with protected-class', () => {
    expect(() => findBulkInterface(new FakeDevice(usbInterface(0x0b)))).toThrow(
      expect.objectContaining({ code: 'protected-class' }),
    );
  });

  it('rejects a device without a vendor interface or without bulk endpoints', () => {
    const interrupt = usbInterface(0xff);
    const endpoints = interrupt.alternate.endpoints.map((endpoint) => ({ ...endpoint, type: 'interrupt' as const }));
    const alternate = { ...interrupt.alternate, endpoints };
    const devices = [
      new FakeDevice(usbInterface(0x0a)),
      new FakeDevice({ ...interrupt, alternate, alternates: [alternate] }),
      new FakeDevice(),
    ];
    for (const device of devices) {
      expect(() => findBulkInterface(device)).toThrow(expect.objectContaining({ code: 'no-interface' }));
    }
  });
});

describe('opening a USB port', () => {
  it('opens, configures and claims in this order', async () => {
    const { device, open } = setUp();
    await open();
    expect(device.calls).toEqual(['open', 'selectConfiguration 1', 'claimInterface 0']);
  });

  it('keeps a configuration that is already selected', async () => {
    const { device, open } = setUp();
    device.configuration = device.configurations[0] ?? null;
    await open();
    expect(device.calls).toEqual(['open', 'claimInterface 0']);
  });

  it('selects the alternate setting with the endpoints', async () => {
    const plain = usbInterface(0xff);
    const empty = { ...plain.alternate, endpoints: [] };
    const second = { ...plain.alternate, alternateSetting: 1 };
    const { device, open } = setUp(new FakeDevice({ ...plain, alternate: empty, alternates: [empty, second] }));
    await open();
    expect(device.calls).toContain('selectAlternateInterface 0 1');
  });

  it('does not open a device of a protected class', async () => {
    const { device, open } = setUp(new FakeDevice(usbInterface(0x0b)));
    await expect(open()).rejects.toMatchObject({ code: 'protected-class' });
    expect(device.calls).toEqual([]);
  });

  it('closes the device when another program has claimed the interface', async () => {
    const { device, timer, open } = setUp();
    device.on.claimInterface = refusal('NetworkError');
    const opening = expect(open()).rejects.toMatchObject({ code: 'device-busy' });
    await timer.advance(500);
    await opening;
    expect(device.calls.slice(-2)).toEqual(['releaseInterface 0', 'close']);
    expect(device.opened).toBe(false);
  });

  it('times out when the driver hangs', async () => {
    const { device, timer, open } = setUp();
    device.on.open = never;
    const opening = expect(open()).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await opening;
  });

  it('closes a device that opens after the timeout', async () => {
    const { device, timer, open } = setUp();
    let finish = (): void => undefined;
    device.on.open = () => new Promise<void>((resolve) => (finish = resolve));
    const opening = expect(open()).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await opening;
    finish();
    await settled();
    expect(device.opened).toBe(false);
    expect(device.calls).toEqual(['open', 'close']);
  });
});

describe('writing to a USB port', () => {
  it('sends each write as one transfer', async () => {
    const { device, open } = setUp();
    const sent: Uint8Array[] = [];
    device.on.transferOut = async (_endpoint, data) => void sent.push(data as Uint8Array);
    await (await open()).write(Uint8Array.of(1, 2, 3));
    expect(sent).toEqual([Uint8Array.of(1, 2, 3)]);
    expect(device.calls.at(-1)).toBe('transferOut 2');
  });

  it('clears a halt once and repeats the transfer', async () => {
    const { device, open } = setUp();
    device.on.transferOut = inTurn<USBOutTransferResult>(
      { status: 'stall', bytesWritten: 0 },
      { status: 'ok', bytesWritten: 1 },
    );
    await (await open()).write(Uint8Array.of(1));
    expect(device.calls.slice(-3)).toEqual(['transferOut 2', 'clearHalt out 2', 'transferOut 2']);
  });

  it.each<[string, USBOutTransferResult]>([
    ['a second halt', { status: 'stall', bytesWritten: 0 }],
    ['a short transfer', { status: 'ok', bytesWritten: 1 }],
  ])('rejects with link-garbled after %s', async (_why, result) => {
    const { device, open } = setUp();
    device.on.transferOut = async () => result;
    const port = await open();
    await expect(port.write(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'link-garbled' });
  });

  it('times out when the transfer hangs', async () => {
    const { device, timer, open } = setUp();
    device.on.transferOut = never;
    const port = await open();
    const writing = expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await writing;
  });
});

describe('reading from a USB port', () => {
  it.each([
    [8, 1320],
    [64, 1344],
    [512, 1536],
    [1024, 2048],
  ])('requests whole packets of %i bytes, in total more than the longest message', async (packetSize, length) => {
    const { device, open } = setUp(new FakeDevice(usbInterface(0xff, { packetSize })));
    device.on.transferIn = inTurn(inResult('ok', 7));
    expect(await (await open()).read(1000)).toEqual(Uint8Array.of(7));
    expect(device.calls.at(-1)).toBe(`transferIn 1 ${length}`);
  });

  it('keeps a transfer pending across a timeout and loses no bytes', async () => {
    const { device, timer, open } = setUp();
    let arrive: (result: USBInTransferResult) => void = () => undefined;
    device.on.transferIn = () => new Promise((resolve) => (arrive = resolve));
    const port = await open();
    const reading = port.read(100);
    await timer.advance(100);
    expect(await reading).toBeUndefined();
    arrive(inResult('ok', 1, 2));
    expect(await port.read(100)).toEqual(Uint8Array.of(1, 2));
    expect(device.calls.filter((call) => call.startsWith('transferIn'))).toHaveLength(1);
  });

  it('skips zero-length packets', async () => {
    const { device, open } = setUp();
    device.on.transferIn = inTurn<USBInTransferResult>(inResult('ok'), { status: 'ok' }, inResult('ok', 9));
    expect(await (await open()).read(100)).toEqual(Uint8Array.of(9));
  });

  it('clears a halt once and reads again', async () => {
    const { device, open } = setUp();
    device.on.transferIn = inTurn(inResult('stall'), inResult('ok', 5));
    expect(await (await open()).read(100)).toEqual(Uint8Array.of(5));
    expect(device.calls).toContain('clearHalt in 1');
  });

  it.each<[string, USBTransferStatus]>([
    ['a second halt', 'stall'],
    ['a babble', 'babble'],
  ])('rejects with link-garbled after %s', async (_why, status) => {
    const { device, open } = setUp();
    device.on.transferIn = async () => inResult(status);
    await expect((await open()).read(100)).rejects.toMatchObject({ code: 'link-garbled' });
  });

  it('reports an error that occurs between two reads to the next read', async () => {
    const { device, timer, unplugSignal, open } = setUp();
    let fail: (error: unknown) => void = () => undefined;
    device.on.transferIn = () => new Promise((_resolve, reject) => (fail = reject));
    const port = await open();
    const reading = port.read(10);
    await timer.advance(10);
    expect(await reading).toBeUndefined();
    fail(new DOMException('A transfer error has occurred.', 'NetworkError'));
    await timer.advance(0);
    unplugSignal.markUnplugged();
    await expect(port.read(10)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('ends a pending read when the unit is lost, without waiting for its transfer', async () => {
    const { device, unplugSignal, open } = setUp();
    device.on.transferIn = never;
    const port = await open();
    const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
    unplugSignal.markUnplugged();
    await reading;
  });

  it('refuses a second read while one is pending', async () => {
    const { device, open } = setUp();
    device.on.transferIn = never;
    const port = await open();
    void port.read(10);
    await expect(port.read(10)).rejects.toThrow(RangeError);
  });
});

describe('closing a USB port', () => {
  it('releases and closes only once', async () => {
    const { device, open } = setUp();
    const port = await open();
    await Promise.all([port.close(), port.close()]);
    await port.close();
    expect(device.calls.slice(3)).toEqual(['releaseInterface 0', 'close']);
  });

  it('ends the pending read and every later call with device-lost', async () => {
    const { device, open } = setUp();
    device.on.transferIn = never;
    const port = await open();
    const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
    await port.close();
    await reading;
    device.on.transferOut = refusal('InvalidStateError');
    await expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'device-lost' });
    await expect(port.read(10)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('ignores a refusal and times out when the device hangs', async () => {
    const { device, timer, open } = setUp();
    const port = await open();
    device.on.releaseInterface = refusal('NotFoundError');
    device.on.close = never;
    const closing = port.close();
    await timer.advance(2000);
    await closing;
  });
});
