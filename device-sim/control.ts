// The hand behind a simulated desk: plugs units in and out, arms faults, answers the chooser, looks into memories. For tests, for
// the demo page and for training; a real unit has no such thing.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import type { Clock } from './clock.ts';
import { describedUnit, serialNumber, type UnitDescription } from './description.ts';
import type { Candidate, Choose, Fleet } from './desk.ts';
import { EiStore } from './ei-store.ts';
import type { Fault, LinkKind } from './faults.ts';
import type { MemoryImage } from './memory.ts';
import { Unit } from './unit.ts';

export interface UnitSummary {
  /** 32 hex digits. */
  readonly sn: string;
  readonly name: string;
  readonly links: readonly LinkKind[];
  readonly plugged: boolean;
  /** How often it was asked to blink. */
  readonly identified: number;
}

export interface SlotDigest {
  readonly ref2: number;
  readonly holdsKey: boolean;
  readonly akv: number;
  readonly attributes: string;
  /** 10 hex digits. */
  readonly kcv: string;
}

export interface MemoryDigest {
  readonly holdsTransportKey: boolean;
  readonly set: number;
  readonly tkv: number;
  readonly tries: number;
  readonly importCounter: number;
  /** Write operations since the page was loaded. */
  readonly writes: number;
  readonly slots: readonly SlotDigest[];
}

/** Wherever an SN is asked for, up to 32 hex digits do. @throws RangeError for a unit that is not there */
export interface SimulatorControl {
  units(): readonly UnitSummary[];
  add(description: UnitDescription): void;
  remove(sn: string): void;
  plug(sn: string): void;
  unplug(sn: string): void;
  cutPower(sn: string): void;
  fault(sn: string, fault: Fault): void;
  clearFaults(sn: string): void;
  /** Answers the next chooser; several wait in line. */
  nextChoice(choice: string): void;
  memory(sn: string): MemoryDigest;
  /** True iff these octets (hex) stand anywhere in that unit's memory. */
  holds(sn: string, octets: string): boolean;
}

export interface ControlOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  /** Asked when no choice is waiting in line. */
  readonly choose: Choose;
  /** What memories held when the station was last here, by SN. */
  readonly images: Readonly<Record<string, MemoryImage>>;
  /** Called after each write to a memory. */
  readonly onWrite: (sn: string, memory: MemoryImage) => void;
}

export class Control implements SimulatorControl {
  readonly #options: ControlOptions;
  readonly #choices: string[] = [];

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  units(): readonly UnitSummary[] {
    return this.#options.fleet.units.map(({ sn, options, isPlugged, identified }) => ({
      sn,
      name: options.name,
      links: options.links,
      plugged: isPlugged,
      identified,
    }));
  }

  add(description: UnitDescription): void {
    const { fleet, clock, random, images, onWrite } = this.#options;
    const image = images[toHex(serialNumber(description.sn))];
    const unit = new Unit(describedUnit(description, { clock, random, ...(image === undefined ? {} : { image }) }));
    unit.memory.onWrite = () => onWrite(unit.sn, unit.memory.image());
    onWrite(unit.sn, unit.memory.image());
    fleet.add(unit);
    for (const fault of description.faults ?? []) unit.arm(fault);
    if (description.plugged ?? true) unit.plug();
  }

  remove(sn: string): void {
    this.#options.fleet.remove(this.#find(sn).sn);
  }

  plug(sn: string): void {
    this.#find(sn).plug();
  }

  unplug(sn: string): void {
    this.#find(sn).unplug();
  }

  cutPower(sn: string): void {
    this.#find(sn).cutPower();
  }

  fault(sn: string, fault: Fault): void {
    this.#find(sn).arm(fault);
  }

  clearFaults(sn: string): void {
    this.#find(sn).clearFaults();
  }

  nextChoice(choice: string): void {
    this.#choices.push(choice === 'cancel' ? choice : toHex(serialNumber(choice)));
  }

  memory(sn: string): MemoryDigest {
    return memoryDigest(this.#find(sn));
  }

  holds(sn: string, octets: string): boolean {
    const wanted = octets.replaceAll(/\s+/g, '').toUpperCase();
    return Object.values(this.#find(sn).memory.image()).some((cell) => cell.includes(wanted));
  }

  /** The chooser of both APIs. */
  readonly choose: Choose = async (candidates: readonly Candidate[]) => {
    const choice = this.#choices.shift();
    if (choice === undefined) return await this.#options.choose(candidates);
    return candidates.find(({ sn }) => sn === choice);
  };

  #find(sn: string): Unit {
    const unit = this.#options.fleet.find(toHex(serialNumber(sn)));
    if (unit === undefined) throw new RangeError(`there is no unit ${sn}`);
    return unit;
  }
}

/** What a unit holds, without its keys. */
export function memoryDigest({ memory, options }: Unit): MemoryDigest {
  const { slots } = options.configuration;
  const store = new EiStore(memory, slots);
  const transport = store.transportKey();
  wipe(transport?.key);
  return {
    holdsTransportKey: transport !== undefined,
    set: transport?.set ?? 0,
    tkv: transport?.tkv ?? 0,
    tries: store.tries.left,
    importCounter: store.importCounter,
    writes: memory.writes,
    slots: slots.map((ref2) => slotDigest(store, ref2)),
  };
}

function slotDigest(store: EiStore, ref2: number): SlotDigest {
  const slot = store.slot(ref2);
  const holdsKey = slot !== undefined && slot.key.length > 0;
  wipe(slot?.key);
  return {
    ref2,
    holdsKey,
    akv: slot?.akv ?? 0,
    attributes: holdsKey ? slot.attributes : '',
    kcv: toHex(slot?.kcv.value ?? new Uint8Array(5)),
  };
}
