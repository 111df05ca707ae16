// Controls simulated units: plugs and unplugs them, arms faults, answers the chooser and inspects
// their memory. The demo page, tests and training use it; a real unit has no such interface.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { CardMemory } from '../as-token/memory.ts';
import { AsStore } from '../as-token/store.ts';
import type { Candidate, Choose } from '../browser/browser-options.ts';
import { EiStore } from '../ei/store.ts';
import type { Clock } from '../unit/clock.ts';
import type { Fault, LinkKind } from '../unit/faults.ts';
import type { Firmware } from '../unit/firmware.ts';
import type { MemoryImage } from '../unit/memory.ts';
import { Unit, type UnitOptions } from '../unit/unit.ts';
import type { UnitRegistry } from '../unit/unit-registry.ts';
import { serialNumber, type UnitDescription, unitOptions } from './description.ts';
import type { PlugDescription, UnitEnvironment } from './plug-description.ts';
import { type TokenDescription, tokenOptions } from './token-description.ts';

export interface UnitSummary {
  /** 32 hex digits. */
  readonly sn: string;
  /** An EI or an AS token card. */
  readonly kind: Firmware['kind'];
  readonly name: string;
  readonly links: readonly LinkKind[];
  readonly plugged: boolean;
  /** Number of IDENTIFY commands. */
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

/** The content of an EI's memory without its keys. */
export interface MemoryDigest {
  readonly holdsTransportKey: boolean;
  readonly set: number;
  readonly tkv: number;
  readonly tries: number;
  readonly importCounter: number;
  /** Number of writes since the page was loaded. */
  readonly writes: number;
  readonly slots: readonly SlotDigest[];
}

/** The content of a token card's memory without its keys and its PIN. */
export interface TokenDigest {
  readonly pinTries: number;
  /** XC of the last export; 0 before the first. */
  readonly xc: number;
  readonly quotaLeft: number;
  /** Number of accepted receipts. */
  readonly receipts: number;
  /** Number of writes since the page was loaded. */
  readonly writes: number;
}

/** An SN has up to 32 hex digits. A method throws a RangeError if no unit has the SN. */
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
  /** Queues the answer to a chooser. @param choice an SN or 'cancel' */
  nextChoice(choice: string): void;
  /** @throws RangeError for a token card */
  memory(sn: string): MemoryDigest;
  /** @throws RangeError for an EI */
  token(sn: string): TokenDigest;
  /** Whether the unit's memory contains the bytes, which are given as hex. */
  holds(sn: string, bytes: string): boolean;
}

export interface ControlOptions {
  readonly registry: UnitRegistry;
  readonly clock: Clock;
  readonly random: (length: number) => Bytes;
  /** Answers a chooser when no choice is queued. */
  readonly choose: Choose;
  /** Memory images that were stored earlier, by SN. */
  readonly images: Readonly<Record<string, MemoryImage>>;
  /** Called after each write to the memory of a unit. */
  readonly onWrite: (sn: string, memory: MemoryImage) => void;
}

export class Control implements SimulatorControl {
  readonly #options: ControlOptions;
  readonly #choices: string[] = [];

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  units(): readonly UnitSummary[] {
    return this.#options.registry.units.map(({ sn, options, isPlugged, identified }) => ({
      sn,
      kind: options.firmware.kind,
      name: options.name,
      links: options.links,
      plugged: isPlugged,
      identified,
    }));
  }

  add(description: UnitDescription): void {
    this.#add(unitOptions(description, this.#environment(description.sn)), description);
  }

  addToken(description: TokenDescription): void {
    this.#add(tokenOptions(description, this.#environment(description.sn)), description);
  }

  #environment(sn: string): UnitEnvironment {
    const { clock, random, images } = this.#options;
    const image = images[toHex(serialNumber(sn))];
    return { clock, random, ...(image === undefined ? {} : { image }) };
  }

  #add(options: UnitOptions, description: PlugDescription): void {
    const { registry, onWrite } = this.#options;
    const unit = new Unit(options);
    unit.memory.onWrite = () => onWrite(unit.sn, unit.memory.image());
    onWrite(unit.sn, unit.memory.image());
    registry.add(unit);
    for (const fault of description.faults ?? []) unit.arm(fault);
    if (description.plugged ?? true) unit.plug();
  }

  remove(sn: string): void {
    this.#options.registry.remove(this.#find(sn).sn);
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

  holds(sn: string, bytes: string): boolean {
    const hex = bytes.replaceAll(/\s+/g, '').toUpperCase();
    return Object.values(this.#find(sn).memory.image()).some((cell) => cell.includes(hex));
  }

  /**
   * The chooser for navigator.usb and navigator.serial. Returns the queued choice, if there is one.
   */
  readonly choose: Choose = async (candidates: readonly Candidate[]) => {
    const choice = this.#choices.shift();
    if (choice === undefined) return await this.#options.choose(candidates);
    return candidates.find(({ sn }) => sn === choice);
  };

  #find(sn: string): Unit {
    const unit = this.#options.registry.find(toHex(serialNumber(sn)));
    if (unit === undefined) throw new RangeError(`no unit has SN ${sn}`);
    return unit;
  }
}

/** @throws RangeError for a token card */
export function memoryDigest({ memory, options }: Unit): MemoryDigest {
  const { firmware } = options;
  if (firmware.kind !== 'ei') throw new RangeError('a token card has no slots');
  const { slots } = firmware;
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
  if (options.firmware.kind !== 'as') throw new RangeError('an EI is not a token card');
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
