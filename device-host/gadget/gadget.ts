// The unit as a USB device at the level of setup packets, endpoints and octets (USB 2.0 clause 9), for whatever brings those to an
// operating system: USB/IP, or a simulated usbfs. One per plugging in. Knows no host, no kernel and no socket.

import { CCID_IN, CCID_OUT } from '#device-sim/browser/usb-descriptors.ts';
import type { LineError } from '#device-sim/unit/faults.ts';
import type { Unit } from '#device-sim/unit/unit.ts';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { CdcRequest, decodeLineCoding, decodeSignals, encodeLineCoding, encodeSerialState } from './cdc-acm.ts';
import { CDC_CONTROL_INTERFACE, CDC_DATA, type DescriptorSet, describeUnit, NOTIFICATION_IN } from './descriptors.ts';
import { Endpoints, inAddress } from './endpoints.ts';
import type { CancelTransfer, InResult } from './in-pipe.ts';
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
import { type LineCoding, SerialFunction, type Signals, SPOILT_OCTET } from './serial-function.ts';
import { DescriptorType, ENDPOINT_HALT, RequestType, type Setup, StandardRequest } from './setup.ts';
import { DATA_RATE_BPS, DEFAULT_CLOCK_KHZ, type ReaderLevel } from './smart-card-class.ts';

export interface GadgetOptions {
  /** What the class descriptor says where the unit is a reader of class 0B; the unit's framing must be of the same level. */
  readonly readerLevel?: ReaderLevel;
  /** Where the browser may send whoever plugs the unit in; http or https. */
  readonly landingPage?: string;
  readonly onEvent?: (event: GadgetEvent) => void;
}

/** What the host did, for whoever watches. */
export type GadgetEvent =
  | { readonly event: 'configured' | 'reset' }
  | { readonly event: 'line coding'; readonly coding: LineCoding }
  | { readonly event: 'signals'; readonly signals: Signals }
  /** In ms; FFFF until it is ended with 0. */
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
      this.serial.onLineError = (error) => this.#spoil(error);
    }
    this.#listen();
  }

  /** bConfigurationValue, 0 until one is set. */
  get configuration(): number {
    return this.#configuration;
  }

  /**
   * One control transfer: its data stage from the host, and the device's answer, cut to wLength. Undefined is a stall of the pipe,
   * which the next setup packet ends.
   */
  control(setup: Setup, data: Uint8Array): Bytes | undefined {
    if (!this.#unit.isPlugged) return undefined;
    const answer = this.#dispatch(setup, data);
    return answer?.slice(0, setup.length);
  }

  /**
   * The host writes. The octets reach the unit after this has returned, as the transfer's end reaches the host before the unit's
   * answer does.
   */
  transferOut(endpoint: number, data: Uint8Array): 'ok' | 'stall' {
    if (!this.#endpoints.has(endpoint) || this.#configuration === 0) return 'stall';
    if (endpoint === CCID_OUT && this.#unit.faults('usb').takeStall('out')) this.#halt(endpoint);
    if (this.#endpoints.isHalted(endpoint)) return 'stall';
    const octets = copy(data);
    if (endpoint === CDC_DATA) {
      queueMicrotask(() => this.serial?.receive(octets));
    } else {
      const link = this.#unit.link('usb');
      queueMicrotask(() => link?.receive(octets));
    }
    return 'ok';
  }

  /** The host reads. `done` may be called before this returns, or never, once the transfer is cancelled. */
  transferIn(endpoint: number, length: number, done: (result: InResult) => void): CancelTransfer {
    const pipe = this.#endpoints.pipe(endpoint);
    if (pipe === undefined || this.#configuration === 0) {
      done({ status: 'stall', data: NOTHING });
      return () => false;
    }
    if (endpoint === CCID_IN && this.#unit.faults('usb').takeStall('in')) this.#halt(inAddress(endpoint));
    return pipe.submit(length, done);
  }

  /** The bus resets the device: it has no configuration, its links and the cards on them start anew. */
  reset(): void {
    this.#configuration = 0;
    this.#restart();
    this.#tell({ event: 'reset' });
  }

  /** The endpoint's halt is over (CLEAR_FEATURE). False for an endpoint that is not there. */
  clearHalt(address: number): boolean {
    if (!this.#endpoints.has(address)) return false;
    this.#endpoints.clearHalt(address);
    this.#tell({ event: 'halt cleared', endpoint: address });
    return true;
  }

  #dispatch(setup: Setup, data: Uint8Array): Bytes | undefined {
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

  #device({ requestType, request, value }: Setup): Bytes | undefined {
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
    this.#tell({ event: value === 0 ? 'reset' : 'configured' });
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

  #interface({ request, value, index }: Setup): Bytes | undefined {
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

  #endpoint({ request, value, index }: Setup): Bytes | undefined {
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

  #line({ request, value }: Setup, data: Uint8Array): Bytes | undefined {
    const { serial } = this;
    if (serial === undefined) return undefined;
    switch (request) {
      case CdcRequest.setLineCoding: {
        const coding = decodeLineCoding(data);
        if (coding === undefined) return undefined;
        serial.setCoding(coding);
        this.#tell({ event: 'line coding', coding });
        return NOTHING;
      }
      case CdcRequest.getLineCoding:
        return encodeLineCoding(serial.coding);
      case CdcRequest.setControlLineState: {
        const signals = decodeSignals(value);
        // Nobody listens any more: what was not read is for nobody.
        if (!signals.dataTerminalReady) this.#endpoints.pipe(CDC_DATA)?.flush();
        serial.setSignals(signals);
        this.#tell({ event: 'signals', signals });
        return NOTHING;
      }
      case CdcRequest.sendBreak:
        this.#tell({ event: 'break', duration: value });
        return NOTHING;
      default:
        return undefined;
    }
  }

  /** CCID 1.1 clause 5.3: what a reader's host may ask on the control pipe. */
  #reader({ request, index }: Setup): Bytes | undefined {
    const isReader = this.descriptors.configurationObject.interfaces.some(
      ({ interfaceNumber, alternate }) => interfaceNumber === index && alternate.interfaceClass === 0x0b,
    );
    if (!isReader) return undefined;
    if (request === 0x02) return Uint8Array.of(...le32(DEFAULT_CLOCK_KHZ));
    return request === 0x03 ? Uint8Array.of(...le32(DATA_RATE_BPS)) : undefined;
  }

  #vendor({ request, value, index }: Setup): Bytes | undefined {
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
    this.#listen();
  }

  #listen(): void {
    const link = this.#unit.link('usb');
    if (link === undefined) throw new RangeError('the unit is not plugged in');
    link.onSend = (bytes) => this.#endpoints.pipe(CCID_IN)?.send(bytes);
  }

  /** The octet of a parity or framing error is passed on beside the news of it; a break has none, and an overrun lost it. */
  #spoil(error: LineError): void {
    this.#endpoints.pipe(NOTIFICATION_IN)?.send(encodeSerialState(error));
    const hasOctet = error === 'ParityError' || error === 'FramingError';
    if (hasOctet) this.#endpoints.pipe(CDC_DATA)?.send(Uint8Array.of(SPOILT_OCTET));
  }

  #halt(address: number): void {
    this.#endpoints.halt(address);
    this.#tell({ event: 'stall', endpoint: address });
  }

  #tell(event: GadgetEvent): void {
    this.#options.onEvent?.(event);
  }
}
