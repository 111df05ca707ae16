// A Port over WebUSB: one write is one bulk OUT transfer, one read is one bulk IN transfer (docs/protocol.md clause 5, WebUSB).
// Knows nothing of the messages that it carries.
import { asBytes, type Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Port } from '#protocol/framing/port.ts';
import { explain, ignoreRefusal, type Moment, type Platform } from './browser-error.ts';
import { PendingRead } from './pending-read.ts';
import type { Presence } from './presence.ts';
import { type After, limited, within } from './timer.ts';
import { type BulkInterface, findBulkInterface } from './usb-interface.ts';

/** The longest message of docs/protocol.md clause 5. */
const MAX_MESSAGE_LENGTH = 1319;
/** Opening, claiming and each write: none takes long unless the device or its driver hangs. */
const STEP_MS = 5000;
const CLOSE_MS = 2000;

export interface UsbOptions {
  readonly platform: Platform;
  readonly presence: Presence;
  readonly timer: After;
}

/**
 * Opens the device and claims its vendor interface; on a failure the device is closed again.
 * @throws ProtocolError protected-class, no-interface (before anything is opened), device-busy, driver-missing, access-denied,
 *   device-lost, link-timeout
 */
export async function openUsbPort(device: USBDevice, surroundings: UsbOptions): Promise<Port> {
  const bulk = findBulkInterface(device);
  const port = new UsbPort(device, bulk, surroundings);
  try {
    await port.open();
  } catch (error) {
    await port.close();
    throw error;
  }
  return port;
}

class UsbPort implements Port {
  readonly #device: USBDevice;
  readonly #bulk: BulkInterface;
  readonly #surroundings: UsbOptions;
  readonly #input: PendingRead;
  /** A multiple of the packet size (else the last packet may be a babble), and longer than any message, so that a message that
   * fills its last packet ends with its zero-length packet inside the same transfer. */
  readonly #transferLength: number;
  #closing: Promise<void> | undefined;

  constructor(device: USBDevice, bulk: BulkInterface, surroundings: UsbOptions) {
    this.#device = device;
    this.#bulk = bulk;
    this.#surroundings = surroundings;
    this.#transferLength = (Math.floor(MAX_MESSAGE_LENGTH / bulk.bulkIn.packetSize) + 1) * bulk.bulkIn.packetSize;
    this.#input = new PendingRead(() => this.#pull(), surroundings.timer);
    void surroundings.presence.lost.then(() => this.#input.end('the device was disconnected'));
  }

  async open(): Promise<void> {
    const device = this.#device;
    const { configurationValue, interfaceNumber, alternateSetting } = this.#bulk;
    const opened = async (): Promise<void> => {
      await device.open();
      if (this.#closing !== undefined) await device.close(); // it came too late, and nobody waits for it any more
    };
    await this.#step('open', opened());
    if (device.configuration?.configurationValue !== configurationValue) {
      await this.#step('open', device.selectConfiguration(configurationValue));
    }
    await this.#step('claim', device.claimInterface(interfaceNumber));
    if (alternateSetting !== 0) {
      await this.#step('claim', device.selectAlternateInterface(interfaceNumber, alternateSetting));
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { endpointNumber } = this.#bulk.bulkOut;
    const message = asBytes(bytes);
    const send = () => this.#step('transfer', this.#device.transferOut(endpointNumber, message));
    let result = await send();
    if (result.status === 'stall') {
      await this.#step('transfer', this.#device.clearHalt('out', endpointNumber));
      result = await send();
    }
    if (result.status !== 'ok' || result.bytesWritten !== message.length) {
      throw new ProtocolError('link-garbled', `bulk OUT: ${result.status}, ${result.bytesWritten} bytes written`);
    }
  }

  read(timeoutMs: number): Promise<Bytes | undefined> {
    return this.#input.read(timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The next transfer that holds octets. */
  async #pull(): Promise<Bytes> {
    const { endpointNumber } = this.#bulk.bulkIn;
    for (let stalled = false; ; ) {
      const { status, data } = await this.#transferIn(endpointNumber);
      if (status === 'babble') throw new ProtocolError('link-garbled', 'bulk IN: more octets than were asked for');
      if (status === 'stall') {
        if (stalled) throw new ProtocolError('link-garbled', 'bulk IN: halted again after clearHalt');
        stalled = true;
        await this.#step('transfer', this.#device.clearHalt('in', endpointNumber));
      } else if (data !== undefined && data.byteLength > 0) {
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      }
      // Else it was a zero-length packet, the end of a message that we have already.
    }
  }

  /** Without a limit of its own: the read that waits for it has one. */
  async #transferIn(endpointNumber: number): Promise<USBInTransferResult> {
    try {
      return await this.#device.transferIn(endpointNumber, this.#transferLength);
    } catch (error) {
      throw await this.#explain('transfer', error);
    }
  }

  /** Something that the device or its driver does at once, or never. */
  #step<T>(moment: Moment, action: Promise<T>): Promise<T> {
    return limited(action, STEP_MS, this.#surroundings.timer, {
      expired: () => new ProtocolError('link-timeout', `usb ${moment}: no answer within ${STEP_MS} ms`),
      failed: (error) => this.#explain(moment, error),
    });
  }

  #explain(moment: Moment, error: unknown): Promise<unknown> {
    const { presence, timer, platform } = this.#surroundings;
    return explain(error, { moment, kind: 'usb', platform }, presence, timer);
  }

  async #close(): Promise<void> {
    this.#input.end('the port is closed');
    if (!this.#device.opened) return;
    // Both fail where the unit is gone: then there is nothing left to release.
    await this.#quietly(this.#device.releaseInterface(this.#bulk.interfaceNumber));
    await this.#quietly(this.#device.close());
  }

  async #quietly(action: Promise<void>): Promise<void> {
    await within(action.catch(ignoreRefusal), CLOSE_MS, this.#surroundings.timer);
  }
}
