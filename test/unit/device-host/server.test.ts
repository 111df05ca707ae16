// The unit over USB/IP, seen by a small kernel over a real socket: enumeration, transfers, transfers taken back, the plug pulled.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { GadgetEvent } from '#device-host/gadget/gadget.ts';
import { freePort } from '#device-host/usbip/attach.ts';
import { encodeHeader, encodeOperation, Operation } from '#device-host/usbip/pdu.ts';
import { type ServerEvent, UsbIpServer } from '#device-host/usbip/server.ts';
import { describedUnit, type UnitDescription } from '#device-sim/setup/description.ts';
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
  for (const one of open.splice(0)) one.close();
});

interface Bench {
  readonly unit: Unit;
  readonly seen: GadgetEvent[];
  readonly events: ServerEvent[];
  socket(): Promise<Socket>;
  kernel(): Promise<FakeKernel>;
}

async function bench(more: Partial<UnitDescription> = {}): Promise<Bench> {
  const unit = new Unit(describedUnit({ ...DEMO, ...more }, { clock: realClock, random: countingRandom() }));
  unit.plug();
  const [seen, events]: [GadgetEvent[], ServerEvent[]] = [[], []];
  const gadget = { onEvent: (event: GadgetEvent) => void seen.push(event) };
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
  return { unit, seen, events, socket, kernel: async () => new FakeKernel(await socket()) };
}

async function configured(more: Partial<UnitDescription> = {}): Promise<Bench & { host: FakeKernel }> {
  const made = await bench(more);
  const host = await made.kernel();
  expect(await host.import('1-1')).toBe(0);
  expect((await host.control({ requestType: 0x00, request: 0x09, value: 1 })).status).toBe(0);
  return { ...made, host };
}

