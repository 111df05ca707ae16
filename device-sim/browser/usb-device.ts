// USBDevice as Chromium implements it (Blink's usb_device.cc), with the same checks in the same
// order and the same exceptions and messages. Each plug-in creates a new object.
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { CLASS_SMART_CARD, type Unit } from '../unit/unit.ts';
import { BulkInEndpoint } from './bulk-in-endpoint.ts';
import type { BrowserDevice } from './device-list.ts';
import { exception } from './dom-exception.ts';
import {
  CCID_IN,
  CCID_INTERFACE,
  CCID_OUT,
  deviceClass,
  MANUFACTURER,
  unitConfiguration,
  VENDOR_ID,
} from './usb-descriptors.ts';

const OPEN_REQUIRED = 'The device must be opened first.';
const DISCONNECTED = 'The device was disconnected.';
const DEVICE_CHANGE = 'An operation that changes the device state is in progress.';
const INTERFACE_CHANGE = 'An operation that changes interface state is in progress.';
const INTERFACE_NOT_FOUND =
  'The interface number provided is not supported by the device in its current configuration.';
const TRANSFER_ERROR = 'A transfer error has occurred.';
const TRANSFER_CANCELLED = 'The transfer was cancelled.';
const MAX_TRANSFER_LENGTH = 32 * 1024 * 1024;

type Place = `${string} on USBDevice`;

export class SimulatedUsbDevice implements USBDevice, BrowserDevice {
  readonly usbVersionMajor = 2;
  readonly usbVersionMinor = 1;
  readonly usbVersionSubminor = 0;
  readonly deviceClass: number;
  readonly deviceSubclass: number;
  readonly deviceProtocol: number;
  readonly vendorId = VENDOR_ID;
  readonly productId: number;
  readonly deviceVersionMajor = 1;
  readonly deviceVersionMinor = 0;
  readonly deviceVersionSubminor = 0;
  readonly manufacturerName = MANUFACTURER;
  readonly productName: string;
  readonly serialNumber: string | null;
  readonly configurations: USBConfiguration[];
  readonly #unit: Unit;
  readonly #forget: () => void;
  readonly #in: BulkInEndpoint;
  readonly #claimed = new Set<number>();
  readonly #changing = new Set<number>();
  #configuration: USBConfiguration | null = null;
  #opened = false;
  #deviceChanging = false;
  #outHalted = false;
  /** True once the unit is unplugged. disconnect() is called later. */
  #unplugged = false;
  #disconnected = false;

  constructor(unit: Unit, forget: () => void) {
    const { name, usb, links } = unit.options;
    const withSerial = links.includes('serial');
    this.#unit = unit;
    this.#forget = forget;
    this.productId = usb.productId;
    this.#in = new BulkInEndpoint(usb.packetSize);
    [this.deviceClass, this.deviceSubclass, this.deviceProtocol] = deviceClass(withSerial);
    this.productName = name;
    this.serialNumber = usb.hasSerialNumber ? unit.sn : null;
    const configuration = unitConfiguration({
      interfaceClass: usb.interfaceClass,
      withSerial,
      packetSize: usb.packetSize,
      isClaimed: (number) => this.#claimed.has(number),
    });
    this.configurations = [configuration];
    if (usb.isConfigured) this.#configuration = configuration;
  }

  get configuration(): USBConfiguration | null {
    return this.#configuration;
  }

  get opened(): boolean {
    return this.#opened;
  }

