// The hand behind a simulated desk: plugs units in and out, arms faults, answers the chooser, looks into memories. For tests, for
// the demo page and for training; a real unit has no such thing.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { CardMemory } from '../as-token/memory.ts';
import { AsStore } from '../as-token/store.ts';
import type { Candidate, Choose, Fleet } from '../browser/fleet.ts';
import type { Outside, PlugDescription } from '../browser/plug-description.ts';
import { EiStore } from '../ei/store.ts';
import type { Clock } from '../unit/clock.ts';
import type { Fault, LinkKind } from '../unit/faults.ts';
import type { Firmware } from '../unit/firmware.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { Unit, type UnitOptions } from '../unit/unit.ts';
import { describedUnit, serialNumber, type UnitDescription } from './description.ts';
import { describedToken, type TokenDescription } from './token-description.ts';

export interface UnitSummary {
  /** 32 hex digits. */
  readonly sn: string;
  /** The EI, or an AS token. */
  readonly kind: Firmware['kind'];
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

/** What a token card holds, without its keys and its PIN. */
export interface TokenDigest {
  readonly pinTries: number;
  /** Of the last export; 0 before the first. */
  readonly xc: number;
  readonly quotaLeft: number;
  /** Receipts that it has accepted. */
  readonly receipts: number;
  /** Write operations since the page was loaded. */
  readonly writes: number;
}

/** Wherever an SN is asked for, up to 32 hex digits do. @throws RangeError for a unit that is not there */
export interface SimulatorControl {
  units(): readonly UnitSummary[];
  add(description: UnitDescription): void;
  addToken(description: TokenDescription): void;
  remove(sn: string): void;
  plug(sn: string): void;
  unplug(sn: string): void;
  cutPower(sn: string): void;
  fault(sn: string, fault: Fault): void;
  clearFaults(sn: string): void;
  /** Answers the next chooser; several wait in line. */
  nextChoice(choice: string): void;
  memory(sn: string): MemoryDigest;
  token(sn: string): TokenDigest;
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
      kind: options.firmware.kind,
      name: options.name,
      links: options.links,
      plugged: isPlugged,
      identified,
    }));
  }

  add(description: UnitDescription): void {
    this.#add(describedUnit(description, this.#outside(description.sn)), description);
  }

  addToken(description: TokenDescription): void {
    this.#add(describedToken(description, this.#outside(description.sn)), description);
  }

  #outside(sn: string): Outside {
    const { clock, random, images } = this.#options;
    const image = images[toHex(serialNumber(sn))];
    return { clock, random, ...(image === undefined ? {} : { image }) };
  }

  #add(options: UnitOptions, description: PlugDescription): void {
    const { fleet, onWrite } = this.#options;
    const unit = new Unit(options);
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

  token(sn: string): TokenDigest {
    return tokenDigest(this.#find(sn));
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

/** What a unit holds, without its keys. @throws RangeError for a token */
export function memoryDigest({ memory, options }: Unit): MemoryDigest {
  const { firmware } = options;
  if (firmware.kind !== 'ei') throw new RangeError('a token has slots of no kind');
  const { slots } = firmware.configuration;
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

/** @throws RangeError for an EI */
function tokenDigest({ memory, options }: Unit): TokenDigest {
  if (options.firmware.kind !== 'as') throw new RangeError('an EI is no token');
  const store = new AsStore(memory);
  const { lastXc, quotaLeft } = new CardMemory(store);
  const exports = Array.from({ length: lastXc }, (_, i) => store.export(i + 1));
  const receipts = exports.filter((record) => record?.receipt !== undefined).length;
  return { pinTries: store.pinTries, xc: lastXc, quotaLeft, receipts, writes: memory.writes };
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
