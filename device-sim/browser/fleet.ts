// What simulated USB and serial have in common: the chooser, the user's gesture, and which units a page may see.
import type { Clock } from '../unit/clock.ts';
import type { LinkKind } from '../unit/faults.ts';
import type { Unit } from '../unit/unit.ts';

/** A line of the chooser. */
export interface Candidate {
  /** 32 hex digits. */
  readonly sn: string;
  readonly kind: LinkKind;
  /** As Chromium would show it. */
  readonly label: string;
}

/** The chooser of a browser: one of the candidates, or undefined when it was closed without a choice. */
export type Choose = (candidates: readonly Candidate[]) => Promise<Candidate | undefined>;

/** What the browser knows of the outside, and what a page may not decide for itself. */
export interface BrowserOptions {
  readonly clock: Clock;
  readonly choose: Choose;
  /** True while a click or a key press is being handled. */
  readonly hasUserGesture: () => boolean;
  /** From the unplugging to the disconnect event, in ms: the failed transfer is seen first. */
  readonly eventDelay: number;
}

/** The units that were granted to the page, by SN: a permission outlives the plug where the unit can be known again. */
export class Permissions {
  readonly #granted: Set<string>;
  readonly #onChange: (granted: readonly string[]) => void;

  constructor(granted: Iterable<string> = [], onChange: (granted: readonly string[]) => void = () => undefined) {
    this.#granted = new Set(granted);
    this.#onChange = onChange;
  }

  has(sn: string): boolean {
    return this.#granted.has(sn);
  }

  grant(sn: string): void {
    this.#granted.add(sn);
    this.#onChange([...this.#granted]);
  }

  revoke(sn: string): void {
    if (this.#granted.delete(sn)) this.#onChange([...this.#granted]);
  }
}

/** All units of a desk, plugged in or not. */
export class Fleet {
  readonly #units = new Map<string, Unit>();
  readonly #listeners = new Set<(unit: Unit) => void>();

  get units(): readonly Unit[] {
    return [...this.#units.values()];
  }

  find(sn: string): Unit | undefined {
    return this.#units.get(sn);
  }

  /** @throws RangeError when there is one with that SN */
  add(unit: Unit): void {
    if (this.#units.has(unit.sn)) throw new RangeError(`there is a unit ${unit.sn} already`);
    this.#units.set(unit.sn, unit);
    for (const listener of [...this.#listeners]) listener(unit);
  }

  remove(sn: string): void {
    this.#units.get(sn)?.unplug();
    this.#units.delete(sn);
  }

  /** Now for every unit, and later for each that is added. */
  forEach(listener: (unit: Unit) => void): void {
    this.#listeners.add(listener);
    for (const unit of this.units) listener(unit);
  }
}
