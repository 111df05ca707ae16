// A simulated unit or AS token card that the guest's kernel attaches over USB/IP.
import type { ReaderLevel } from '#device-host/gadget/smart-card-class.ts';
import { unitFraming } from '#device-host/gadget/unit-framing.ts';
import { attach } from '#device-host/usbip/attach.ts';
import { type UnitDescription, unitOptions } from '#device-sim/setup/description.ts';
import { type TokenDescription, tokenOptions } from '#device-sim/setup/token-description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { Unit } from '#device-sim/unit/unit.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { hasSerialPort, listsUnit, until } from './kernel.ts';

export type GuestUnitOptions =
  | {
      readonly description: UnitDescription;
      /**
       * If set, the unit is a CCID reader of USB class 0B. If undefined, the unit has a
       * vendor-specific interface.
       */
      readonly readerLevel?: ReaderLevel;
    }
  | { readonly card: TokenDescription };

export class GuestUnit {
  readonly unit: Unit;
  /** Number of commands that the card has received. */
  commands = 0;
  readonly #readerLevel: ReaderLevel | undefined;

  constructor(options: GuestUnitOptions) {
    const environment = {
      clock: realClock,
      random: (length: number) => copy(crypto.getRandomValues(new Uint8Array(length))),
    };
    const isCard = 'card' in options;
    const readerLevel = isCard ? undefined : options.readerLevel;
    const simulated = isCard ? tokenOptions(options.card, environment) : unitOptions(options.description, environment);
    this.#readerLevel = readerLevel;
    const framing = unitFraming({
      ...(readerLevel === undefined ? {} : { readerLevel }),
      edc: simulated.serial.edc,
      onEvent: ({ event }) => {
        if (event === 'command') this.commands++;
      },
    });
    this.unit = new Unit({ ...simulated, framing });
    if (!isCard) for (const fault of options.description.faults ?? []) this.unit.arm(fault);
  }

  get sn(): string {
    return this.unit.sn;
  }

  /** Plugs the unit in. Resolves when the kernel lists the unit and its serial port. */
  async plug(): Promise<void> {
    const readerLevel = this.#readerLevel;
    this.unit.plug();
    await attach({
      unit: this.unit,
      gadget: readerLevel === undefined ? {} : { readerLevel },
    });
    await until(
      async () => (!this.#hasSerial || (await hasSerialPort())) && (await listsUnit(this.sn)),
      'the kernel did not enumerate the unit',
    );
  }

  /** Unplugs the unit if it is plugged in. Resolves when the kernel has removed it. */
  async unplug(): Promise<void> {
    this.unit.unplug();
    const isRemoved = async (): Promise<boolean> =>
      !(this.#hasSerial && (await hasSerialPort())) && !(await listsUnit(this.sn));
    await until(isRemoved, 'the kernel did not remove the unit');
  }

  get #hasSerial(): boolean {
    return this.unit.options.links.includes('serial');
  }
}
