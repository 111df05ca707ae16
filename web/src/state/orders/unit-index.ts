// Finds the serial number with a given index in a work order. Computes it from the ranges of the
// order, because an order can have thousands of units.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { spanOf, type UnitRange } from '#protocol/orders/units.ts';

export class UnitIndex {
  readonly count: number;
  readonly #ranges: readonly UnitRange[];
  /** Index of the first unit of each range. */
  readonly #starts: readonly number[];

  /** `ranges` are ascending and do not overlap. */
  constructor(ranges: readonly UnitRange[]) {
    let count = 0;
    this.#starts = ranges.map((range) => {
      const start = count;
      count += Number(spanOf(range));
      return start;
    });
    this.#ranges = ranges;
    this.count = count;
  }

  /**
   * Returns a serial number as 32 hex digits.
   * @throws RangeError unless 0 ≤ `index` < count
   */
  at(index: number): string {
    let low = 0;
    for (let high = this.#starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    const range = this.#ranges[low];
    if (range === undefined || index < 0 || index >= this.count)
      throw new RangeError(`the order has no unit with index ${index}`);
    const offset = BigInt(index - (this.#starts[low] ?? 0));
    return hexNumber(BigInt(`0x${range[0]}`) + offset, 32);
  }
}
