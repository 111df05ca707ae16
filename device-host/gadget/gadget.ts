// The unit as a USB device. Handles setup packets and transfers (USB 2.0 clause 9) for USB/IP and
// for a simulated usbfs. Each plug-in creates a new Gadget.
import type { CancelTransfer, InResult } from '#device-sim/browser/in-pipe.ts';
import {
  CCID_IN,
  CCID_OUT,
  CDC_CONTROL_INTERFACE,
  CDC_DATA,
  NOTIFICATION_IN,
} from '#device-sim/browser/usb-descriptors.ts';
import type { LineError } from '#device-sim/unit/faults.ts';
import { CORRUPT_BYTE, type Signals } from '#device-sim/unit/serial-line.ts';
import { CLASS_SMART_CARD, type Unit } from '#device-sim/unit/unit.ts';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { CdcRequest, decodeLineCoding, decodeSignals, encodeLineCoding, encodeSerialState } from './cdc-acm.ts';
import { type DescriptorSet, describeUnit } from './descriptors.ts';
import { Endpoints, inAddress } from './endpoints.ts';
import { le16, le32 } from './little-endian.ts';
import {
  encodeMsOsDescriptorSet,
  encodeUrl,
  LANDING_PAGE,
  MS_OS_DESCRIPTOR_INDEX,
  MS_OS_VENDOR_CODE,
  WEBUSB_GET_URL,
  WEBUSB_VENDOR_CODE,
} from './platform-capabilities.ts';
import { type LineCoding, SerialFunction } from './serial-function.ts';
import { DescriptorType, ENDPOINT_HALT, RequestType, type SetupPacket, StandardRequest } from './setup-packet.ts';
import { DATA_RATE_BPS, DEFAULT_CLOCK_KHZ, type ReaderLevel } from './smart-card-class.ts';

export interface GadgetOptions {
  /** Level of the reader, for a unit of class 0B. The unit's framing must have the same level. */
  readonly readerLevel?: ReaderLevel;
  /** URL of a page that the browser offers to open when the unit is plugged in; http or https. */
  readonly landingPage?: string;
  readonly onEvent?: (event: GadgetEvent) => void;
}

/** A request of the host, or a halt that a fault causes. */
export type GadgetEvent =
  | { readonly event: 'configured' | 'reset' }
  | { readonly event: 'line coding'; readonly coding: LineCoding }
  | { readonly event: 'signals'; readonly signals: Signals }
  /** `duration` is in ms. FFFF starts a break that lasts until the host sends 0. */
  | { readonly event: 'break'; readonly duration: number }
  | { readonly event: 'stall' | 'halt cleared'; readonly endpoint: number };

const NOTHING: Bytes = new Uint8Array(0);
const DEFAULT_LANDING_PAGE = 'http://localhost:8080/';
const CONFIGURATION = 1;

export class Gadget {
  readonly descriptors: DescriptorSet;
  /** Undefined for a unit without a serial link. */
  readonly serial: SerialFunction | undefined;
  readonly #unit: Unit;
  readonly #options: GadgetOptions;
  readonly #endpoints: Endpoints;
  #configuration = 0;

  /** @throws RangeError for a unit that is unplugged or has no USB link */
  constructor(unit: Unit, options: GadgetOptions = {}) {
    this.#unit = unit;
    this.#options = options;
    this.descriptors = describeUnit(unit, options.readerLevel ?? 'apdu');
    this.#endpoints = new Endpoints(this.descriptors.configurationObject);
    this.serial = unit.options.links.includes('serial') ? new SerialFunction(unit) : undefined;
    if (this.serial !== undefined) {
      this.serial.onSend = (bytes) => this.#endpoints.pipe(CDC_DATA)?.send(bytes);
      this.serial.onLineError = (error) => this.#reportLineError(error);
    }
    this.#connect();
  }

  /** bConfigurationValue; 0 until the host sets a configuration. */
  get configuration(): number {
    return this.#configuration;
  }

