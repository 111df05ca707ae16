// Units offered over USB/IP on any connected stream: `usbip list` and `usbip attach` of a person's machine, or a kernel in a test. A
// unit is offered while it is plugged in, to one host at a time; pulling its plug ends the stream, as a cable would.
import type { Duplex } from 'node:stream';
import type { Unit } from '#device-sim/unit/unit.ts';
import { describeUnit } from '../gadget/descriptors.ts';
import { Gadget, type GadgetOptions } from '../gadget/gadget.ts';
import { OctetQueue } from './octet-queue.ts';
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
import { Session, StreamError } from './session.ts';

export interface OfferedUnit {
  readonly unit: Unit;
  readonly gadget: GadgetOptions;
}

export type ServerEvent =
  | { readonly event: 'imported' | 'released'; readonly busId: string }
  | { readonly event: 'refused'; readonly reason: string };

/** The one bus of this server; its devices are 1-1, 1-2 and so on. */
const BUS_NUMBER = 1;

export const busIdOf = (index: number): string => `${BUS_NUMBER}-${index + 1}`;

/** Serves a unit that the kernel has been told of already (vhci_hcd's attach): no handshake. Returns its own undoing. */
export function serveDevice(stream: Duplex, { unit, gadget }: OfferedUnit): () => void {
  const session = new Session(new Gadget(unit, gadget), (bytes) => void stream.write(bytes));
  const stop = unit.onEvent((event) => {
    if (event === 'unplugged') end();
  });
  const end = (): void => {
    stop();
    session.end();
    stream.destroy();
  };
  stream.on('data', (octets: Uint8Array) => {
    try {
      session.receive(octets);
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
  readonly #units: readonly OfferedUnit[];
  readonly #onEvent: (event: ServerEvent) => void;
  readonly #imported = new Set<Unit>();

  constructor(units: readonly OfferedUnit[], onEvent: (event: ServerEvent) => void = () => undefined) {
    this.#units = units;
    this.#onEvent = onEvent;
  }

  /** One connection of a host, from its first octet. */
  accept(stream: Duplex): void {
    const octets = new OctetQueue();
    const onData = (piece: Uint8Array): void => {
      octets.push(piece);
      const header = octets.peek(OPERATION_HEADER_LENGTH);
      if (header === undefined) return;
      const operation = decodeOperation(header);
      if (operation === Operation.requestDeviceList) stream.end(encodeDeviceList(this.#offered()));
      else if (operation === Operation.requestImport) {
        const request = octets.take(OPERATION_HEADER_LENGTH + BUS_ID_LENGTH);
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
    const offered = this.#units[index];
    if (offered === undefined || !offered.unit.isPlugged || this.#imported.has(offered.unit)) {
      const reason = offered === undefined ? 'is not offered' : 'is unplugged or in use';
      this.#onEvent({ event: 'refused', reason: `device ${busId} ${reason}` });
      stream.end(encodeImportReply(undefined));
      return;
    }
    this.#imported.add(offered.unit);
    stream.on('close', () => {
      this.#imported.delete(offered.unit);
      this.#onEvent({ event: 'released', busId });
    });
    stream.write(encodeImportReply(exported(offered, index)));
    this.#onEvent({ event: 'imported', busId });
    serveDevice(stream, offered);
  }

  #refuse(stream: Duplex, reason: string): void {
    this.#onEvent({ event: 'refused', reason });
    stream.destroy();
  }

  #offered(): ExportedDevice[] {
    return this.#units.flatMap((offered, index) => (offered.unit.isPlugged ? [exported(offered, index)] : []));
  }
}

function exported({ unit, gadget }: OfferedUnit, index: number): ExportedDevice {
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
