// Which units a work order is for: single serial numbers and ranges of them, kept in ascending order without overlap, so that a unit
// is found by halving and no range is ever written out. An SN is its 32 upper-case hex digits (docs/protocol.md clause 6): texts of
// one length compare as the numbers that they spell.
import { hexNumber } from '../bytes/hex.ts';
import { refused } from '../json/read.ts';

/** First and last SN, both included; equal for a single unit. */
export type UnitRange = readonly [from: string, to: string];

export const MAX_UNITS = 20_000;
const SERIAL_NUMBER = /^[0-9A-F]{32}$/;
const ZERO = '0'.repeat(32);

export function isSerialNumber(text: string): boolean {
  return SERIAL_NUMBER.test(text) && text !== ZERO;
}

/** As people write one: 1 to 32 digits of either case, with blanks, colons or dashes; undefined when it is none. */
export function readSerialNumber(written: string): string | undefined {
  const digits = written.replaceAll(/[\s:-]/g, '').toUpperCase();
  const padded = digits.padStart(32, '0');
  return digits !== '' && isSerialNumber(padded) ? padded : undefined;
}

/** How many units a range has. */
export function spanOf([from, to]: UnitRange): bigint {
  return BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n;
}

/**
 * Ascending, with neighbours joined.
 * @throws ProtocolError file-refused when a range runs backwards, a unit is named twice, or there are none or too many
 */
export function arrangeUnits(ranges: readonly UnitRange[]): UnitRange[] {
  const sorted = [...ranges].sort(([a], [b]) => (a < b ? -1 : 1));
  const arranged: UnitRange[] = [];
  for (const [from, to] of sorted) {
    if (!isSerialNumber(from) || !isSerialNumber(to)) throw refused(`${from} to ${to} are no serial numbers`);
    if (to < from) throw refused(`the range from ${from} to ${to} runs backwards`);
    const before = arranged.at(-1);
    if (before !== undefined && from <= before[1]) throw refused(`unit ${from} is named twice`);
    if (before !== undefined && spanOf([before[1], from]) === 2n) arranged[arranged.length - 1] = [before[0], to];
    else arranged.push([from, to]);
  }
  countUnits(arranged);
  return arranged;
}

/** @throws ProtocolError file-refused when there are none or more than MAX_UNITS */
export function countUnits(ranges: readonly UnitRange[]): number {
  const total = ranges.reduce((sum, range) => sum + spanOf(range), 0n);
  if (total < 1n || total > BigInt(MAX_UNITS)) {
    throw refused(`a work order has 1 to ${MAX_UNITS} units, and this would be ${total}`);
  }
  return Number(total);
}

/** True iff the unit is in one of the ranges, which are arranged. */
export function hasUnit(ranges: readonly UnitRange[], sn: string): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (range === undefined) throw new RangeError('middle is between low and high');
    if (range[1] < sn) low = middle + 1;
    else high = middle;
  }
  const found = ranges[low];
  return found !== undefined && found[0] <= sn && sn <= found[1];
}

/** Every SN, ascending. */
export function* serialNumbers(ranges: readonly UnitRange[]): Generator<string> {
  for (const [from, to] of ranges) {
    yield from;
    if (from === to) continue;
    const last = BigInt(`0x${to}`);
    for (let each = BigInt(`0x${from}`) + 1n; each <= last; each++) {
      yield hexNumber(each, 32);
    }
  }
}
