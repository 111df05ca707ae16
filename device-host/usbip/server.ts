// A USB/IP server on any connected stream. `usbip list`, `usbip attach` and tests connect to it.
// Offers a plugged-in unit to one host at a time. Unplugging the unit ends the stream.
import type { Duplex } from 'node:stream';
import type { Unit } from '#device-sim/unit/unit.ts';
import { describeUnit } from '../gadget/descriptors.ts';
import { Gadget, type GadgetOptions } from '../gadget/gadget.ts';
import { ByteQueue } from './byte-queue.ts';
import { DeviceStream, StreamError } from './device-stream.ts';
import {
  BUS_ID_LENGTH,
  decodeBusId,
  decodeOperation,
  type ExportedDevice,
  encodeDeviceList,
  encodeImportReply,
  OPERATION_HEADER_LENGTH,
  Operation,
} from './pdu.ts';

export interface ExportedUnit {
  readonly unit: Unit;
  readonly gadget: GadgetOptions;
}

export type ServerEvent =
  | { readonly event: 'imported' | 'released'; readonly busId: string }
  | { readonly event: 'refused'; readonly reason: string };

/** The only bus of this server. Its devices have the bus ids 1-1, 1-2 and so on. */
const BUS_NUMBER = 1;

export const busIdOf = (index: number): string => `${BUS_NUMBER}-${index + 1}`;

/**
 * Serves the transfers of an imported unit. Call it after the handshake. For vhci_hcd there is no
 * handshake.
 * @returns a function that ends the stream
 */
export function serveDevice(stream: Duplex, { unit, gadget }: ExportedUnit): () => void {
  const device = new DeviceStream(new Gadget(unit, gadget), (bytes) => void stream.write(bytes));
  const stop = unit.onEvent((event) => {
    if (event === 'unplugged') end();
  });
  const end = (): void => {
    stop();
    device.end();
    stream.destroy();
  };
  stream.on('data', (bytes: Uint8Array) => {
    try {
      device.receive(bytes);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      end();
    }
  });
  stream.on('error', end);
  stream.on('close', end);
  return end;
}

export class UsbIpServer {
  readonly #units: readonly ExportedUnit[];
  readonly #onEvent: (event: ServerEvent) => void;
  readonly #imported = new Set<Unit>();

  constructor(units: readonly ExportedUnit[], onEvent: (event: ServerEvent) => void = () => undefined) {
    this.#units = units;
    this.#onEvent = onEvent;
  }

  /** Serves a new connection of a host. */
  accept(stream: Duplex): void {
    const bytes = new ByteQueue();
    const onData = (piece: Uint8Array): void => {
      bytes.push(piece);
      const header = bytes.peek(OPERATION_HEADER_LENGTH);
      if (header === undefined) return;
      const operation = decodeOperation(header);
      if (operation === Operation.requestDeviceList) stream.end(encodeDeviceList(this.#devices()));
      else if (operation === Operation.requestImport) {
        const request = bytes.take(OPERATION_HEADER_LENGTH + BUS_ID_LENGTH);
        if (request === undefined) return;
        stream.off('data', onData);
        this.#import(stream, decodeBusId(request.subarray(OPERATION_HEADER_LENGTH)));
        return;
      } else this.#refuse(stream, 'not a request of USB/IP 1.1.1');
      stream.off('data', onData);
    };
    stream.on('data', onData);
    stream.on('error', () => stream.destroy());
  }

  #import(stream: Duplex, busId: string): void {
    const index = this.#units.findIndex((_, at) => busIdOf(at) === busId);
    const exported = this.#units[index];
    if (exported === undefined || !exported.unit.isPlugged || this.#imported.has(exported.unit)) {
      const reason = exported === undefined ? 'does not exist' : 'is unplugged or in use';
      this.#onEvent({ event: 'refused', reason: `device ${busId} ${reason}` });
      stream.end(encodeImportReply(undefined));
      return;
    }
    this.#imported.add(exported.unit);
    stream.on('close', () => {
      this.#imported.delete(exported.unit);
      this.#onEvent({ event: 'released', busId });
    });
    stream.write(encodeImportReply(describeDevice(exported, index)));
    this.#onEvent({ event: 'imported', busId });
    serveDevice(stream, exported);
  }

  #refuse(stream: Duplex, reason: string): void {
    this.#onEvent({ event: 'refused', reason });
    stream.destroy();
  }

  #devices(): ExportedDevice[] {
    return this.#units.flatMap((exported, index) => (exported.unit.isPlugged ? [describeDevice(exported, index)] : []));
  }
}

function describeDevice({ unit, gadget }: ExportedUnit, index: number): ExportedDevice {
  const descriptors = describeUnit(unit, gadget.readerLevel ?? 'apdu');
  const { speed, vendorId, productId, bcdDevice, deviceClass, configurationObject } = descriptors;
  return {
    path: `/keyferry/${unit.sn}`,
    busId: busIdOf(index),
    busNumber: BUS_NUMBER,
    deviceNumber: index + 2,
    speed,
    vendorId,
    productId,
    bcdDevice,
    deviceClass,
    configuration: 1,
    interfaceClasses: configurationObject.interfaces.map(({ alternate }) => [
      alternate.interfaceClass,
      alternate.interfaceSubclass,
      alternate.interfaceProtocol,
    ]),
  };
}
