// The USB/IP server with a fake kernel over a real socket: enumeration, transfers, cancelled
// transfers and unplugging.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { GadgetEvent } from '#device-host/gadget/gadget.ts';
import { freePort } from '#device-host/usbip/attach.ts';
import { encodeHeader, encodeOperation, Operation } from '#device-host/usbip/pdu.ts';
import { type ServerEvent, UsbIpServer } from '#device-host/usbip/server.ts';
import { type UnitDescription, unitOptions } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import { countingRandom } from '#test/support/units.ts';
import { FakeKernel } from './fake-kernel.ts';

const DEMO: UnitDescription = {
  sn: '0E1A',
  set: 0xde30_0001,
  link: 'both',
  latency: { identity: 0, challenge: 0, importKey: 0 },
};
const GET_SLOT_STATUS = fromHex('65 00000000 00 00 000000');
const RESYNCH = fromHex('00 C0 00 0C 66');
const [CCID_IN, CCID_OUT, NOTIFICATION, CDC] = [1, 2, 3, 4];
const STALL = -32;
const UNLINKED = -104;

const open: { close(): void }[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

interface TestServer {
  readonly unit: Unit;
  readonly gadgetEvents: GadgetEvent[];
  readonly events: ServerEvent[];
  socket(): Promise<Socket>;
  kernel(): Promise<FakeKernel>;
}

async function startServer(more: Partial<UnitDescription> = {}): Promise<TestServer> {
  const unit = new Unit(unitOptions({ ...DEMO, ...more }, { clock: realClock, random: countingRandom() }));
  unit.plug();
  const [gadgetEvents, events]: [GadgetEvent[], ServerEvent[]] = [[], []];
  const gadget = { onEvent: (event: GadgetEvent) => void gadgetEvents.push(event) };
  const usbip = new UsbIpServer([{ unit, gadget }], (event) => void events.push(event));
  const server: Server = createServer((socket) => usbip.accept(socket));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const socket = async (): Promise<Socket> => {
    const connected = connect(port, '127.0.0.1');
    open.push({ close: () => connected.destroy() });
    await new Promise((resolve) => connected.once('connect', resolve));
    return connected;
  };
  return { unit, gadgetEvents, events, socket, kernel: async () => new FakeKernel(await socket()) };
}

async function startConfigured(more: Partial<UnitDescription> = {}): Promise<TestServer & { host: FakeKernel }> {
  const server = await startServer(more);
  const host = await server.kernel();
  expect(await host.import('1-1')).toBe(0);
  expect((await host.control({ requestType: 0x00, request: 0x09, value: 1 })).status).toBe(0);
  return { ...server, host };
}

describe('the handshake of USB/IP', () => {
  it('lists the unit while it is plugged in', async () => {
    const { unit, socket } = await startServer();
    const list = async (): Promise<Buffer> => {
      const stream = await socket();
      stream.write(encodeOperation(Operation.requestDeviceList));
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => void pieces.push(piece));
      await new Promise((resolve) => stream.once('close', resolve));
      return Buffer.concat(pieces);
    };
    expect(readU32(await list(), 8)).toBe(1);
    unit.unplug();
    expect(readU32(await list(), 8)).toBe(0);
  });

  it('gives the unit to one host at a time, and to another host when the first host has detached', async () => {
    const { kernel, events, socket } = await startServer();
    const first = new FakeKernel(await socket());
    expect(await first.import('1-1')).toBe(0);
    expect(await (await kernel()).import('1-1')).toBe(1);
    expect(await (await kernel()).import('1-9')).toBe(1);
    open.pop();
    open[1]?.close();
    await expect.poll(() => events.some(({ event }) => event === 'released')).toBe(true);
    expect(await (await kernel()).import('1-1')).toBe(0);
  });

  it('ends a stream that starts with an invalid request', async () => {
    const { kernel, events } = await startServer();
    const host = await kernel();
    host.raw(fromHex('0606000000000000'));
    await host.closed;
    expect(events).toEqual([{ event: 'refused', reason: 'not a request of USB/IP 1.1.1' }]);
  });

  it('ends a stream that violates the protocol', async () => {
    const { host, unit } = await startConfigured();
    host.raw(encodeHeader({ command: 'unlinkReply', seqnum: 1, status: 0 }));
    await host.closed;
    expect(unit.isPlugged).toBe(true);
  });
});