  async open(): Promise<void> {
    const place = 'open on USBDevice';
    this.#requireNoChange(place);
    if (this.#opened) return;
    await this.#changeDevice(place, () => {
      const refusal = this.#unit.faults('usb').openRefusal;
      if (refusal === 'driver missing' || refusal === 'access denied') {
        throw exception('SecurityError', place, 'Access denied.');
      }
      this.#opened = true;
    });
  }

  async close(): Promise<void> {
    const place = 'close on USBDevice';
    this.#requireNoChange(place);
    if (!this.#opened) return;
    await this.#changeDevice(place, () => this.#shut(exception('AbortError', place, TRANSFER_CANCELLED)));
  }

  async forget(): Promise<void> {
    if (this.#opened) this.#shut(exception('AbortError', 'forget on USBDevice', TRANSFER_CANCELLED));
    this.#forget();
  }

  async selectConfiguration(configurationValue: number): Promise<void> {
    const place = 'selectConfiguration on USBDevice';
    this.#requireNoChange(place);
    if (!this.#opened) throw exception('InvalidStateError', place, OPEN_REQUIRED);
    const found = this.configurations.find((configuration) => configuration.configurationValue === configurationValue);
    if (found === undefined) {
      throw exception('NotFoundError', place, 'The configuration value provided is not supported by the device.');
    }
    if (this.#configuration === found) return;
    await this.#changeDevice(place, () => {
      this.#configuration = found;
      this.#claimed.clear();
    });
  }

  async claimInterface(interfaceNumber: number): Promise<void> {
    const place = 'claimInterface on USBDevice';
    const found = this.#requireInterface(place, interfaceNumber);
    if (this.#claimed.has(interfaceNumber)) return;
    await this.#changeInterface(place, interfaceNumber, () => {
      if (found.alternate.interfaceClass === CLASS_SMART_CARD) {
        throw exception('SecurityError', place, 'The requested interface implements a protected class.');
      }
      // The CDC-ACM interfaces are always busy, because the operating system's serial driver has
      // claimed them.
      const isBusy = interfaceNumber !== CCID_INTERFACE || this.#unit.faults('usb').openRefusal === 'busy';
      if (isBusy) throw exception('NetworkError', place, 'Unable to claim interface.');
      this.#claimed.add(interfaceNumber);
      this.#listen();
    });
  }

  async releaseInterface(interfaceNumber: number): Promise<void> {
    const place = 'releaseInterface on USBDevice';
    this.#requireInterface(place, interfaceNumber);
    if (!this.#claimed.has(interfaceNumber)) return;
    await this.#changeInterface(place, interfaceNumber, () => undefined);
    // Like Chromium, fails the pending transfers only after the release.
    this.#release(exception('NetworkError', 'transferIn on USBDevice', TRANSFER_ERROR));
  }

  async selectAlternateInterface(interfaceNumber: number, alternateSetting: number): Promise<void> {
    const place = 'selectAlternateInterface on USBDevice';
    const { alternates } = this.#requireClaimed(place, interfaceNumber);
    if (alternates.some((alternate) => alternate.alternateSetting === alternateSetting)) return;
    const message = 'The alternate setting provided is not supported by the device in its current configuration.';
    throw exception('NotFoundError', place, message);
  }

  async controlTransferIn(setup: USBControlTransferParameters, _length: number): Promise<USBInTransferResult> {
    this.#requireControl('controlTransferIn on USBDevice', setup);
    return { status: 'stall', data: new DataView(new ArrayBuffer(0)) };
  }

  async controlTransferOut(setup: USBControlTransferParameters, data?: BufferSource): Promise<USBOutTransferResult> {
    this.#requireControl('controlTransferOut on USBDevice', setup);
    return { status: 'stall', bytesWritten: data?.byteLength ?? 0 };
  }

  async clearHalt(direction: USBDirection, endpointNumber: number): Promise<void> {
    this.#requireEndpoint('clearHalt on USBDevice', direction, endpointNumber);
    if (direction === 'in') this.#in.clearHalt();
    else this.#outHalted = false;
  }

  async transferIn(endpointNumber: number, length: number): Promise<USBInTransferResult> {
    const place = 'transferIn on USBDevice';
    requireTransferLength(place, length);
    this.#requireEndpoint(place, 'in', endpointNumber);
    if (this.#unplugged) throw exception('NetworkError', place, TRANSFER_ERROR);
    if (this.#unit.faults('usb').takeStall('in')) this.#in.halt();
    return await this.#in.transfer(length);
  }

  async transferOut(endpointNumber: number, data: BufferSource): Promise<USBOutTransferResult> {
    const place = 'transferOut on USBDevice';
    this.#requireEndpoint(place, 'out', endpointNumber);
    const bytes = bytesOf(data);
    requireTransferLength(place, bytes.length);
    if (this.#unit.faults('usb').takeStall('out')) this.#outHalted = true;
    if (this.#outHalted) return { status: 'stall', bytesWritten: bytes.length };
    // Sends the bytes in a later microtask, so that the caller can start a read first.
    await Promise.resolve();
    const link = this.#unit.link('usb');
    if (this.#unplugged || link === undefined) throw exception('NetworkError', place, TRANSFER_ERROR);
    link.receive(bytes);
    if (this.#isGone()) throw exception('NetworkError', place, TRANSFER_ERROR);
    return { status: 'ok', bytesWritten: bytes.length };
  }

  async isochronousTransferIn(endpointNumber: number, _lengths: number[]): Promise<USBIsochronousInTransferResult> {
    const place = 'isochronousTransferIn on USBDevice';
    this.#requireEndpoint(place, 'in', endpointNumber);
    throw exception('NetworkError', place, TRANSFER_ERROR);
  }

  async isochronousTransferOut(
    endpointNumber: number,
    _data: BufferSource,
    _lengths: number[],
  ): Promise<USBIsochronousOutTransferResult> {
    const place = 'isochronousTransferOut on USBDevice';
    this.#requireEndpoint(place, 'out', endpointNumber);
    throw exception('NetworkError', place, TRANSFER_ERROR);
  }

  /** Resets the simulated device. Like Chromium, keeps the interfaces claimed. */
  async reset(): Promise<void> {
    const place = 'reset on USBDevice';
    this.#requireNoChange(place);
    if (!this.#opened) throw exception('InvalidStateError', place, OPEN_REQUIRED);
    if (this.#unplugged) throw exception('NetworkError', place, 'Unable to reset the device.');
    this.#in.fail(exception('AbortError', place, TRANSFER_CANCELLED));
    this.#in.flush();
    this.#unit.reset('usb');
    if (this.#claimed.has(CCID_INTERFACE)) this.#listen();
  }

  unplug(): void {
    this.#unplugged = true;
    this.#in.fail(exception('NetworkError', 'transferIn on USBDevice', TRANSFER_ERROR));
  }

  disconnect(): void {
    this.#disconnected = true;
    this.#opened = false;
    this.#claimed.clear();
  }

  #listen(): void {
    const link = this.#unit.link('usb');
    if (link !== undefined) link.onSend = (bytes) => this.#in.send(bytes);
  }

  #isGone(): boolean {
    return this.#unplugged;
  }

  #shut(reason: DOMException): void {
    this.#release(reason);
    this.#opened = false;
  }

  #release(reason: DOMException): void {
    this.#claimed.clear();
    const link = this.#unit.link('usb');
    if (link !== undefined) link.onSend = undefined;
    this.#in.fail(reason);
    this.#in.flush();
  }

  async #changeDevice(place: Place, change: () => void): Promise<void> {
    this.#deviceChanging = true;
    await Promise.resolve();
    this.#deviceChanging = false;
    if (this.#disconnected) throw exception('NotFoundError', place, DISCONNECTED);
    change();
  }

  async #changeInterface(place: Place, interfaceNumber: number, change: () => void): Promise<void> {
    this.#changing.add(interfaceNumber);
    await Promise.resolve();
    this.#changing.delete(interfaceNumber);
    if (this.#disconnected) throw exception('NotFoundError', place, DISCONNECTED);
    change();
  }

  #requireNoDeviceChange(place: Place): void {
    if (this.#disconnected) throw exception('NotFoundError', place, DISCONNECTED);
    if (this.#deviceChanging) throw exception('InvalidStateError', place, DEVICE_CHANGE);
  }

  #requireNoChange(place: Place): void {
    this.#requireNoDeviceChange(place);
    if (this.#changing.size > 0) throw exception('InvalidStateError', place, INTERFACE_CHANGE);
  }

  #requireConfigured(place: Place): USBConfiguration {
    this.#requireNoDeviceChange(place);
    if (!this.#opened) throw exception('InvalidStateError', place, OPEN_REQUIRED);
    if (this.#configuration === null) {
      throw exception('InvalidStateError', place, 'The device must have a configuration selected.');
    }
    return this.#configuration;
  }

  #requireInterface(place: Place, interfaceNumber: number): USBInterface {
    const { interfaces } = this.#requireConfigured(place);
    const found = interfaces.find((candidate) => candidate.interfaceNumber === interfaceNumber);
    if (found === undefined) throw exception('NotFoundError', place, INTERFACE_NOT_FOUND);
    if (this.#changing.has(interfaceNumber)) throw exception('InvalidStateError', place, INTERFACE_CHANGE);
    return found;
  }

  #requireClaimed(place: Place, interfaceNumber: number): USBInterface {
    const found = this.#requireInterface(place, interfaceNumber);
    if (found.claimed) return found;
    throw exception('InvalidStateError', place, 'The specified interface has not been claimed.');
  }

  #requireEndpoint(place: Place, direction: USBDirection, endpointNumber: number): void {
    this.#requireConfigured(place);
    if (!Number.isInteger(endpointNumber) || endpointNumber < 1 || endpointNumber > 15) {
      throw exception('IndexSizeError', place, 'The specified endpoint number is out of range.');
    }
    const isClaimed = this.#claimed.has(CCID_INTERFACE) && !this.#changing.has(CCID_INTERFACE);
    if (isClaimed && endpointNumber === (direction === 'in' ? CCID_IN : CCID_OUT)) return;
    const message = 'The specified endpoint is not part of a claimed and selected alternate interface.';
    throw exception('NotFoundError', place, message);
  }

  #requireControl(place: Place, { recipient, index }: USBControlTransferParameters): void {
    this.#requireNoChange(place);
    if (!this.#opened) throw exception('InvalidStateError', place, OPEN_REQUIRED);
    if (recipient === 'interface') this.#requireClaimed(place, index & 0xff);
    if (recipient === 'endpoint') this.#requireEndpoint(place, (index & 0x80) === 0 ? 'out' : 'in', index & 0x0f);
    if (this.#unplugged) throw exception('NetworkError', place, TRANSFER_ERROR);
  }
}

function requireTransferLength(place: Place, length: number): void {
  if (length <= MAX_TRANSFER_LENGTH) return;
  const message = `The data buffer exceeded supported maximum size of ${MAX_TRANSFER_LENGTH} bytes`;
  throw exception('DataError', place, message);
}

function bytesOf(data: BufferSource): Bytes {
  return ArrayBuffer.isView(data)
    ? copy(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    : copy(new Uint8Array(data));
}
