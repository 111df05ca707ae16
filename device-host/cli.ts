// `npm run device`: the simulated EI as a USB device for people, over USB/IP on loopback, with a view of the device's side in the
// terminal. Puts the pieces together; what it says stands in device-words.ts.
import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer } from 'node:net';
import { memoryDigest } from '#device-sim/setup/control.ts';
import { describedUnit } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { DEVICE_USAGE, type DeviceConfig, readCommandLine, UsageError } from './command-line.ts';
import { cardWords, gadgetWords, KEYS, offerWords, serverWords, slotWords, unitWords } from './device-words.ts';
import { unitFraming } from './gadget/unit-framing.ts';
import { busIdOf, UsbIpServer } from './usbip/server.ts';

const HOST = '127.0.0.1';

function say(words: string): void {
  console.log(`${new Date().toTimeString().slice(0, 8)}  ${words}`);
}

function createUnit({ description, readerLevel }: DeviceConfig): Unit {
  const random = (length: number) => copy(randomBytes(length));
  const described = describedUnit(description, { clock: realClock, random });
  const framing = unitFraming({
    ...(readerLevel === undefined ? {} : { readerLevel }),
    edc: described.serial.edc,
    onEvent: (event) => say(cardWords(event)),
  });
  const unit = new Unit({ ...described, framing });
  for (const fault of description.faults ?? []) unit.arm(fault);
  return unit;
}

/** Tells each time that something in M has changed. */
function watchMemory(unit: Unit): void {
  let shown = '';
  const show = (): void => {
    const lines = slotWords(memoryDigest(unit));
    if (lines.join() === shown) return;
    shown = lines.join();
    for (const line of lines) say(`  ${line}`);
  };
  unit.memory.onWrite = show;
  show();
}

/** Keys of the terminal, where there is one. */
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
        say('its faults are cleared');
      }
      if (key === 'q' || key === '\u0003') end();
    }
  });
}

function run(config: DeviceConfig): void {
  const unit = createUnit(config);
  unit.onEvent((event) => say(unitWords(event)));
  const { readerLevel, landingPage } = config;
  const gadget = {
    ...(readerLevel === undefined ? {} : { readerLevel }),
    ...(landingPage === undefined ? {} : { landingPage }),
    onEvent: (event: Parameters<typeof gadgetWords>[0]) => say(gadgetWords(event)),
  };
  const usbip = new UsbIpServer([{ unit, gadget }], (event) => say(serverWords(event)));
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
    say(`unit ${unit.sn}`);
    for (const line of offerWords(HOST, port, busIdOf(0))) say(line);
    if (process.stdin.isTTY) say(KEYS);
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
