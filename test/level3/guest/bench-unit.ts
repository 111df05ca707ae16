// A simulated EI or AS token card on the guest's own kernel, plugged in over USB/IP. Knows no browser.
import type { ReaderLevel } from '#device-host/gadget/smart-card-class.ts';
import { unitFraming } from '#device-host/gadget/unit-framing.ts';
import { attach } from '#device-host/usbip/attach.ts';
import { describedUnit, type UnitDescription } from '#device-sim/setup/description.ts';
import { describedToken, type TokenDescription } from '#device-sim/setup/token-description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { hasSerialPort, listsUnit, until } from './kernel.ts';

export type BenchUnitOptions =
  | {
      readonly description: UnitDescription;
      /** A reader of class 0B instead of the vendor interface. */
      readonly readerLevel?: ReaderLevel;
    }
  | { readonly card: TokenDescription };

export class BenchUnit {
  readonly unit: Unit;
  /** Commands that the card has run. */
  commands = 0;
  readonly #readerLevel: ReaderLevel | undefined;

  constructor(options: BenchUnitOptions) {
    const outside = {
      clock: realClock,
      random: (length: number) => copy(crypto.getRandomValues(new Uint8Array(length))),
    };
    const isCard = 'card' in options;
    const readerLevel = isCard ? undefined : options.readerLevel;
    const described = isCard ? describedToken(options.card, outside) : describedUnit(options.description, outside);
    this.#readerLevel = readerLevel;
    const framing = unitFraming({
      ...(readerLevel === undefined ? {} : { readerLevel }),
      edc: described.serial.edc,
      onEvent: ({ event }) => {
        if (event === 'command') this.commands++;
      },
    });
    this.unit = new Unit({ ...described, framing });
    if (!isCard) for (const fault of options.description.faults ?? []) this.unit.arm(fault);
  }

  get sn(): string {
    return this.unit.sn;
  }

  /** Resolves when the kernel has taken it, and udev has told everyone. */
  async plug(): Promise<void> {
    const readerLevel = this.#readerLevel;
    this.unit.plug();
    await attach({
      unit: this.unit,
      gadget: readerLevel === undefined ? {} : { readerLevel },
    });
    await until(
      async () => (!this.#hasSerial || (await hasSerialPort())) && (await listsUnit(this.sn)),
      'the kernel did not take the unit',
    );
  }

  /** Resolves when the kernel has let it go. Without effect when it is out already. */
  async unplug(): Promise<void> {
    this.unit.unplug();
    const isOut = async (): Promise<boolean> =>
      !(this.#hasSerial && (await hasSerialPort())) && !(await listsUnit(this.sn));
    await until(isOut, 'the kernel kept the unit');
  }

  get #hasSerial(): boolean {
    return this.unit.options.links.includes('serial');
  }
}
