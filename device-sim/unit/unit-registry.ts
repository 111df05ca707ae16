// All units of one simulator, plugged in or not, by SN. The simulated browser and the simulated
// kernel watch the registry for new units.
import type { Unit } from './unit.ts';

export class UnitRegistry {
  readonly #units = new Map<string, Unit>();
  readonly #listeners = new Set<(unit: Unit) => void>();

  get units(): readonly Unit[] {
    return [...this.#units.values()];
  }

  /** @param sn 32 hex digits */
  find(sn: string): Unit | undefined {
    return this.#units.get(sn);
  }

  /** @throws RangeError when a unit with this SN exists */
  add(unit: Unit): void {
    if (this.#units.has(unit.sn)) throw new RangeError(`a unit ${unit.sn} exists already`);
    this.#units.set(unit.sn, unit);
    for (const listener of [...this.#listeners]) listener(unit);
  }

  /** Unplugs the unit and removes it. */
  remove(sn: string): void {
    this.#units.get(sn)?.unplug();
    this.#units.delete(sn);
  }

  /** Calls the listener for each unit, and for each unit added later. */
  forEach(listener: (unit: Unit) => void): void {
    this.#listeners.add(listener);
    for (const unit of this.units) listener(unit);
  }
}
