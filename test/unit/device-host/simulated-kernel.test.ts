// The tty and the usbfs device of level 2 behave like those of the kernel when files are opened,
// read and closed.
import { describe, expect, it } from 'vitest';
import { Gadget } from '#device-host/gadget/gadget.ts';
import { SerialFunction } from '#device-host/gadget/serial-function.ts';
import type { FileOperations, ProgramMemory } from '#device-host/umockdev/testbed/host-file.ts';
import { TtyRequest } from '#device-host/umockdev/tty/termios.ts';
import { Tty } from '#device-host/umockdev/tty/tty.ts';
import { URB_LENGTH, UsbRequest } from '#device-host/umockdev/usb/usb-request-block.ts';
import { UsbfsDevice } from '#device-host/umockdev/usb/usbfs.ts';
import { unitOptions } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { countingRandom } from '#test/support/units.ts';

/** The memory of a program: 4 KiB from address 0. */
class TestMemory implements ProgramMemory {
  readonly #bytes = Buffer.alloc(0x1000);

  put(address: number, bytes: Uint8Array): bigint {
    this.#bytes.set(bytes, address);
    return BigInt(address);
  }

  at(address: number, length: number): Buffer {
    return this.#bytes.subarray(address, address + length);
  }

  async read(address: bigint, length: number): Promise<Buffer> {
    return this.at(Number(address), length);
  }

  write(address: bigint, bytes: Uint8Array): void {
    this.put(Number(address), bytes);
  }
}

function pluggedUnit(link: LinkKind): Unit {
  const unit = new Unit(
    unitOptions({ sn: '0007', set: 0xde300002, link }, { clock: realClock, random: countingRandom() }),
  );
  unit.plug();
  return unit;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a tty', () => {
  function tty() {
    const unit = pluggedUnit('serial');
    const line = new SerialFunction(unit);
    const readiness: boolean[] = [];
    const isBusy = (): boolean => unit.faults('serial').openRefusal !== undefined;
    const port = new Tty({ line, isBusy, onReadiness: (readable) => readiness.push(readable) });
    return { unit, line, port, readiness };
  }
  const memory = new TestMemory();
  const call = (file: FileOperations, request: number) => file.ioctl(request, 0n, memory);

  it('sets DTR and RTS when the first file is opened, and clears them when the last is closed', () => {
    const { line, port } = tty();
    const [first, second] = [port.open(), port.open()];
    expect(line.signals).toEqual({ dataTerminalReady: true, requestToSend: true });
    first.close();
    expect(line.signals.dataTerminalReady).toBe(true);
    second.close();
    expect(line.signals).toEqual({ dataTerminalReady: false, requestToSend: false });
  });

  it('is busy while another program has exclusive access', async () => {
    const { port } = tty();
    const first = port.open();
    expect(await call(first, TtyRequest.TIOCEXCL)).toBe(0);
    expect(await call(port.open(), TtyRequest.TCGETS)).toBe('EBUSY');
    first.close();
    expect(await call(port.open(), TtyRequest.TCGETS)).toBe(0);
  });

  it('is busy with the fault "busy"', async () => {
    const { unit, port } = tty();
    unit.arm({ fault: 'busy' });
    expect(await call(port.open(), TtyRequest.TCGETS)).toBe('EBUSY');
  });

  it('returns the received bytes, then EAGAIN', () => {
    const { line, port, readiness } = tty();
    const file = port.open();
    line.onSend?.(Uint8Array.of(1, 2, 3));
    expect(toHex(file.read(2) as Uint8Array)).toBe('0102');
    expect(toHex(file.read(2) as Uint8Array)).toBe('03');
    expect(file.read(2)).toBe('EAGAIN');
    expect(readiness).toEqual([true, true, false]);
  });

  it('feeds a program that reads the file itself, and drains the file with TCFLSH', async () => {
    const { line } = tty();
    const fed: string[] = [];
    let drained = 0;
    const sink = { feed: (bytes: Uint8Array) => void fed.push(toHex(bytes)), drain: () => void drained++ };
    const port = new Tty({ line, isBusy: () => false, onReadiness: () => undefined, sink });
    const file = port.open();
    line.onSend?.(Uint8Array.of(1, 2, 3));
    expect(fed).toEqual(['010203']);
    expect(await call(file, TtyRequest.TCFLSH)).toBe(0);
    expect(drained).toBe(1);
  });

  it('drops received bytes while no program has opened the port', () => {
    const { line, port } = tty();
    line.onSend?.(Uint8Array.of(1));
    expect(port.open().read(1)).toBe('EAGAIN');
  });

  it('after hanging up ends reads, fails other calls, and reports the end until a program reads it', async () => {
    const { port } = tty();
    const file = port.open();
    expect(port.hasUnreadEnd).toBe(false);
    port.hangUp();
    expect(port.hasUnreadEnd).toBe(true);
    expect(file.read(16)).toEqual(new Uint8Array(0));
    expect(port.hasUnreadEnd).toBe(false);
    expect(file.write(Uint8Array.of(1))).toBe('EIO');
    expect(await call(file, TtyRequest.TCGETS)).toBe('EIO');
  });

  it('rejects requests that a serial port does not have', async () => {
    expect(await call(tty().port.open(), 0x5499)).toBe('ENOTTY');
  });
});

