// A simulated unit, an EI or an AS token card: its memory, its program, its links and its armed
// faults. The simulated browser and the simulated kernel connect to its links.
import { Mutex } from '#protocol/async/mutex.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import type { CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { Card } from './card.ts';
import type { Clock } from './clock.ts';
import { type Fault, FaultScript, type LinkKind } from './faults.ts';
import type { Firmware, Program } from './firmware.ts';
import { UnitLink } from './link.ts';
import { Memory, type MemoryImage, PowerCut } from './memory.ts';
import type { SerialLine } from './serial-line.ts';

export const CLASS_VENDOR = 0xff;
/**
 * Interface class of a smart card reader. Browsers protect this class: a page cannot claim such an
 * interface.
 */
export const CLASS_SMART_CARD = 0x0b;

export interface UnitOptions {
  readonly firmware: Firmware;
  /** Content of M that was stored earlier. If undefined, the firmware personalises the memory. */
  readonly image?: MemoryImage;
  readonly links: readonly LinkKind[];
  readonly name: string;
  readonly usb: UsbPlug;
  readonly serial: SerialLine;
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  /** Creates the framing of a new link. By default CCID messages on USB and T=1 on serial. */
  readonly framing?: (kind: LinkKind) => CardFraming;
}

export interface UsbPlug {
  /** idProduct, with idVendor 1209 (pid.codes). The unit's serial port has the same ids. */
  readonly productId: number;
  /** Whether the serial port is that of a USB-to-serial adapter, which has ids of its own. */
  readonly hasAdapter: boolean;
  /**
   * Whether the unit has an iSerialNumber. If it has none, the browser drops the page's permission
   * when the unit is unplugged.
   */
  readonly hasSerialNumber: boolean;
  /** FF, or 0B for a smart card reader. Browsers protect class 0B. */
  readonly interfaceClass: number;
  readonly packetSize: number;
  /** Whether the operating system has already selected the USB configuration. */
  readonly isConfigured: boolean;
}

export type UnitEvent = 'plugged' | 'unplugged' | 'identify';

export class Unit {
  readonly options: UnitOptions;
  /** 32 hex digits. */
  readonly sn: string;
  readonly memory: Memory;
  /** Number of IDENTIFY commands. */
  identified = 0;
  readonly #faults: Readonly<Record<LinkKind, FaultScript>> = {
    usb: new FaultScript('usb'),
    serial: new FaultScript('serial'),
  };
  readonly #listeners = new Set<(event: UnitEvent) => void>();
  readonly #links = new Map<LinkKind, UnitLink>();
  /** Undefined while the unit is unplugged. */
  #program: Program | undefined;
  /** The last program that was started. It may complete a command after the unit is unplugged. */
  #lastProgram: Program | undefined;
  #commands = new Mutex();

  constructor(options: UnitOptions) {
    this.options = options;
    this.sn = toHex(options.firmware.sn);
    this.memory = new Memory(options.image);
    if (options.image === undefined) options.firmware.personalise(this.memory);
  }

  get isPlugged(): boolean {
    return this.#program !== undefined;
  }

  /**
   * Returns the link of the current plug-in. Undefined while the unit is unplugged, and if the unit
   * has no such link.
   */
  link(kind: LinkKind): UnitLink | undefined {
    return this.#links.get(kind);
  }

  faults(kind: LinkKind): FaultScript {
    return this.#faults[kind];
  }

  arm(fault: Fault): void {
    if (fault.fault === 'memory') this.memory.arm(fault);
    else for (const kind of this.options.links) this.#faults[kind].arm(fault);
  }

  clearFaults(): void {
    this.memory.disarm();
    this.#faults.usb.clear();
    this.#faults.serial.clear();
  }

  /** Plugs the unit in and starts it. The unit stays off if power is cut during start-up. */
  plug(): void {
    if (this.#program !== undefined) return;
    const { firmware, clock, random, links } = this.options;
    const { memory } = this;
    let program: Program;
    try {
      const onIdentify = () => {
        this.identified++;
        this.#emit('identify');
      };
      program = firmware.start({ memory, clock, random, onIdentify });
    } catch (error) {
      if (error instanceof PowerCut) return;
      throw error;
    }
    // Stops a command that has been running since before the unit was unplugged.
    this.#lastProgram?.losePower();
    this.#lastProgram = program;
    this.#program = program;
    this.#commands = new Mutex();
    for (const kind of links) this.#links.set(kind, this.#connect(kind, program));
    this.#emit('plugged');
  }

  /** Resets the bus, which replaces the link and the card on it. */
  reset(kind: LinkKind): void {
    if (this.#program === undefined || !this.#links.has(kind)) return;
    this.#links.get(kind)?.close();
    this.#links.set(kind, this.#connect(kind, this.#program));
  }

  /**
   * Unplugs the unit. A running command completes, because the capacitors of a real unit can hold
   * enough charge for it.
   */
  unplug(): void {
    if (this.#program === undefined) return;
    this.#program = undefined;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#emit('unplugged');
  }

  /** Cuts the power at once, even while a command runs. */
  cutPower(): void {
    this.#lastProgram?.losePower();
    this.unplug();
  }

  /** Adds a listener. @returns the function that removes it */
  onEvent(listener: (event: UnitEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #connect(kind: LinkKind, program: Program): UnitLink {
    const card = new Card(program.application(kind));
    card.reset();
    return new UnitLink({
      framing: this.#framing(kind),
      cards: [card],
      clock: this.options.clock,
      faults: this.#faults[kind],
      runExclusive: (action) => this.#commands.run(action),
      onUnplug: () => this.unplug(),
      onPowerCut: () => {
        if (this.#program === program) this.cutPower();
      },
    });
  }

  #framing(kind: LinkKind): CardFraming {
    const { framing, serial } = this.options;
    if (framing !== undefined) return framing(kind);
    return kind === 'usb' ? new CcidDevice() : new T1Card({ edc: serial.edc });
  }

  #emit(event: UnitEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