describe('enumeration', () => {
  it('reads complete and partial descriptors', async () => {
    const { host } = await startConfigured();
    const get = async (type: number, index: number, length: number) => {
      const { data } = await host.control({ requestType: 0x80, request: 6, value: (type << 8) | index, length });
      return data;
    };
    expect(toHex(await get(1, 0, 64))).toBe('12011002EF020140091201000001010203 01'.replace(' ', ''));
    expect(await get(1, 0, 8)).toHaveLength(8);
    const configuration = await get(2, 0, 255);
    expect(configuration).toHaveLength((configuration[2] ?? 0) + 256 * (configuration[3] ?? 0));
    expect(Buffer.from((await get(3, 3, 255)).slice(2)).toString('utf16le')).toBe('0E1A'.padStart(32, '0'));
    const store = await get(15, 0, 255);
    expect(store[4]).toBe(2);
    expect(store).toHaveLength(store[2] ?? 0);
  });

  it('stalls unknown requests, and has a device qualifier only at high speed', async () => {
    const qualifier = { requestType: 0x80, request: 6, value: 0x0600, length: 10 };
    const full = await startConfigured();
    expect((await full.host.control(qualifier)).status).toBe(STALL);
    expect((await full.host.control({ requestType: 0xc0, request: 0x7f, length: 4 })).status).toBe(STALL);
    const high = await startConfigured({ packetSize: 512 });
    expect((await high.host.control(qualifier)).data).toHaveLength(10);
  });

  it('returns the landing page and the MS OS descriptor set on the announced vendor requests', async () => {
    const { host } = await startConfigured();
    const url = await host.control({ requestType: 0xc0, request: 1, value: 1, index: 2, length: 255 });
    expect(Buffer.from(url.data.slice(3)).toString()).toBe('localhost:8080/');
    const set = await host.control({ requestType: 0xc0, request: 2, index: 7, length: 512 });
    expect(set.data[8]).toBe(set.data.length);
    expect(Buffer.from(set.data).toString('latin1')).toContain('WINUSB');
  });
});

describe('transfers', () => {
  it('transfer a message and then the response', async () => {
    const { host } = await startConfigured();
    const { seqnum, reply } = host.read(CCID_IN, 1344);
    expect(await host.write(CCID_OUT, GET_SLOT_STATUS)).toMatchObject({ status: 0, actual: 10 });
    expect(toHex((await reply).data)).toBe('81000000000000010000');
    expect(host.replies.at(-1)).toBe(`submit ${seqnum}`);
  });

  it('transfer T=1 blocks as soon as the settings of the serial line match', async () => {
    const { host, gadgetEvents } = await startConfigured();
    const { reply } = host.read(CDC, 64);
    await host.write(CDC, RESYNCH);
    await host.control({ requestType: 0x21, request: 0x20, index: 1 }, fromHex('00C20100000008'));
    await host.control({ requestType: 0x21, request: 0x22, value: 3, index: 1 });
    await host.write(CDC, RESYNCH);
    expect(toHex((await reply).data).slice(0, 6)).toBe('00E000');
    expect(gadgetEvents.map(({ event }) => event)).toEqual(['configured', 'line coding', 'signals']);
  });

  it.each([
    ['ParityError', 0x23, '55'],
    ['FramingError', 0x13, '55'],
    ['BreakError', 0x07, ''],
    ['BufferOverrunError', 0x43, ''],
  ] as const)('report a %s of the line with SERIAL_STATE', async (error, state, byte) => {
    const { host, unit } = await startConfigured({ waitsForSignals: false });
    unit.arm({ fault: 'line error', error });
    await host.control({ requestType: 0x21, request: 0x20, index: 1 }, fromHex('00C20100000008'));
    const notification = host.read(NOTIFICATION, 16);
    const data = host.read(CDC, 64);
    await host.write(CDC, RESYNCH);
    expect(toHex((await notification.reply).data)).toBe(`A120000001000200${toHex(Uint8Array.of(state))}00`);
    // Some line errors deliver a corrupt byte, which arrives before any response.
    if (byte === '') await host.write(CDC, RESYNCH);
    expect(toHex((await data.reply).data).slice(0, 2)).toBe(byte === '' ? '00' : byte);
  });

  it('stall on a halted endpoint until the halt is cleared', async () => {
    const { host, unit } = await startConfigured();
    unit.arm({ fault: 'stall', direction: 'in' });
    expect((await host.read(CCID_IN, 64).reply).status).toBe(STALL);
    expect((await host.read(CCID_IN, 64).reply).status).toBe(STALL);
    const halt = { requestType: 0x82, request: 0, index: 0x81, length: 2 };
    expect((await host.control(halt)).data[0]).toBe(1);
    await host.control({ requestType: 0x02, request: 1, value: 0, index: 0x81 });
    expect((await host.control(halt)).data[0]).toBe(0);
    const { reply } = host.read(CCID_IN, 64);
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    expect((await reply).actual).toBe(10);
  });

  it('that are shorter than a packet end with an overflow', async () => {
    const { host } = await startConfigured();
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    expect(await host.read(CCID_IN, 4).reply).toMatchObject({ status: -75, actual: 4 });
  });

  it('on an unknown endpoint stall', async () => {
    const { host } = await startConfigured();
    expect((await host.read(9, 64).reply).status).toBe(STALL);
    expect((await host.write(9, GET_SLOT_STATUS)).status).toBe(STALL);
  });

  it('work if the stream arrives byte by byte', async () => {
    const { host } = await startConfigured();
    const { reply } = host.read(CCID_IN, 64);
    const submit = encodeHeader({
      command: 'submit',
      seqnum: 900,
      devid: 0x0001_0002,
      direction: 'out',
      endpoint: CCID_OUT,
      length: GET_SLOT_STATUS.length,
      setup: { requestType: 0, request: 0, value: 0, index: 0, length: 0 },
    });
    for (const byte of concat(submit, GET_SLOT_STATUS)) {
      host.raw(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await reply).actual).toBe(10);
  });
});