describe('the handshake of USB/IP', () => {
  it('lists the unit while it is plugged in', async () => {
    const { unit, socket } = await bench();
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

  it('gives the unit to one host at a time, and again when that one has let it go', async () => {
    const { kernel, events, socket } = await bench();
    const first = new FakeKernel(await socket());
    expect(await first.import('1-1')).toBe(0);
    expect(await (await kernel()).import('1-1')).toBe(1);
    expect(await (await kernel()).import('1-9')).toBe(1);
    open.pop();
    open[1]?.close();
    await expect.poll(() => events.some(({ event }) => event === 'released')).toBe(true);
    expect(await (await kernel()).import('1-1')).toBe(0);
  });

  it('ends a stream that begins with something else', async () => {
    const { kernel, events } = await bench();
    const host = await kernel();
    host.raw(fromHex('0606000000000000'));
    await host.closed;
    expect(events).toEqual([{ event: 'refused', reason: 'not a request of USB/IP 1.1.1' }]);
  });

  it('ends a stream that leaves the protocol', async () => {
    const { host, unit } = await configured();
    host.raw(encodeHeader({ command: 'unlinkReply', seqnum: 1, status: 0 }));
    await host.closed;
    expect(unit.isPlugged).toBe(true);
  });
});

describe('enumeration', () => {
  it('reads descriptors whole and in part', async () => {
    const { host } = await configured();
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

  it('stalls what it does not know, and has a qualifier at high speed only', async () => {
    const qualifier = { requestType: 0x80, request: 6, value: 0x0600, length: 10 };
    const full = await configured();
    expect((await full.host.control(qualifier)).status).toBe(STALL);
    expect((await full.host.control({ requestType: 0xc0, request: 0x7f, length: 4 })).status).toBe(STALL);
    const high = await configured({ packetSize: 512 });
    expect((await high.host.control(qualifier)).data).toHaveLength(10);
  });

  it('gives the landing page and the set for Windows on the vendor requests that the capabilities name', async () => {
    const { host } = await configured();
    const url = await host.control({ requestType: 0xc0, request: 1, value: 1, index: 2, length: 255 });
    expect(Buffer.from(url.data.slice(3)).toString()).toBe('localhost:8080/');
    const set = await host.control({ requestType: 0xc0, request: 2, index: 7, length: 512 });
    expect(set.data[8]).toBe(set.data.length);
    expect(Buffer.from(set.data).toString('latin1')).toContain('WINUSB');
  });
});

describe('transfers', () => {
  it('carry a message to the unit and its answer back, the end of the write first', async () => {
    const { host } = await configured();
    const { seqnum, reply } = host.read(CCID_IN, 1344);
    expect(await host.write(CCID_OUT, GET_SLOT_STATUS)).toMatchObject({ status: 0, actual: 10 });
    expect(toHex((await reply).data)).toBe('81000000000000010000');
    expect(host.order.at(-1)).toBe(`submit ${seqnum}`);
  });

  it('carry T=1 over the line once it is set as the unit has it', async () => {
    const { host, seen } = await configured();
    const { reply } = host.read(CDC, 64);
    await host.write(CDC, RESYNCH);
    await host.control({ requestType: 0x21, request: 0x20, index: 1 }, fromHex('00C20100000008'));
    await host.control({ requestType: 0x21, request: 0x22, value: 3, index: 1 });
    await host.write(CDC, RESYNCH);
    expect(toHex((await reply).data).slice(0, 6)).toBe('00E000');
    expect(seen.map(({ event }) => event)).toEqual(['configured', 'line coding', 'signals']);
  });

  it.each([
    ['ParityError', 0x23, '55'],
    ['FramingError', 0x13, '55'],
    ['BreakError', 0x07, ''],
    ['BufferOverrunError', 0x43, ''],
  ] as const)('say of a %s on the line what SERIAL_STATE has for it', async (error, state, octets) => {
    const { host, unit } = await configured({ waitsForSignals: false });
    unit.arm({ fault: 'line error', error });
    await host.control({ requestType: 0x21, request: 0x20, index: 1 }, fromHex('00C20100000008'));
    const notification = host.read(NOTIFICATION, 16);
    const data = host.read(CDC, 64);
    await host.write(CDC, RESYNCH);
    expect(toHex((await notification.reply).data)).toBe(`A120000001000200${toHex(Uint8Array.of(state))}00`);
    // What the line spoilt comes before the answer to the next block.
    if (octets === '') await host.write(CDC, RESYNCH);
    expect(toHex((await data.reply).data).slice(0, 2)).toBe(octets === '' ? '00' : octets);
  });

  it('end with a stall on a halted endpoint, until the halt is cleared', async () => {
    const { host, unit } = await configured();
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

  it('that are too short for a packet say so', async () => {
    const { host } = await configured();
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    expect(await host.read(CCID_IN, 4).reply).toMatchObject({ status: -75, actual: 4 });
  });

  it('on an endpoint that is not there stall', async () => {
    const { host } = await configured();
    expect((await host.read(9, 64).reply).status).toBe(STALL);
    expect((await host.write(9, GET_SLOT_STATUS)).status).toBe(STALL);
  });

  it('work whatever way the stream is split', async () => {
    const { host } = await configured();
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
    for (const octet of concat(submit, GET_SLOT_STATUS)) {
      host.raw(Uint8Array.of(octet));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await reply).actual).toBe(10);
  });
});

describe('a transfer that is taken back', () => {
  it('while it waits is never answered, and its octets are for the next', async () => {
    const { host } = await configured();
    const { seqnum } = host.read(CCID_IN, 64);
    expect((await host.unlink(seqnum)).status).toBe(UNLINKED);
    const { reply } = host.read(CCID_IN, 64);
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    expect((await reply).actual).toBe(10);
    expect(host.order).not.toContain(`submit ${seqnum}`);
  });

  it('after it was answered, or that never was, is answered with 0', async () => {
    const { host } = await configured();
    await host.write(CCID_OUT, GET_SLOT_STATUS);
    const { seqnum, reply } = host.read(CCID_IN, 64);
    await reply;
    expect((await host.unlink(seqnum)).status).toBe(0);
    expect((await host.unlink(4711)).status).toBe(0);
    expect(host.order.filter((one) => one === `submit ${seqnum}`)).toHaveLength(1);
  });
});

describe('pulling the plug', () => {
  it('ends the stream, with a read waiting', async () => {
    const { host, unit } = await configured();
    host.read(CCID_IN, 64);
    unit.unplug();
    await host.closed;
  });

  it('by a fault in a message ends it too, and the unit can be attached again', async () => {
    const { host, unit, kernel } = await configured();
    unit.arm({ fault: 'unplug', direction: 'out', after: 4, link: 'usb' });
    void host.write(CCID_OUT, GET_SLOT_STATUS);
    await host.closed;
    expect(await (await kernel()).import('1-1')).toBe(1);
    unit.plug();
    expect(await (await kernel()).import('1-1')).toBe(0);
  });

  it('at the host’s end leaves the unit plugged in', async () => {
    const { unit, socket } = await bench();
    const stream = await socket();
    expect(await new FakeKernel(stream).import('1-1')).toBe(0);
    stream.destroy();
    expect(unit.isPlugged).toBe(true);
  });
});

describe('vhci_hcd', () => {
  it('is given the first free port of its high-speed hub', () => {
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
