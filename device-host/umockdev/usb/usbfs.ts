// A device of Linux's usbfs in front of a unit. Handles the ioctls on the files that programs have
// open, and the URBs that they submit and reap (linux/usbdevice_fs.h). host-file.ts delivers the
// calls.
import type { CancelTransfer, InResult } from '#device-sim/browser/in-pipe.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import type { Gadget } from '../../gadget/gadget.ts';
import { decodeSetup, isIn, RequestType, SETUP_LENGTH, StandardRequest } from '../../gadget/setup-packet.ts';
import { Errno, type ErrnoName, type Outcome } from '../testbed/errno.ts';
import type { FileOperations, ProgramMemory } from '../testbed/host-file.ts';
import { decodeUrb, encodeCompletion, URB_LENGTH, type Urb, UsbRequest } from './usb-request-block.ts';

const IN = 0x80;

export interface UsbfsOptions {
  readonly gadget: Gadget;
  /** Whether a driver or another program has claimed the interface. */
  readonly isBusy: (interfaceNumber: number) => boolean;
  /** Called when a URB can be reaped, and when no more URBs can be reaped. */
  readonly onReadiness: (reapable: boolean) => void;
}

interface CompletedUrb {
  readonly urb: Urb;
  readonly status: number;
  readonly actualLength: number;
  /** Data for the program. Reaping the URB writes the data to address `at`. */
  readonly data: Uint8Array;
  readonly at: bigint;
}

interface PendingUrb {
  readonly urb: Urb;
  readonly cancel: CancelTransfer;
}

/**
 * `unplugged`: transfers fail, but the kernel has not detected the unplug. `disconnected`: the
 * kernel has detected it.
 */
type Presence = 'present' | 'unplugged' | 'disconnected';

export class UsbfsDevice {
  readonly options: UsbfsOptions;
  presence: Presence = 'present';
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

