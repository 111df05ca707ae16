// Implements `npm run device`, which offers a simulated EI as a USB device over USB/IP on loopback,
// for manual tests. The terminal shows the events of the device (event-text.ts).
import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { memoryDigest } from '#device-sim/setup/control.ts';
import { unitOptions } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { DEVICE_USAGE, type DeviceConfig, readCommandLine, UsageError } from './command-line.ts';
import {
  attachLines,
  cardEventText,
  gadgetEventText,
  KEY_HELP,
  serverEventText,
  slotLines,
  unitEventText,
} from './event-text.ts';
import type { GadgetOptions } from './gadget/gadget.ts';
import { unitFraming } from './gadget/unit-framing.ts';
import { busIdOf, UsbIpServer } from './usbip/server.ts';

const HOST = '127.0.0.1';

function print(text: string): void {
  console.log(`${new Date().toTimeString().slice(0, 8)}  ${text}`);
}

function createUnit({ description, readerLevel }: DeviceConfig): Unit {
  const random = (length: number) => copy(randomBytes(length));
  const options = unitOptions(description, { clock: realClock, random });
  const framing = unitFraming({
    ...(readerLevel === undefined ? {} : { readerLevel }),
    edc: options.serial.edc,
    onEvent: (event) => print(cardEventText(event)),
  });
  const unit = new Unit({ ...options, framing });
  for (const fault of description.faults ?? []) unit.arm(fault);
  return unit;
}

/** Prints the unit's slots now and after each change. */
function watchMemory(unit: Unit): void {
  let printed = '';
  const printSlots = (): void => {
    const lines = slotLines(memoryDigest(unit));
    if (lines.join() === printed) return;
    printed = lines.join();
    for (const line of lines) print(`  ${line}`);
  };
  unit.memory.onWrite = printSlots;
  printSlots();
}

/** Handles key presses, if the input is a terminal. */
function watchKeys(unit: Unit, end: () => void): void {
  const { stdin } = process;
  if (!stdin.isTTY) return;
  stdin.setRawMode(true);
  stdin.on('data', (keys: Buffer) => {
    for (const key of keys.toString()) {
      if (key === 'u') unit.unplug();
      if (key === 'p') unit.plug();
      if (key === 'c') {
        unit.clearFaults();
        print('faults cleared');
      }
      if (key === 'q' || key === '\u0003') end();
    }
  });
}

function run(config: DeviceConfig): void {
  const unit = createUnit(config);
  unit.onEvent((event) => print(unitEventText(event)));
  const { readerLevel, landingPage } = config;
  const gadget: GadgetOptions = {
    ...(readerLevel === undefined ? {} : { readerLevel }),
    ...(landingPage === undefined ? {} : { landingPage }),
    onEvent: (event) => print(gadgetEventText(event)),
  };
  const usbip = new UsbIpServer([{ unit, gadget }], (event) => print(serverEventText(event)));
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    usbip.accept(socket);
  });
  server.on('error', (error) => {
    console.error(`USB/IP cannot listen on port ${config.port}: ${error.message}`);
    process.exitCode = 1;
  });
  const end = (): void => {
    unit.unplug();
    process.exit();
  };
  server.listen(config.port, HOST, () => {
    const { port } = server.address() as AddressInfo;
    print(`unit ${unit.sn}`);
    for (const line of attachLines(HOST, port, busIdOf(0))) print(line);
    if (process.stdin.isTTY) print(KEY_HELP);
    watchMemory(unit);
    unit.plug();
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
    watchKeys(unit, end);
  });
}

try {
  const config = readCommandLine(process.argv.slice(2));
  if (config === 'help') console.log(DEVICE_USAGE);
  else run(config);
} catch (error) {
  if (!(error instanceof UsageError || error instanceof RangeError || error instanceof SyntaxError)) throw error;
  console.error(`${error.message}\n\n${DEVICE_USAGE}`);
  process.exitCode = 2;
}
