// The simulated EI on the guest's own kernel: plugged in over USB/IP, and what it saw of its host. Knows no browser.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GadgetEvent } from '#device-host/gadget/gadget.ts';
import type { ReaderLevel } from '#device-host/gadget/smart-card-class.ts';
import { unitFraming } from '#device-host/gadget/unit-framing.ts';
import { attach } from '#device-host/usbip/attach.ts';
import { realClock } from '#device-sim/clock.ts';
import { describedUnit, type UnitDescription } from '#device-sim/description.ts';
import { Unit, type UnitEvent } from '#device-sim/unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';

const USB_DEVICES = '/sys/bus/usb/devices';
const APPEARS_MS = 20_000;

export interface BenchUnitOptions {
  readonly description: UnitDescription;
  /** A reader of class 0B instead of the vendor interface. */
  readonly readerLevel?: ReaderLevel;
}

export class BenchUnit {
  readonly unit: Unit;
  /** Commands that the card has run. */
  commands = 0;
  readonly #options: BenchUnitOptions;
  readonly #line: string[] = [];

  constructor(options: BenchUnitOptions) {
    this.#options = options;
    const { description, readerLevel } = options;
    const described = describedUnit(description, {
      clock: realClock,
      random: (length) => copy(crypto.getRandomValues(new Uint8Array(length))),
    });
    const framing = unitFraming({
      ...(readerLevel === undefined ? {} : { readerLevel }),
      edc: described.serial.edc,
      onEvent: ({ event }) => {
        if (event === 'command') this.commands++;
      },
    });
    this.unit = new Unit({ ...described, framing });
  }

  get sn(): string {
    return this.unit.sn;
  }

  /** What the unit saw of the serial line since this was last called. */
  line(): readonly string[] {
    return this.#line.splice(0);
  }

  /** Resolves when the kernel has taken it, and udev has told everyone. */
  async plug(): Promise<void> {
    const { readerLevel } = this.#options;
    this.unit.plug();
    await attach({
      unit: this.unit,
      gadget: { ...(readerLevel === undefined ? {} : { readerLevel }), onEvent: (event) => this.#see(event) },
    });
    await until(() => this.#isThere(), 'the kernel did not take the unit');
  }

  /** Resolves when the kernel has let it go. Without effect when it is out already. */
  async unplug(): Promise<void> {
    this.unit.unplug();
    await until(async () => !existsSync('/dev/ttyACM0') && !(await this.#isListed()), 'the kernel kept the unit');
  }

  onEvent(listener: (event: UnitEvent) => void): () => void {
    return this.unit.onEvent(listener);
  }

  async #isThere(): Promise<boolean> {
    const hasSerial = this.unit.options.links.includes('serial');
    return (!hasSerial || existsSync('/dev/ttyACM0')) && (await this.#isListed());
  }

  /** The kernel lists it. While it enumerates, a look at the serial number waits for the unit, which is in this process: never block. */
  async #isListed(): Promise<boolean> {
    const names = await readdir(USB_DEVICES);
    const numbers = names.map((name) => readFile(`${USB_DEVICES}/${name}/serial`, 'utf8').catch(() => ''));
    return (await Promise.all(numbers)).some((number) => number.trim() === this.sn);
  }

  #see(event: GadgetEvent): void {
    if (event.event === 'line coding') {
      const { baudRate, dataBits, parity, stopBits } = event.coding;
      this.#line.push(`${baudRate} ${dataBits} ${parity} ${stopBits}`);
    }
    if (event.event === 'signals') {
      const { dataTerminalReady, requestToSend } = event.signals;
      this.#line.push(`DTR ${Number(dataTerminalReady)} RTS ${Number(requestToSend)}`);
    }
    if (event.event === 'break') this.#line.push(`break ${event.duration === 0 ? 'ends' : 'begins'}`);
  }
}

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const end = Date.now() + APPEARS_MS; !(await isSo()); ) {
    if (Date.now() > end) throw new Error(otherwise);
    await sleep(50);
  }
}
