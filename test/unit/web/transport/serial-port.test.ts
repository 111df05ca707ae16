import { describe, expect, it } from 'vitest';
import type { Port } from '#protocol/framing/port.ts';
import type { SerialSettings } from '#web/transport/device-profiles.ts';
import { openSerialPort } from '#web/transport/serial-port.ts';
import { UnplugSignal } from '#web/transport/unplug-signal.ts';
import { FakeLine, ManualTimer, never, refusal, settled } from './fakes.ts';

const SETTINGS: SerialSettings = { baudRate: 115_200, parity: 'none', edc: 'crc', bwtMs: 1000 };

interface TestSetup {
  readonly line: FakeLine;
  readonly timer: ManualTimer;
  readonly unplugSignal: UnplugSignal;
  open(settings?: SerialSettings): Promise<Port>;
}

function setUp(): TestSetup {
  const line = new FakeLine();
  const timer = new ManualTimer();
  const unplugSignal = new UnplugSignal();
  const options = { platform: 'linux', unplugSignal, timer: timer.after } as const;
  return { line, timer, unplugSignal, open: (settings = SETTINGS) => openSerialPort(line, settings, options) };
}

describe('opening a serial port', () => {
  it('requests a large buffer and the rate of the profile, and sets DTR and RTS', async () => {
    const { line, open } = setUp();
    await open({ ...SETTINGS, baudRate: 9600, parity: 'even' });
    expect(line.calls).toEqual(['open 9600 even 65536', 'setSignals true true']);
  });

  it('opens a line without modem signals', async () => {
    const { line, open } = setUp();
    line.on.setSignals = refusal('NetworkError');
    const port = await open();
    await port.write(Uint8Array.of(1));
    expect(line.written).toEqual([[1]]);
  });

  it.each([
    ['another tab has it open', 'InvalidStateError', 'device-busy'],
    ['another program has it open', 'NetworkError', 'device-busy'],
    ['the operating system forbids it', 'SecurityError', 'access-denied'],
  ])('rejects when %s', async (_why, name, code) => {
    const { line, timer, open } = setUp();
    line.on.open = refusal(name);
    const opening = expect(open()).rejects.toMatchObject({ code });
    await timer.advance(500);
    await opening;
    expect(line.calls).not.toContain('close');
  });

  it('times out when the driver hangs, and closes the port if it opens later', async () => {
    const { line, timer, open } = setUp();
    let answer = (): void => undefined;
    line.on.open = () => new Promise((resolve) => (answer = resolve));
    const opening = expect(open()).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await opening;
    expect(line.calls).not.toContain('close');
    answer();
    await settled();
    expect(line.calls).toContain('close');
    expect(line.readable).toBeNull();
  });
});

describe('writing to a serial port', () => {
  it('sends the bytes in order', async () => {
    const { line, open } = setUp();
    const port = await open();
    await port.write(Uint8Array.of(1, 2));
    await port.write(Uint8Array.of(3));
    expect(line.written).toEqual([[1, 2], [3]]);
  });

  it('times out on a line that accepts nothing', async () => {
    const { line, timer, open } = setUp();
    line.on.write = never;
    const port = await open();
    const writing = expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'link-timeout' });
    await timer.advance(5000);
    await writing;
  });

  it('rejects with device-lost when the port fails', async () => {
    const { line, timer, open } = setUp();
    line.on.write = refusal('NetworkError');
    const port = await open();
    const writing = expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'device-lost' });
    await timer.advance(500);
    await writing;
  });
});

describe('reading from a serial port', () => {
  it('keeps a read pending across a timeout and loses no bytes', async () => {
    const { line, timer, open } = setUp();
    const port = await open();
    const reading = port.read(100);
    await timer.advance(100);
    expect(await reading).toBeUndefined();
    line.feed(1, 2);
    expect(await port.read(100)).toEqual(Uint8Array.of(1, 2));
  });

  it.each(['BufferOverrunError', 'BreakError', 'FramingError', 'ParityError'])(
    'continues with a new reader after a %s',
    async (name) => {
      const { line, open } = setUp();
      const port = await open();
      const reading = port.read(100);
      await settled();
      line.fail(name);
      await settled();
      line.feed(7);
      expect(await reading).toEqual(Uint8Array.of(7));
      await port.close();
      expect(line.calls.at(-1)).toBe('close');
      expect(line.readable).toBeNull();
    },
  );

  it('rejects with link-garbled if every stream ends with a line error', async () => {
    const { line, open } = setUp();
    const port = await open();
    const reading = expect(port.read(100)).rejects.toMatchObject({ code: 'link-garbled' });
    for (let i = 0; i < 32; i++) {
      await settled();
      line.fail('FramingError');
    }
    await reading;
  });

  it('rejects with device-lost when the stream fails permanently', async () => {
    const { line, timer, open } = setUp();
    const port = await open();
    const reading = expect(port.read(10_000)).rejects.toMatchObject({ code: 'device-lost' });
    await settled();
    line.fail('NetworkError', true);
    await timer.advance(500);
    await reading;
  });

  it('rejects with device-lost when no stream follows a line error', async () => {
    const { line, open } = setUp();
    const port = await open();
    const reading = expect(port.read(10_000)).rejects.toMatchObject({ code: 'device-lost' });
    await settled();
    line.fail('BreakError', true);
    await reading;
  });

  it('ends a pending read at the disconnect event', async () => {
    const { unplugSignal, open } = setUp();
    const port = await open();
    const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
    unplugSignal.markUnplugged();
    await reading;
  });

  it('refuses a second read while one is pending', async () => {
    const { open } = setUp();
    const port = await open();
    const first = port.read(10).catch(() => undefined);
    await expect(port.read(10)).rejects.toThrow(RangeError);
    await port.close();
    await first;
  });
});

describe('closing a serial port', () => {
  it('releases both streams first, and closes only once', async () => {
    const { line, open } = setUp();
    const port = await open();
    const reading = expect(port.read(60_000)).rejects.toMatchObject({ code: 'device-lost' });
    await settled();
    await Promise.all([port.close(), port.close()]);
    await port.close();
    await reading;
    expect(line.calls.filter((call) => call === 'close')).toHaveLength(1);
    expect(line.readable).toBeNull();
    await expect(port.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'device-lost' });
    await expect(port.read(10)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('allows the port to be opened again', async () => {
    const { line, open } = setUp();
    await (await open()).close();
    const again = await open();
    const reading = again.read(100);
    await settled();
    line.feed(1);
    expect(await reading).toEqual(Uint8Array.of(1));
  });

  it('ignores an exception of the port', async () => {
    const { line, open } = setUp();
    const port = await open();
    line.on.close = refusal('NetworkError');
    await port.close();
  });
});
