// Implements Port over WebUSB, for CCID messages (docs/protocol.md clause 5, WebUSB). Each write is
// one bulk OUT transfer, and each read is one bulk IN transfer. The page loads this file with the
// first USB link.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { asBytes, type Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { ccidHost } from '#protocol/framing/ccid-host.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { BrowserCalls, openedPort, type PortOptions } from './browser-calls.ts';
import type { UsbSettings } from './device-profiles.ts';
import { PendingRead } from './pending-read.ts';
import { type BulkInterface, findBulkInterface } from './usb-interface.ts';

/** Length of the longest message (docs/protocol.md clause 5). */
const MAX_MESSAGE_LENGTH = 1319;

/**
 * Opens the device and claims its vendor interface. Closes the device on a failure.
 * @throws ProtocolError protected-class and no-interface before it opens the device; device-busy,
 *   driver-missing, access-denied, device-lost, link-timeout
 */
export async function openUsbPort(device: USBDevice, options: PortOptions): Promise<Port> {
  const port = new UsbPort(device, findBulkInterface(device), options);
  return await openedPort(port, port.open());
}

/** Starts CCID framing. Closes the port on a failure. @throws ProtocolError (LinkErrorCode) */
export function connectCcid(port: Port, { bwtMs }: UsbSettings, now: Clock): Promise<Transmit> {
  return connect(port, ccidHost({ bwtMs }), now);
}

class UsbPort implements Port {
  readonly #device: USBDevice;
  readonly #bulk: BulkInterface;
  readonly #calls: BrowserCalls;
  readonly #input: PendingRead;
  /**
   * Length of a bulk IN transfer, in bytes. It is a multiple of the packet size, so that the last
   * packet cannot exceed the buffer (babble). It is greater than any message, so that the
   * zero-length packet after a full last packet ends the same transfer.
   */
  readonly #transferLength: number;
  #closing: Promise<void> | undefined;

  constructor(device: USBDevice, bulk: BulkInterface, options: PortOptions) {
    this.#device = device;
    this.#bulk = bulk;
    this.#calls = new BrowserCalls('usb', options);
    this.#transferLength = (Math.floor(MAX_MESSAGE_LENGTH / bulk.bulkIn.packetSize) + 1) * bulk.bulkIn.packetSize;
    this.#input = new PendingRead(() => this.#pull(), options.timer);
    void options.unplugSignal.unplugged.then(() => this.#input.end('the device was disconnected'));
  }

  async open(): Promise<void> {
    const device = this.#device;
    const { configurationValue, interfaceNumber, alternateSetting } = this.#bulk;
    const open = async (): Promise<void> => {
      await device.open();
      if (this.#closing !== undefined) await device.close(); // open() ended after its timeout
    };
    await this.#calls.run('open', open());
    if (device.configuration?.configurationValue !== configurationValue) {
      await this.#calls.run('open', device.selectConfiguration(configurationValue));
    }
    await this.#calls.run('claim', device.claimInterface(interfaceNumber));
    if (alternateSetting !== 0) {
      await this.#calls.run('claim', device.selectAlternateInterface(interfaceNumber, alternateSetting));
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { endpointNumber } = this.#bulk.bulkOut;
    const message = asBytes(bytes);
    const send = () => this.#calls.run('transfer', this.#device.transferOut(endpointNumber, message));
    let result = await send();
    if (result.status === 'stall') {
      await this.#calls.run('transfer', this.#device.clearHalt('out', endpointNumber));
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

  /** Resolves with the next transfer that contains bytes. */
  async #pull(): Promise<Bytes> {
    const { endpointNumber } = this.#bulk.bulkIn;
    for (let hasStalled = false; ; ) {
      const { status, data } = await this.#transferIn(endpointNumber);
      if (status === 'babble') throw new ProtocolError('link-garbled', 'bulk IN: babble, more bytes than requested');
      if (status === 'stall') {
        if (hasStalled) throw new ProtocolError('link-garbled', 'bulk IN: halted again after clearHalt');
        hasStalled = true;
        await this.#calls.run('transfer', this.#device.clearHalt('in', endpointNumber));
      } else if (data !== undefined && data.byteLength > 0) {
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
      }
      // A zero-length packet ends a message that has already been returned.
    }
  }

  /** Has no timeout, because read() has one. */
  async #transferIn(endpointNumber: number): Promise<USBInTransferResult> {
    try {
      return await this.#device.transferIn(endpointNumber, this.#transferLength);
    } catch (error) {
      throw await this.#calls.explain('transfer', error);
    }
  }

  async #close(): Promise<void> {
    this.#input.end('the port is closed');
    if (!this.#device.opened) return;
    // Both calls fail if the unit was unplugged. There is nothing to release then.
    await this.#calls.quietly(this.#device.releaseInterface(this.#bulk.interfaceNumber));
    await this.#calls.quietly(this.#device.close());
  }
}
