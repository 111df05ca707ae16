// Simulated devices that answer immediately, so that a measurement contains only the work of the
// host. They implement only the parts of the browser's objects that the cases use.

/**
 * Returns the device's responses to the bytes that the host sent. Each response arrives as one
 * chunk of the serial stream or as one USB transfer.
 */
export type Reply = (bytes: Uint8Array) => readonly Uint8Array[];

export interface InstantSerial {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly connected: true;
  open(): Promise<void>;
  close(): Promise<void>;
  setSignals(): Promise<void>;
  getInfo(): { readonly usbVendorId: number; readonly usbProductId: number };
}

export function instantSerial(reply: Reply): InstantSerial {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => {
      for (const answer of reply(chunk)) controller?.enqueue(answer);
    },
  });
  const nothing = async (): Promise<void> => undefined;
  return {
    readable,
    writable,
    connected: true,
    open: nothing,
    close: nothing,
    setSignals: nothing,
    getInfo: () => ({ usbVendorId: 0x1209, usbProductId: 0x0001 }),
  };
}

const bulk = (direction: 'in' | 'out', endpointNumber: number) =>
  ({ direction, type: 'bulk', endpointNumber, packetSize: 64 }) as const;
const alternate = {
  alternateSetting: 0,
  interfaceClass: 0xff,
  interfaceSubclass: 0,
  interfaceProtocol: 0,
  interfaceName: undefined,
  endpoints: [bulk('out', 3), bulk('in', 3)],
};
const usbInterface = { interfaceNumber: 0, alternate, alternates: [alternate], claimed: false };
const configuration = { configurationValue: 1, configurationName: undefined, interfaces: [usbInterface] };

export function instantUsb(reply: Reply) {
  const waiting: Uint8Array[] = [];
  const readers: ((bytes: Uint8Array) => void)[] = [];
  const nothing = async (): Promise<void> => undefined;
  const counts = { in: 0, out: 0 };
  return {
    counts,
    vendorId: 0x1209,
    productId: 0x0001,
    productName: 'Instant unit',
    serialNumber: '00',
    opened: true,
    configuration,
    configurations: [configuration],
    open: nothing,
    close: nothing,
    reset: nothing,
    selectConfiguration: nothing,
    claimInterface: nothing,
    releaseInterface: nothing,
    selectAlternateInterface: nothing,
    async transferOut(_endpoint: number, data: Uint8Array) {
      counts.out++;
      for (const answer of reply(data)) {
        const reader = readers.shift();
        if (reader) reader(answer);
        else waiting.push(answer);
      }
      return { status: 'ok', bytesWritten: data.byteLength } as const;
    },
    async transferIn() {
      counts.in++;
      const bytes = waiting.shift() ?? (await new Promise<Uint8Array>((resolve) => readers.push(resolve)));
      return { status: 'ok', data: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) } as const;
    },
  };
}
