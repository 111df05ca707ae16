// A simulated unit as a thing on the desk: its memory, its program, its plugs, and the faults that wait for it. Described in JSON.
// Knows the links but not what a browser makes of them.
import { Mutex } from '#protocol/async/mutex.ts';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import type { CardFraming } from '#protocol/framing/card-framing.ts';
import { CcidDevice } from '#protocol/framing/ccid-device.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import { T1Card } from '#protocol/framing/t1-card.ts';
import { Card } from './card.ts';
import type { Clock } from './clock.ts';
import { type Fault, FaultScript, type LinkKind } from './faults.ts';
import type { Firmware, Program } from './firmware.ts';
import { UnitLink } from './link.ts';
import { Memory, type MemoryImage, PowerCut } from './memory.ts';

export const CLASS_VENDOR = 0xff;
/** Smart card reader: a class that browsers do not let a page claim. */
export const CLASS_SMART_CARD = 0x0b;

export interface UnitOptions {
  readonly firmware: Firmware;
  /** What M held when the station was last here; then nothing is put in by a maker. */
  readonly image?: MemoryImage;
  readonly links: readonly LinkKind[];
  readonly name: string;
  readonly usb: UsbPlug;
  readonly serial: SerialLine;
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  /** The link protocol where it is not the usual one: CCID messages on USB, T=1 on serial. Made anew with each link. */
  readonly framing?: (kind: LinkKind) => CardFraming;
}

export interface UsbPlug {
  /** Under the vendor id for private tests; a serial port of the unit's own has it too. */
  readonly productId: number;
  /** Without one the browser forgets its permission when the unit is unplugged. */
  readonly hasSerialNumber: boolean;
  /** FF, or 0B for a reader that browsers block. */
  readonly interfaceClass: number;
  readonly packetSize: number;
  /** The operating system has selected the configuration already. */
  readonly isConfigured: boolean;
}

export interface SerialLine {
  readonly edc: Edc;
  readonly baudRate: number;
  readonly parity: ParityType;
  /** It hears nothing while DTR or RTS is 0. */
  readonly waitsForSignals: boolean;
  /** What a boot loader writes when DTR rises. */
  readonly bootText: string;
}

export type UnitEvent = 'plugged' | 'unplugged' | 'identify';

export class Unit {
  readonly options: UnitOptions;
  /** 32 hex digits. */
  readonly sn: string;
  readonly memory: Memory;
  /** How often it was asked to blink. */
  identified = 0;
  readonly #faults: Readonly<Record<LinkKind, FaultScript>> = {
    usb: new FaultScript('usb'),
    serial: new FaultScript('serial'),
  };
  readonly #listeners = new Set<(event: UnitEvent) => void>();
  readonly #links = new Map<LinkKind, UnitLink>();
  /** While it is plugged in. */
  #program: Program | undefined;
  /** Also when it no longer is. */
  #last: Program | undefined;
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

  /** The link as it is since the plug went in; undefined while unplugged, or where the unit has none. */
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

  /** The plug goes in and the unit starts; without effect when it is in. A unit whose power fails at once stays dark. */
  plug(): void {
    if (this.#program !== undefined) return;
    const { firmware, clock, random, links } = this.options;
    const { memory } = this;
    let program: Program;
    try {
      const onIdentify = () => {
        this.identified++;
        this.#tell('identify');
      };
      program = firmware.start({ memory, clock, random, onIdentify });
    } catch (error) {
      if (error instanceof PowerCut) return;
      throw error;
    }
    // What an unplugged unit was still doing ends where it starts anew.
    this.#last?.losePower();
    this.#last = program;
    this.#program = program;
    this.#commands = new Mutex();
    for (const kind of links) this.#links.set(kind, this.#connect(kind, program));
    this.#tell('plugged');
  }

  /** A bus reset: the link and the card on it start anew, the plug stays in. */
  reset(kind: LinkKind): void {
    if (this.#program === undefined || !this.#links.has(kind)) return;
    this.#links.get(kind)?.cut();
    this.#links.set(kind, this.#connect(kind, this.#program));
  }

  /** The plug is pulled. What the unit is doing it still does: it has the charge for that. */
  unplug(): void {
    if (this.#program === undefined) return;
    this.#program = undefined;
    for (const link of this.#links.values()) link.cut();
    this.#links.clear();
    this.#tell('unplugged');
  }

  /** Power is gone at once, in the middle of whatever it is. */
  cutPower(): void {
    this.#last?.losePower();
    this.unplug();
  }

  /** Tells of plug, unplug and blinking. Returns its own undoing. */
  onEvent(listener: (event: UnitEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #connect(kind: LinkKind, program: Program): UnitLink {
    const card = new Card(program.session(kind));
    card.reset();
    return new UnitLink({
      framing: this.#framing(kind),
      cards: [card],
      clock: this.options.clock,
      faults: this.#faults[kind],
      inTurn: (action) => this.#commands.run(action),
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

  #tell(event: UnitEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
