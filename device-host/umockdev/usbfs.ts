// A device of Linux's usbfs in front of a unit: the files that a program opens on it, and the URBs that it submits and reaps
// (linux/usbdevice_fs.h). Knows how the kernel behaves, not how its calls arrive.
import { concat } from '#protocol/bytes/bytes.ts';
import type { Gadget } from '../gadget/gadget.ts';
import type { CancelTransfer, InResult } from '../gadget/in-pipe.ts';
import { decodeSetup, isIn, RequestType, SETUP_LENGTH, StandardRequest } from '../gadget/setup.ts';
import { Errno, type ErrnoName, type Outcome } from './errno.ts';
import type { FileOperations, HostMemory } from './host-file.ts';
import { decodeUrb, encodeEnd, URB_LENGTH, type Urb, UsbRequest } from './usb-request-block.ts';

const IN = 0x80;

export interface UsbfsOptions {
  readonly gadget: Gadget;
  /** A driver or another program holds the interface. */
  readonly isBusy: (interfaceNumber: number) => boolean;
  /** There is a URB to reap, or no longer. */
  readonly onReadiness: (reapable: boolean) => void;
}

interface Ended {
  readonly urb: Urb;
  readonly status: number;
  readonly actualLength: number;
  /** What goes into the program's buffer, and where. */
  readonly data: Uint8Array;
  readonly at: bigint;
}

interface Pending {
  readonly urb: Urb;
  readonly cancel: CancelTransfer;
}

/** What the bus has to say of the device: it is there; its cable is out, which shows only by transfers that fail; it is gone. */
type Presence = 'there' | 'unplugged' | 'gone';

export class UsbDevice {
  readonly options: UsbfsOptions;
  presence: Presence = 'there';
  readonly #files = new Set<UsbFile>();
  #claims = new Map<number, UsbFile>();

  constructor(options: UsbfsOptions) {
    this.options = options;
    this.configure(1);
  }

  open(): FileOperations {
    const file = new UsbFile(this);
    this.#files.add(file);
    return file;
  }

