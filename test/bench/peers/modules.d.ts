// Declares the types of the peers' APIs, so that the benchmark can be type-checked even if the
// peers are not installed.
declare module '@ledgerhq/hw-transport-webusb' {
  export default class TransportWebUSB {
    constructor(device: object, interfaceNumber: number);
    exchange(apdu: Uint8Array): Promise<Uint8Array>;
  }
}

declare module '@ledgerhq/device-management-kit' {
  import type { Observable } from 'rxjs';

  export interface DeviceModelDataSource {
    getAllDeviceModels(): object[];
  }
  interface Services {
    readonly deviceModelDataSource: DeviceModelDataSource;
    apduSenderServiceFactory(options: object): { getFrames(apdu: Uint8Array): { getRawData(): Uint8Array }[] };
    apduReceiverServiceFactory(options: object): {
      handleFrame(frame: Uint8Array): { orDefault(other: unknown): { extract(): object | undefined } };
    };
  }
  interface Kit {
    startDiscovering(options: object): Observable<object>;
    connect(options: object): Promise<string>;
    sendApdu(options: { sessionId: string; apdu: Uint8Array }): Promise<{ readonly data: Uint8Array }>;
  }
  export class DeviceManagementKitBuilder {
    addTransport(factory: (services: Services) => object): this;
    build(): Kit;
  }
  export class TransportConnectedDevice {
    constructor(facts: object);
  }
}

declare module 'purify-ts' {
  export const Maybe: { of(value: unknown): unknown; empty(): unknown };
  export function Right(value: unknown): unknown;
}

declare module 'rxjs' {
  export interface Observable<T> {
    subscribe(next: (value: T) => void): void;
  }
  export class BehaviorSubject<T> implements Observable<T> {
    constructor(value: T);
    subscribe(next: (value: T) => void): void;
  }
  export function of<T>(value: T): Observable<T>;
  export function firstValueFrom<T>(source: Observable<T>): Promise<T>;
}

declare module 'improv-wifi-serial-sdk/dist/serial.js' {
  export class ImprovSerial {
    constructor(port: object, logger: object);
    readonly nextUrl: string | undefined;
    initialize(): Promise<unknown>;
    provision(ssid: string, password: string): Promise<void>;
  }
}

declare module 'esptool-js' {
  export class Transport {
    constructor(port: object);
    readLoop(): Promise<void>;
  }
  export class ESPLoader {
    constructor(options: { transport: Transport; baudrate: number; terminal: object });
    command(op: number, data: Uint8Array, chk: number, wait: boolean, timeout: number): Promise<[number, Uint8Array]>;
  }
}

declare module 'buffer' {
  export const Buffer: { from(bytes: Uint8Array): Uint8Array };
}
