// The cases of the peers in benchmark 4. Each case calls the public API of a peer, with a device
// that answers immediately in the peer's protocol.
import {
  DeviceManagementKitBuilder,
  type DeviceModelDataSource,
  TransportConnectedDevice,
} from '@ledgerhq/device-management-kit';
import TransportWebUSB from '@ledgerhq/hw-transport-webusb';
import { Buffer } from 'buffer';
import { ESPLoader, Transport } from 'esptool-js';
import { ImprovSerial } from 'improv-wifi-serial-sdk/dist/serial.js';
import { Maybe, Right } from 'purify-ts';
import { BehaviorSubject, firstValueFrom, of } from 'rxjs';
import { type Case, COMMAND, RESPONSE, SIZE } from '../host-cost/exchange.ts';
import { instantSerial, instantUsb } from '../host-cost/instant.ts';

const PACKET = 64;
const HEADER = 5;

/**
 * Simulates a Ledger device. Returns the response when the last packet of a command arrives, split
 * into packets of the same channel.
 */
function ledgerReply(): (packet: Uint8Array) => Uint8Array[] {
  const perPacket = PACKET - HEADER;
  let left = 0;
  return (packet) => {
    const [high = 0, low = 0, , , sequence = 0, lengthHigh = 0, lengthLow = 0] = packet;
    if (sequence === 0) left = Math.ceil((2 + ((lengthHigh << 8) | lengthLow)) / perPacket);
    if (--left > 0) return [];
    const body = Uint8Array.of(SIZE >> 8, SIZE & 0xff, ...RESPONSE);
    return Array.from({ length: Math.ceil(body.length / perPacket) }, (_, i) => {
      const answer = new Uint8Array(PACKET);
      answer.set([high, low, 0x05, i >> 8, i & 0xff]);
      answer.set(body.subarray(i * perPacket, (i + 1) * perPacket), HEADER);
      return answer;
    });
  };
}

function ledgerWebUsb(): Case {
  const transport = new TransportWebUSB(instantUsb(ledgerReply()), 0);
  const apdu = Buffer.from(COMMAND);
  return {
    name: 'Ledger hw-transport-webusb',
    async run(count) {
      for (let i = 0; i < count; i++) {
        const answer = await transport.exchange(apdu);
        if (answer.length !== SIZE) throw new Error('Ledger answered wrongly');
      }
    },
  };
}

/**
 * Creates the case of Ledger's device management kit, with a transport to the simulated device. The
 * transport uses the framing services of the kit.
 */
async function ledgerDmk(): Promise<Case> {
  const usb = instantUsb(ledgerReply());
  const channel = Maybe.of(Uint8Array.of(0x12, 0x34));
  const kit = new DeviceManagementKitBuilder()
    .addTransport(({ deviceModelDataSource, apduSenderServiceFactory, apduReceiverServiceFactory }) => {
      const sender = apduSenderServiceFactory({ frameSize: PACKET, channel, padding: true });
      const receiver = apduReceiverServiceFactory({ channel });
      const [deviceModel] = (deviceModelDataSource as DeviceModelDataSource).getAllDeviceModels();
      const device = { id: 'instant', deviceModel, transport: 'INSTANT' };
      return {
        getIdentifier: () => 'INSTANT',
        isSupported: () => true,
        startDiscovering: () => of(device),
        stopDiscovering: () => undefined,
        listenToAvailableDevices: () => new BehaviorSubject([device]),
        async connect() {
          const sendApdu = async (apdu: Uint8Array) => {
            for (const frame of sender.getFrames(apdu)) await usb.transferOut(3, frame.getRawData());
            for (;;) {
              const { data } = await usb.transferIn();
              const answer = receiver.handleFrame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
              const whole = answer.orDefault(Maybe.empty()).extract();
              if (whole !== undefined) return Right(whole);
            }
          };
          return Right(new TransportConnectedDevice({ ...device, type: 'USB', sendApdu }));
        },
        disconnect: async () => Right(undefined),
      };
    })
    .build();
  const device = await firstValueFrom(kit.startDiscovering({ transport: 'INSTANT' }));
  const sessionRefresherOptions = { isRefresherDisabled: true };
  const sessionId = await kit.connect({ device, sessionRefresherOptions });
  return {
    name: 'Ledger device-management-kit',
    async run(count) {
      for (let i = 0; i < count; i++) {
        const answer = await kit.sendApdu({ sessionId, apdu: COMMAND });
        if (answer.data.length !== SIZE - 2) throw new Error('the kit answered wrongly');
      }
    },
  };
}

async function improv(): Promise<Case> {
  const packet = (type: number, data: readonly number[]): Uint8Array => {
    const bytes = [...new TextEncoder().encode('IMPROV'), 1, type, data.length, ...data];
    return Uint8Array.of(...bytes, bytes.reduce((sum, byte) => sum + byte, 0) & 0xff, 10);
  };
  const url = 'u'.repeat(SIZE - 13);
  const state = packet(0x01, [0x02]);
  const result = packet(0x04, [0x01, url.length + 1, url.length, ...new TextEncoder().encode(url)]);
  const info = packet(0x04, [0x03, 12, 2, 97, 97, 2, 97, 97, 2, 97, 97, 2, 97, 97]);
  const port = instantSerial((bytes) => (bytes[9] === 0x02 ? [state] : bytes[9] === 0x03 ? [info] : [result]));
  const quiet = { log: () => undefined, error: () => undefined, debug: () => undefined };
  const client = new ImprovSerial(port, quiet);
  await client.initialize();
  const password = 'p'.repeat(SIZE - 13 - 32);
  return {
    name: 'Improv serial SDK',
    async run(count) {
      for (let i = 0; i < count; i++) {
        await client.provision('s'.repeat(32), password);
        if (client.nextUrl !== url) throw new Error('Improv answered wrongly');
      }
    },
  };
}

function esptool(): Case {
  const op = 0x03;
  const answer = Uint8Array.of(0xc0, 0x01, op, SIZE - 8, 0, 0, 0, 0, 0, ...new Uint8Array(SIZE - 8).fill(0x55), 0xc0);
  const transport = new Transport(instantSerial(() => [answer]));
  const terminal = { clean: () => undefined, writeLine: () => undefined, write: () => undefined };
  const loader = new ESPLoader({ transport, baudrate: 115_200, terminal });
  void transport.readLoop();
  const data = COMMAND.slice(8);
  return {
    name: 'esptool-js',
    async run(count) {
      for (let i = 0; i < count; i++) {
        const [, body] = await loader.command(op, data, 0, true, 1000);
        if (body.length !== SIZE - 8) throw new Error('esptool-js answered wrongly');
      }
    },
  };
}

export async function peerCases(): Promise<Case[]> {
  return [ledgerWebUsb(), await ledgerDmk(), await improv(), esptool()];
}