describe('a device of usbfs', () => {
  const URB = 0x100;
  const BUFFER = 0x200;
  const REAPED = 0x20;

  function usb() {
    const unit = pluggedUnit('usb');
    const gadget = new Gadget(unit);
    const isBusy = (): boolean => unit.faults('usb').openRefusal === 'busy';
    const device = new UsbfsDevice({ gadget, isBusy, onReadiness: () => undefined });
    const memory = new TestMemory();
    const file = device.open();
    const number = (value: number): bigint => memory.put(0x10, Uint8Array.of(value, 0, 0, 0));
    const claim = () => file.ioctl(UsbRequest.CLAIMINTERFACE, number(0), memory);
    const submit = (endpoint: number, length: number, bytes: Uint8Array = new Uint8Array(0)) => {
      const urb = Buffer.alloc(URB_LENGTH);
      urb.writeUInt8(3, 0);
      urb.writeUInt8(endpoint, 1);
      urb.writeBigUInt64LE(BigInt(BUFFER), 16);
      urb.writeInt32LE(length, 24);
      memory.put(BUFFER, bytes);
      return file.ioctl(UsbRequest.SUBMITURB, memory.put(URB, urb), memory);
    };
    const reap = () => file.ioctl(UsbRequest.REAPURBNDELAY, BigInt(REAPED), memory);
    const status = (): number => memory.at(URB + 4, 4).readInt32LE();
    return { unit, device, file, memory, number, claim, submit, reap, status };
  }
  const GET_SLOT_STATUS = Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  it('transfers a message to the unit and the response back', async () => {
    const { claim, submit, reap, status, memory } = usb();
    expect(await claim()).toBe(0);
    expect(await reap()).toBe('EAGAIN');
    expect(await submit(0x02, 10, GET_SLOT_STATUS)).toBe(0);
    await nextTurn();
    expect(await reap()).toBe(0);
    expect([status(), memory.at(REAPED, 8).readBigUInt64LE()]).toEqual([0, BigInt(URB)]);
    expect(await submit(0x81, 64)).toBe(0);
    await nextTurn();
    expect(await reap()).toBe(0);
    expect(memory.at(URB + 28, 4).readInt32LE()).toBe(10);
    expect(toHex(memory.at(BUFFER, 10))).toBe('81000000000000010000');
  });

  it('is busy if another program has claimed the interface', async () => {
    const { unit, device, claim, memory, number } = usb();
    unit.arm({ fault: 'busy' });
    expect(await claim()).toBe('EBUSY');
    unit.clearFaults();
    expect(await claim()).toBe(0);
    expect(await device.open().ioctl(UsbRequest.CLAIMINTERFACE, number(0), memory)).toBe('EBUSY');
  });

  it('rejects unknown interfaces and endpoints', async () => {
    const { file, memory, number } = usb();
    expect(await file.ioctl(UsbRequest.CLAIMINTERFACE, number(9), memory)).toBe('ENOENT');
    expect(await file.ioctl(UsbRequest.CLEAR_HALT, number(0x89), memory)).toBe('ENOENT');
    expect(await file.ioctl(UsbRequest.CLEAR_HALT, number(0x81), memory)).toBe(0);
  });

  it('stalls on a halted endpoint until the halt is cleared', async () => {
    const { unit, file, memory, number, claim, submit, reap, status } = usb();
    await claim();
    unit.arm({ fault: 'stall', direction: 'in' });
    await submit(0x81, 64);
    expect([await reap(), status()]).toEqual([0, -32]);
    expect(await file.ioctl(UsbRequest.CLEAR_HALT, number(0x81), memory)).toBe(0);
    await submit(0x81, 64);
    expect(await reap()).toBe('EAGAIN');
  });

  it('cancels a transfer that is discarded, and all transfers of an interface that is released', async () => {
    const { file, memory, number, claim, submit, reap, status } = usb();
    await claim();
    await submit(0x81, 64);
    expect(await file.ioctl(UsbRequest.DISCARDURB, BigInt(URB), memory)).toBe(0);
    expect([await reap(), status()]).toEqual([0, -2]);
    await submit(0x81, 64);
    expect(await file.ioctl(UsbRequest.RELEASEINTERFACE, number(0), memory)).toBe(0);
    expect([await reap(), status()]).toEqual([0, -2]);
  });

  it('fails pending transfers on unplug, and reports them until the program has reaped them', async () => {
    const { device, claim, submit, reap, status } = usb();
    await claim();
    await submit(0x81, 64);
    device.unplug();
    expect(device.hasCompleted).toBe(true);
    expect([await reap(), status()]).toEqual([0, -71]);
    expect(device.hasCompleted).toBe(false);
    device.disconnect();
    expect(await submit(0x81, 64)).toBe('ENODEV');
    expect(await reap()).toBe('ENODEV');
  });
});