  /**
   * Runs a control transfer.
   * @param data the data stage from the host
   * @returns the data stage to the host, at most wLength bytes; undefined if the pipe stalls
   */
  control(setup: SetupPacket, data: Uint8Array): Bytes | undefined {
    if (!this.#unit.isPlugged) return undefined;
    const response = this.#dispatch(setup, data);
    return response?.slice(0, setup.length);
  }

  /**
   * Runs an OUT transfer. The unit receives the bytes after transferOut() has returned, so that the
   * transfer completes before the unit responds.
   */
  transferOut(endpoint: number, data: Uint8Array): 'ok' | 'stall' {
    if (!this.#endpoints.has(endpoint) || this.#configuration === 0) return 'stall';
    if (endpoint === CCID_OUT && this.#unit.faults('usb').takeStall('out')) this.#halt(endpoint);
    if (this.#endpoints.isHalted(endpoint)) return 'stall';
    const bytes = copy(data);
    if (endpoint === CDC_DATA) {
      queueMicrotask(() => this.serial?.receive(bytes));
    } else {
      const link = this.#unit.link('usb');
      queueMicrotask(() => link?.receive(bytes));
    }
    return 'ok';
  }

  /**
   * Queues an IN transfer. May call `done` before transferIn() returns. Never calls `done` after a
   * cancel.
   */
  transferIn(endpoint: number, length: number, done: (result: InResult) => void): CancelTransfer {
    const pipe = this.#endpoints.pipe(endpoint);
    if (pipe === undefined || this.#configuration === 0) {
      done({ status: 'stall', data: NOTHING });
      return () => false;
    }
    if (endpoint === CCID_IN && this.#unit.faults('usb').takeStall('in')) this.#halt(inAddress(endpoint));
    return pipe.submit(length, done);
  }

  /** Resets the bus: drops the configuration and replaces the links and their cards. */
  reset(): void {
    this.#configuration = 0;
    this.#restart();
    this.#emit({ event: 'reset' });
  }

  /** Ends the halt of an endpoint (CLEAR_FEATURE). @returns false for an unknown endpoint */
  clearHalt(address: number): boolean {
    if (!this.#endpoints.has(address)) return false;
    this.#endpoints.clearHalt(address);
    this.#emit({ event: 'halt cleared', endpoint: address });
    return true;
  }

  #dispatch(setup: SetupPacket, data: Uint8Array): Bytes | undefined {
    switch (setup.requestType) {
      case RequestType.deviceIn:
      case RequestType.deviceOut:
        return this.#device(setup);
      case RequestType.interfaceIn:
      case RequestType.interfaceOut:
        return this.#interface(setup);
      case RequestType.endpointIn:
      case RequestType.endpointOut:
        return this.#endpoint(setup);
      case RequestType.classInterfaceIn:
      case RequestType.classInterfaceOut:
        return setup.index === CDC_CONTROL_INTERFACE ? this.#line(setup, data) : this.#reader(setup);
      case RequestType.vendorDeviceIn:
        return this.#vendor(setup);
      default:
        return undefined;
    }
  }

  #device({ requestType, request, value }: SetupPacket): Bytes | undefined {
    if (requestType === RequestType.deviceIn) {
      switch (request) {
        case StandardRequest.getDescriptor:
          return this.#descriptor(value >> 8, value & 0xff);
        case StandardRequest.getStatus:
          return Uint8Array.of(...le16(0));
        case StandardRequest.getConfiguration:
          return Uint8Array.of(this.#configuration);
        default:
          return undefined;
      }
    }
    if (request === StandardRequest.setAddress) return NOTHING;
    if (request !== StandardRequest.setConfiguration || value > CONFIGURATION) return undefined;
    this.#restart();
    this.#configuration = value;
    this.#emit({ event: value === 0 ? 'reset' : 'configured' });
    return NOTHING;
  }

  #descriptor(type: number, index: number): Bytes | undefined {
    const { device, configuration, qualifier, binaryObjectStore, strings } = this.descriptors;
    switch (type) {
      case DescriptorType.device:
        return device;
      case DescriptorType.configuration:
        return index === 0 ? configuration : undefined;
      case DescriptorType.string:
        return strings[index];
      case DescriptorType.deviceQualifier:
        return qualifier;
      case DescriptorType.binaryObjectStore:
        return binaryObjectStore;
      default:
        return undefined;
    }
  }

  #interface({ request, value, index }: SetupPacket): Bytes | undefined {
    if (!this.descriptors.configurationObject.interfaces.some(({ interfaceNumber }) => interfaceNumber === index)) {
      return undefined;
    }
    switch (request) {
      case StandardRequest.getStatus:
        return Uint8Array.of(...le16(0));
      case StandardRequest.getInterface:
        return Uint8Array.of(0);
      case StandardRequest.setInterface:
        return value === 0 ? NOTHING : undefined;
      default:
        return undefined;
    }
  }

  #endpoint({ request, value, index }: SetupPacket): Bytes | undefined {
    if (!this.#endpoints.has(index)) return undefined;
    switch (request) {
      case StandardRequest.getStatus:
        return Uint8Array.of(...le16(this.#endpoints.isHalted(index) ? 1 : 0));
      case StandardRequest.clearFeature:
        return value === ENDPOINT_HALT && this.clearHalt(index) ? NOTHING : undefined;
      case StandardRequest.setFeature:
        if (value !== ENDPOINT_HALT) return undefined;
        this.#halt(index);
        return NOTHING;
      default:
        return undefined;
    }
  }

  #line({ request, value }: SetupPacket, data: Uint8Array): Bytes | undefined {
    const { serial } = this;
    if (serial === undefined) return undefined;
    switch (request) {
      case CdcRequest.setLineCoding: {
        const coding = decodeLineCoding(data);
        if (coding === undefined) return undefined;
        serial.setCoding(coding);
        this.#emit({ event: 'line coding', coding });
        return NOTHING;
      }
      case CdcRequest.getLineCoding:
        return encodeLineCoding(serial.coding);
      case CdcRequest.setControlLineState: {
        const signals = decodeSignals(value);
        // The host clears DTR when it closes the port, and does not read the remaining data.
        if (!signals.dataTerminalReady) this.#endpoints.pipe(CDC_DATA)?.flush();
        serial.setSignals(signals);
        this.#emit({ event: 'signals', signals });
        return NOTHING;
      }
      case CdcRequest.sendBreak:
        this.#emit({ event: 'break', duration: value });
        return NOTHING;
      default:
        return undefined;
    }
  }

  /** Handles the class requests of a reader (CCID 1.1 clause 5.3). */
  #reader({ request, index }: SetupPacket): Bytes | undefined {
    const isReader = this.descriptors.configurationObject.interfaces.some(
      ({ interfaceNumber, alternate }) => interfaceNumber === index && alternate.interfaceClass === CLASS_SMART_CARD,
    );
    if (!isReader) return undefined;
    if (request === 0x02) return Uint8Array.of(...le32(DEFAULT_CLOCK_KHZ));
    return request === 0x03 ? Uint8Array.of(...le32(DATA_RATE_BPS)) : undefined;
  }

  #vendor({ request, value, index }: SetupPacket): Bytes | undefined {
    if (request === WEBUSB_VENDOR_CODE && index === WEBUSB_GET_URL && value === LANDING_PAGE) {
      return encodeUrl(this.#options.landingPage ?? DEFAULT_LANDING_PAGE);
    }
    if (request !== MS_OS_VENDOR_CODE || index !== MS_OS_DESCRIPTOR_INDEX) return undefined;
    return encodeMsOsDescriptorSet(this.serial !== undefined);
  }

  #restart(): void {
    this.#endpoints.restart();
    for (const kind of this.#unit.options.links) this.#unit.reset(kind);
    this.serial?.restart();
    this.#connect();
  }

  #connect(): void {
    const link = this.#unit.link('usb');
    if (link === undefined) throw new RangeError('the unit is not plugged in');
    link.onSend = (bytes) => this.#endpoints.pipe(CCID_IN)?.send(bytes);
  }

  /** Sends SERIAL_STATE. For a parity or framing error also sends a corrupt byte. */
  #reportLineError(error: LineError): void {
    this.#endpoints.pipe(NOTIFICATION_IN)?.send(encodeSerialState(error));
    const hasByte = error === 'ParityError' || error === 'FramingError';
    if (hasByte) this.#endpoints.pipe(CDC_DATA)?.send(Uint8Array.of(CORRUPT_BYTE));
  }

  #halt(address: number): void {
    this.#endpoints.halt(address);
    this.#emit({ event: 'stall', endpoint: address });
  }

  #emit(event: GadgetEvent): void {
    this.#options.onEvent?.(event);
  }
}