  /** Every open transfer fails. */
  unplug(): void {
    this.presence = 'unplugged';
    for (const file of this.#files) file.endAll('EPROTO');
  }

  /** The hub's driver has seen it. */
  vanish(): void {
    this.presence = 'gone';
    for (const file of this.#files) file.endAll('ENODEV');
  }

  configure(value: number): Outcome {
    if (this.#claims.size > 0) return 'EBUSY';
    const setup = {
      requestType: RequestType.deviceOut,
      request: StandardRequest.setConfiguration,
      value,
      index: 0,
      length: 0,
    };
    return this.options.gadget.control(setup, concat()) === undefined ? 'EPIPE' : 0;
  }

  claim(interfaceNumber: number, file: UsbFile): Outcome {
    const { interfaces } = this.options.gadget.descriptors.configurationObject;
    if (!interfaces.some((candidate) => candidate.interfaceNumber === interfaceNumber)) return 'ENOENT';
    const holder = this.#claims.get(interfaceNumber);
    if (this.options.isBusy(interfaceNumber) || (holder !== undefined && holder !== file)) return 'EBUSY';
    this.#claims.set(interfaceNumber, file);
    return 0;
  }

  release(interfaceNumber: number, file: UsbFile): Outcome {
    if (this.#claims.get(interfaceNumber) !== file) return 'EINVAL';
    this.#claims.delete(interfaceNumber);
    // The kernel takes back what is open on its endpoints.
    const { interfaces } = this.options.gadget.descriptors.configurationObject;
    const released = interfaces.find((candidate) => candidate.interfaceNumber === interfaceNumber);
    for (const { endpointNumber, direction } of released?.alternate.endpoints ?? []) {
      file.endAll('ENOENT', endpointNumber | (direction === 'in' ? IN : 0));
    }
    return 0;
  }

  /** The bus is reset and the configuration set again; claims stay. */
  reset(): Outcome {
    this.options.gadget.reset();
    const claims = this.#claims;
    this.#claims = new Map();
    const outcome = this.configure(1);
    this.#claims = claims;
    return outcome;
  }

  close(file: UsbFile): void {
    this.#files.delete(file);
    for (const [interfaceNumber, holder] of this.#claims) if (holder === file) this.#claims.delete(interfaceNumber);
    this.showReadiness();
  }

  /** There is a URB that the program has not reaped. */
  get hasEnded(): boolean {
    return [...this.#files].some((file) => file.hasEnded);
  }

  showReadiness(): void {
    this.options.onReadiness(this.hasEnded);
  }
}

class UsbFile implements FileOperations {
  readonly #device: UsbDevice;
  readonly #pending = new Map<bigint, Pending>();
  #ended: Ended[] = [];

  constructor(device: UsbDevice) {
    this.#device = device;
  }

  get hasEnded(): boolean {
    return this.#ended.length > 0;
  }

  async ioctl(request: number, argument: bigint, memory: HostMemory): Promise<Outcome> {
    if (request === UsbRequest.REAPURBNDELAY) return this.#reap(argument, memory);
    if (this.#device.presence === 'gone') return 'ENODEV';
    if (request === UsbRequest.SUBMITURB) return await this.#submit(argument, memory);
    if (request === UsbRequest.DISCARDURB) return this.#discard(argument);
    // Drivers are neither asked for nor sent away: none of the unit's interfaces that a page may have has one.
    if (request === UsbRequest.IOCTL) return 'ENODATA';
    if (this.#device.presence === 'unplugged') return 'EPROTO';
    return await this.#change(request, argument, memory);
  }

  /** usbfs has nothing to read or write. */
  read(): 'EINVAL' {
    return 'EINVAL';
  }

  write(): Outcome {
    return 'EINVAL';
  }

  close(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
    this.#ended = [];
    this.#device.close(this);
  }

  /** Ends what is open, on one endpoint where it is named. */
  endAll(status: ErrnoName, endpoint?: number): void {
    for (const { urb, cancel } of [...this.#pending.values()]) {
      if (endpoint !== undefined && urb.endpoint !== endpoint) continue;
      cancel();
      this.#end(urb, -Errno[status]);
    }
  }

  async #change(request: number, argument: bigint, memory: HostMemory): Promise<Outcome> {
    const device = this.#device;
    const { gadget } = device.options;
    if (request === UsbRequest.RESET) return device.reset();
    const argued = async (): Promise<number> => (await memory.read(argument, 4)).readUInt32LE();
    switch (request) {
      case UsbRequest.CLAIMINTERFACE:
        return device.claim(await argued(), this);
      case UsbRequest.RELEASEINTERFACE:
        return device.release(await argued(), this);
      case UsbRequest.SETCONFIGURATION:
        return device.configure(await argued());
      case UsbRequest.CLEAR_HALT:
        return gadget.clearHalt(await argued()) ? 0 : 'ENOENT';
      case UsbRequest.SETINTERFACE: {
        const wanted = await memory.read(argument, 8);
        const [index, value] = [wanted.readUInt32LE(0), wanted.readUInt32LE(4)];
        const { interfaceOut: requestType } = RequestType;
        const setup = { requestType, request: StandardRequest.setInterface, value, index, length: 0 };
        return gadget.control(setup, concat()) === undefined ? 'EINVAL' : 0;
      }
      default:
        return 'ENOTTY';
    }
  }

  async #submit(address: bigint, memory: HostMemory): Promise<Outcome> {
    const urb = decodeUrb(address, await memory.read(address, URB_LENGTH));
    if (urb === undefined) return 'EINVAL';
    const isOut = urb.type === 'control' || (urb.endpoint & IN) === 0;
    const octets = isOut ? await memory.read(urb.buffer, urb.length) : concat();
    this.#pending.set(address, { urb, cancel: () => true });
    if (this.#device.presence !== 'there') this.#end(urb, -Errno.EPROTO);
    else if (urb.type === 'control') this.#control(urb, octets);
    else if (isOut) this.#write(urb, octets);
    else this.#listen(urb);
    return 0;
  }

  #control(urb: Urb, octets: Uint8Array): void {
    const setup = decodeSetup(octets.subarray(0, SETUP_LENGTH));
    const answer = this.#device.options.gadget.control(setup, octets.subarray(SETUP_LENGTH));
    if (answer === undefined) this.#end(urb, -Errno.EPIPE);
    else if (isIn(setup)) this.#end(urb, 0, answer.length, answer, urb.buffer + BigInt(SETUP_LENGTH));
    else this.#end(urb, 0, setup.length);
  }

  #write(urb: Urb, octets: Uint8Array): void {
    const status = this.#device.options.gadget.transferOut(urb.endpoint, octets);
    if (status === 'stall') this.#end(urb, -Errno.EPIPE);
    // After the unit has heard it: if the plug was pulled meanwhile, the transfer has failed and is not here any more.
    else queueMicrotask(() => this.#end(urb, 0, octets.length));
  }

  #listen(urb: Urb): void {
    const done = ({ status, data }: InResult): void => {
      if (status === 'stall') this.#end(urb, -Errno.EPIPE);
      else this.#end(urb, status === 'ok' ? 0 : -Errno.EOVERFLOW, data.length, data);
    };
    const cancel = this.#device.options.gadget.transferIn(urb.endpoint & ~IN, urb.length, done);
    if (this.#pending.has(urb.address)) this.#pending.set(urb.address, { urb, cancel });
  }

  #discard(address: bigint): Outcome {
    const pending = this.#pending.get(address);
    if (pending === undefined) return 'EINVAL';
    pending.cancel();
    this.#end(pending.urb, -Errno.ENOENT);
    return 0;
  }

  #end(urb: Urb, status: number, actualLength = 0, data: Uint8Array = concat(), at = urb.buffer): void {
    if (!this.#pending.delete(urb.address)) return;
    this.#ended.push({ urb, status, actualLength, data, at });
    this.#device.showReadiness();
  }

  #reap(argument: bigint, memory: HostMemory): Outcome {
    const ended = this.#ended.shift();
    if (ended === undefined) return this.#device.presence === 'gone' ? 'ENODEV' : 'EAGAIN';
    const { urb, status, actualLength, data, at } = ended;
    memory.write(at, data);
    for (const [address, octets] of encodeEnd(urb, status, actualLength)) memory.write(address, octets);
    const name = Buffer.alloc(8);
    name.writeBigUInt64LE(urb.address);
    memory.write(argument, name);
    this.#device.showReadiness();
    return 0;
  }
}