describe('a cancelled transfer', () => {
  it('gets no reply if it is pending, and the next transfer gets the bytes', async () => {
    const { host } = await startConfigured();
    const { seqnum } = host.read(CCID_IN, 64);
    expect((await host.unlink(seqnum)).status).toBe(UNLINKED);
    const { reply } = host.read(CCID_IN, 64);
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    expect((await reply).actual).toBe(10);
    expect(host.replies).not.toContain(`submit ${seqnum}`);
  });

  it('has unlink status 0 if it is completed or unknown', async () => {
    const { host } = await startConfigured();
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    const { seqnum, reply } = host.read(CCID_IN, 64);
    await reply;
    expect((await host.unlink(seqnum)).status).toBe(0);
    expect((await host.unlink(4711)).status).toBe(0);
    expect(host.replies.filter((reply) => reply === `submit ${seqnum}`)).toHaveLength(1);
  });
});

describe('unplugging', () => {
  it('ends the stream, even during a pending read', async () => {
    const { host, unit } = await startConfigured();
    host.read(CCID_IN, 64);
    unit.unplug();
    await host.closed;
  });

  it('by a fault in a message ends the stream, and the unit can be attached again', async () => {
    const { host, unit, kernel } = await startConfigured();
    unit.arm({ fault: 'unplug', direction: 'out', after: 4, link: 'usb' });
    void host.write(CCID_OUT, GET_SLOT_STATUS);
    await host.closed;
    expect(await (await kernel()).import('1-1')).toBe(1);
    unit.plug();
    expect(await (await kernel()).import('1-1')).toBe(0);
  });

  it('by the host leaves the unit plugged in', async () => {
    const { unit, socket } = await startServer();
    const stream = await socket();
    expect(await new FakeKernel(stream).import('1-1')).toBe(0);
    stream.destroy();
    expect(unit.isPlugged).toBe(true);
  });
});

describe('vhci_hcd', () => {
  it('uses the first free port of its high-speed hub', () => {
    const status = [
      'hub port sta spd dev      sockfd local_busid',
      'hs  0000 006 002 00010002 000003 1-1',
      'hs  0001 004 000 00000000 000000 0-0',
      'ss  0008 004 000 00000000 000000 0-0',
    ].join('\n');
    expect(freePort(status)).toBe(1);
    expect(() => freePort('hub port sta\nhs 0000 006')).toThrow('no free port');
  });
});
