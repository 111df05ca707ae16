// The units of a work order as ascending ranges of SNs without overlap (docs/protocol.md clause
// 6.1). A lookup is a binary search and expands no range. SNs are texts of 32 upper-case hex
// digits, so comparing the texts compares the numbers.
import { hexNumber } from '../bytes/hex.ts';
import { refused } from '../json/document.ts';
import { text } from '../json/schema.ts';
import { readTyped } from '../text/typed-code.ts';

/** First and last SN, both included; equal for a single unit. */
export type UnitRange = readonly [from: string, to: string];

export const MAX_UNITS = 20_000;
const SERIAL_NUMBER = /^(?!0{32})[0-9A-F]{32}$/;

export const serialNumber = text(SERIAL_NUMBER, 'a serial number of 32 upper-case hex digits');

/**
 * Reads 1 to 32 hex digits in upper or lower case, with or without blanks, colons, dashes and
 * quotes. Returns undefined for any other text.
 */
export function readSerialNumber(written: string): string | undefined {
  const digits = digitsOf(written);
  const padded = digits.padStart(32, '0');
  return digits !== '' && SERIAL_NUMBER.test(padded) ? padded : undefined;
}

function digitsOf(written: string): string {
  return readTyped(written)
    .replaceAll(/^'|[:-]/g, '')
    .toUpperCase();
}

/** Number of units in a range. */
export function spanOf([from, to]: UnitRange): bigint {
  return BigInt(`0x${to}`) - BigInt(`0x${from}`) + 1n;
}

/**
 * Sorts the ranges and joins adjacent ones.
 * @throws ProtocolError file-refused if a range is descending, a unit appears twice, or there are
 * no units or too many
 */
export function arrangeUnits(ranges: readonly UnitRange[]): UnitRange[] {
  const sorted = [...ranges].sort(([a], [b]) => (a < b ? -1 : 1));
  const arranged: UnitRange[] = [];
  for (const [from, to] of sorted) {
    if (!SERIAL_NUMBER.test(from) || !SERIAL_NUMBER.test(to)) throw refused(`${from} to ${to} are not serial numbers`);
    if (to < from) throw refused(`the range from ${from} to ${to} is descending`);
    const before = arranged.at(-1);
    if (before !== undefined && from <= before[1]) throw refused(`unit ${from} appears twice`);
    if (before !== undefined && spanOf([before[1], from]) === 2n) arranged[arranged.length - 1] = [before[0], to];
    else arranged.push([from, to]);
  }
  countUnits(arranged);
  return arranged;
}

/** @throws ProtocolError file-refused for no units or more than MAX_UNITS */
export function countUnits(ranges: readonly UnitRange[]): number {
  const total = ranges.reduce((sum, range) => sum + spanOf(range), 0n);
  if (total < 1n || total > BigInt(MAX_UNITS)) {
    throw refused(`a work order has 1 to ${MAX_UNITS} units, not ${total}`);
  }
  return Number(total);
}

/** True iff the unit is in one of the ranges, which are sorted. */
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
  // The first range that does not end before the unit.
  const found = ranges[low];
  return found !== undefined && found[0] <= sn;
}

/** The last digits of a serial number, in a search: at least 4, because fewer match many units. */
const LAST_DIGITS = /^[0-9A-F]{4,32}$/;

export const lastDigits = text(LAST_DIGITS, 'the last digits of a serial number');

/** Reads a typed serial number, or at least its last 4 digits. Undefined for any other text. */
export function readLastDigits(written: string): string | undefined {
  const digits = digitsOf(written);
  return LAST_DIGITS.test(digits) ? digits : undefined;
}

/** The units whose SN ends with the same digits. */
export interface UnitsFound {
  /** The first of the units. */
  readonly sn: string;
  readonly count: number;
}

/** Finds the units whose SN ends with `digits`, 4 to 32 upper-case hex digits. */
export function findUnits(ranges: readonly UnitRange[], digits: string): UnitsFound | undefined {
  const [end, span] = [BigInt(`0x${digits}`), 1n << BigInt(4 * digits.length)];
  let [sn, count]: [string | undefined, number] = [undefined, 0];
  for (const [from, to] of ranges) {
    if (from === to) {
      if (!from.endsWith(digits)) continue;
      sn ??= from;
      count++;
      continue;
    }
    const [first, last] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    const found = first + ((((end - first) % span) + span) % span);
    if (found > last) continue;
    sn ??= hexNumber(found, 32);
    count += Number((last - found) / span) + 1;
  }
  return sn === undefined ? undefined : { sn, count };
}

/** Yields every SN, ascending. */
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