  /** Called when the unit is unplugged. Fails every pending URB. */
  unplug(): void {
    this.presence = 'unplugged';
    for (const file of this.#files) file.completeAll('EPROTO');
  }

  /** Called when the hub's driver has detected the unplug. Fails every pending URB. */
  disconnect(): void {
    this.presence = 'disconnected';
    for (const file of this.#files) file.completeAll('ENODEV');
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
    // The kernel cancels the pending URBs of the endpoints of a released interface.
    const { interfaces } = this.options.gadget.descriptors.configurationObject;
    const released = interfaces.find((candidate) => candidate.interfaceNumber === interfaceNumber);
    for (const { endpointNumber, direction } of released?.alternate.endpoints ?? []) {
      file.completeAll('ENOENT', endpointNumber | (direction === 'in' ? IN : 0));
    }
    return 0;
  }

  /** Resets the bus and sets the configuration again. Interfaces stay claimed. */
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

  /** Whether a completed URB waits to be reaped. */
  get hasCompleted(): boolean {
    return [...this.#files].some((file) => file.hasCompleted);
  }

  showReadiness(): void {
    this.options.onReadiness(this.hasCompleted);
  }
}

class UsbFile implements FileOperations {
  readonly #device: UsbfsDevice;
  readonly #pending = new Map<bigint, PendingUrb>();
  #completed: CompletedUrb[] = [];

  constructor(device: UsbfsDevice) {
    this.#device = device;
  }

  get hasCompleted(): boolean {
    return this.#completed.length > 0;
  }

  async ioctl(request: number, argument: bigint, memory: ProgramMemory): Promise<Outcome> {
    if (request === UsbRequest.REAPURBNDELAY) return this.#reap(argument, memory);
    if (this.#device.presence === 'disconnected') return 'ENODEV';
    if (request === UsbRequest.SUBMITURB) return await this.#submit(argument, memory);
    if (request === UsbRequest.DISCARDURB) return this.#discard(argument);
    // IOCTL passes a request to the driver of an interface. An interface that a page can claim has
    // no driver.
    if (request === UsbRequest.IOCTL) return 'ENODATA';
    if (this.#device.presence === 'unplugged') return 'EPROTO';
    return await this.#change(request, argument, memory);
  }

  /** usbfs supports neither read nor write. */
  read(): 'EINVAL' {
    return 'EINVAL';
  }

  write(): Outcome {
    return 'EINVAL';
  }

  close(): void {
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
    this.#completed = [];
    this.#device.close(this);
  }

  /**
   * Completes the pending URBs with an error.
   * @param endpoint the endpoint address whose URBs complete; by default all URBs complete
   */
  completeAll(status: ErrnoName, endpoint?: number): void {
    for (const { urb, cancel } of [...this.#pending.values()]) {
      if (endpoint !== undefined && urb.endpoint !== endpoint) continue;
      cancel();
      this.#complete(urb, -Errno[status]);
    }
  }

  async #change(request: number, argument: bigint, memory: ProgramMemory): Promise<Outcome> {
    const device = this.#device;
    const { gadget } = device.options;
    if (request === UsbRequest.RESET) return device.reset();
    const readArgument = async (): Promise<number> => (await memory.read(argument, 4)).readUInt32LE();
    switch (request) {
      case UsbRequest.CLAIMINTERFACE:
        return device.claim(await readArgument(), this);
      case UsbRequest.RELEASEINTERFACE:
        return device.release(await readArgument(), this);
      case UsbRequest.SETCONFIGURATION:
        return device.configure(await readArgument());
      case UsbRequest.CLEAR_HALT:
        return gadget.clearHalt(await readArgument()) ? 0 : 'ENOENT';
      case UsbRequest.SETINTERFACE: {
        const setting = await memory.read(argument, 8);
        const [index, value] = [setting.readUInt32LE(0), setting.readUInt32LE(4)];
        const { interfaceOut: requestType } = RequestType;
        const setup = { requestType, request: StandardRequest.setInterface, value, index, length: 0 };
        return gadget.control(setup, concat()) === undefined ? 'EINVAL' : 0;
      }
      default:
        return 'ENOTTY';
    }
  }

  async #submit(address: bigint, memory: ProgramMemory): Promise<Outcome> {
    const urb = decodeUrb(address, await memory.read(address, URB_LENGTH));
    if (urb === undefined) return 'EINVAL';
    const isOut = urb.type === 'control' || (urb.endpoint & IN) === 0;
    const bytes = isOut ? await memory.read(urb.buffer, urb.length) : concat();
    this.#pending.set(address, { urb, cancel: () => true });
    if (this.#device.presence !== 'present') this.#complete(urb, -Errno.EPROTO);
    else if (urb.type === 'control') this.#control(urb, bytes);
    else if (isOut) this.#write(urb, bytes);
    else this.#read(urb);
    return 0;
  }

  #control(urb: Urb, bytes: Uint8Array): void {
    const setup = decodeSetup(bytes.subarray(0, SETUP_LENGTH));
    const response = this.#device.options.gadget.control(setup, bytes.subarray(SETUP_LENGTH));
    if (response === undefined) this.#complete(urb, -Errno.EPIPE);
    else if (isIn(setup)) this.#complete(urb, 0, response.length, response, urb.buffer + BigInt(SETUP_LENGTH));
    else this.#complete(urb, 0, setup.length);
  }

  #write(urb: Urb, bytes: Uint8Array): void {
    const status = this.#device.options.gadget.transferOut(urb.endpoint, bytes);
    if (status === 'stall') this.#complete(urb, -Errno.EPIPE);
    // The URB completes after the unit has received the bytes. If these bytes make the unit unplug,
    // unplug() has already failed the URB.
    else queueMicrotask(() => this.#complete(urb, 0, bytes.length));
  }

  #read(urb: Urb): void {
    const done = ({ status, data }: InResult): void => {
      if (status === 'stall') this.#complete(urb, -Errno.EPIPE);
      else this.#complete(urb, status === 'ok' ? 0 : -Errno.EOVERFLOW, data.length, data);
    };
    const cancel = this.#device.options.gadget.transferIn(urb.endpoint & ~IN, urb.length, done);
    if (this.#pending.has(urb.address)) this.#pending.set(urb.address, { urb, cancel });
  }

  #discard(address: bigint): Outcome {
    const pending = this.#pending.get(address);
    if (pending === undefined) return 'EINVAL';
    pending.cancel();
    this.#complete(pending.urb, -Errno.ENOENT);
    return 0;
  }

  #complete(urb: Urb, status: number, actualLength = 0, data: Uint8Array = concat(), at = urb.buffer): void {
    if (!this.#pending.delete(urb.address)) return;
    this.#completed.push({ urb, status, actualLength, data, at });
    this.#device.showReadiness();
  }

  #reap(argument: bigint, memory: ProgramMemory): Outcome {
    const completed = this.#completed.shift();
    if (completed === undefined) return this.#device.presence === 'disconnected' ? 'ENODEV' : 'EAGAIN';
    const { urb, status, actualLength, data, at } = completed;
    memory.write(at, data);
    for (const [address, value] of encodeCompletion(urb, status, actualLength)) memory.write(address, value);
    const reaped = Buffer.alloc(8);
    reaped.writeBigUInt64LE(urb.address);
    memory.write(argument, reaped);
    this.#device.showReadiness();
    return 0;
  }
}
