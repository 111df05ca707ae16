// The units of a work order: single serial numbers and ranges, ascending and without overlap. A
// unit is found by binary search, and no range is expanded in memory. An SN is its 32 upper-case
// hex digits (docs/protocol.md clause 6); SNs of equal length compare as strings in numeric order.
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

/**
 * Normalises a serial number that a person typed: 1 to 32 hex digits of either case, with blanks,
 * colons or dashes. Undefined when the text is not a serial number.
 */
export function readSerialNumber(written: string): string | undefined {
  const digits = written.replaceAll(/[\s:-]/g, '').toUpperCase();
  const padded = digits.padStart(32, '0');
  return digits !== '' && isSerialNumber(padded) ? padded : undefined;
}

/** Number of units in a range. */
export function spanOf([from, to]: UnitRange): bigint {
  return BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n;
}

/**
 * Sorts ranges in ascending order and joins adjacent ones.
 * @throws ProtocolError file-refused when a range runs backwards, a unit is named twice, or there
 * are no units or too many
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

/**
 * Number of units in all ranges.
 * @throws ProtocolError file-refused for 0 or more than MAX_UNITS
 */
export function countUnits(ranges: readonly UnitRange[]): number {
  const total = ranges.reduce((sum, range) => sum + spanOf(range), 0n);
  if (total < 1n || total > BigInt(MAX_UNITS)) {
    throw refused(`a work order has 1 to ${MAX_UNITS} units, and this would be ${total}`);
  }
  return Number(total);
}

/** True iff the unit is in one of the ranges. The ranges must come from arrangeUnits(). */
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
