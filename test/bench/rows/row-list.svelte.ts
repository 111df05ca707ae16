// The rows of the benchmark. Creates only the rows that the list shows, and changes one row at a
// time.
import type { UnitIndex } from '#web/state/orders/unit-index.ts';

export class RowList {
  first = $state.raw(0);
  rows = $state.raw<readonly { readonly sn: string; readonly text: string }[]>([]);
  readonly #index: UnitIndex;
  #changes = 0;

  constructor(index: UnitIndex) {
    this.#index = index;
  }

  get count(): number {
    return this.#index.count;
  }

  readonly show = (from: number, to: number): void => {
    this.first = from;
    this.rows = Array.from({ length: to - from }, (_, offset) => ({ sn: this.#index.at(from + offset), text: '' }));
  };

  change(): void {
    const at = this.#changes++ % Math.max(1, this.rows.length);
    this.rows = this.rows.map((row, place) => (place === at ? { ...row, text: String(this.#changes) } : row));
  }
}
