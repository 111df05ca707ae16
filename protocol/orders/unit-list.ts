// Reads and writes the list of units of a work order as CSV or JSON, for the page and the CLI.
// Names all problems at once, by row and column, so that the author can fix the list in one pass.
import { parseJson } from '../json/document.ts';
import { t } from '../text/message.ts';
import { readTyped } from '../text/typed-code.ts';
import { encodeCsv, ListError, parseCsv, type RowProblem } from './csv.ts';
import { findRounded, isExponential, roundedListText, roundedText } from './rounded-numbers.ts';
import { arrangeUnits, countUnits, MAX_UNITS, readSerialNumber, spanOf, type UnitRange } from './units.ts';

interface ListedRange {
  readonly row: number;
  readonly column: string;
  readonly range: UnitRange;
}

/** Column by the letters of its name, so that "S/N" and "Serial No." are SN. */
const COLUMNS: Readonly<Record<string, 'SN' | 'FROM' | 'TO'>> = {
  sn: 'SN',
  serial: 'SN',
  serialno: 'SN',
  serialnumber: 'SN',
  from: 'FROM',
  to: 'TO',
};

/** Returns the column that a cell of the first row names, or undefined. */
export function columnOf(cell: string): 'SN' | 'FROM' | 'TO' | undefined {
  const letters = readTyped(cell)
    .replaceAll(/[^a-z]/gi, '')
    .toLowerCase();
  return Object.hasOwn(COLUMNS, letters) ? COLUMNS[letters] : undefined;
}

/**
 * Reads CSV whose first row names the columns SN, or FROM and TO, or all three. Ignores other
 * columns.
 * @throws ListError
 */
export function readUnitCsv(text: string): UnitRange[] {
  const [head, ...rows] = parseCsv(text);
  const where = new Map<string, number>();
  for (const [index, name] of (head?.cells ?? []).entries()) {
    const column = columnOf(name);
    if (column !== undefined && !where.has(column)) where.set(column, index);
  }
  if (!where.has('SN') && !(where.has('FROM') && where.has('TO'))) {
    throw new ListError([{ row: 1, column: null, why: t`the first row must name the columns: SN, or FROM and TO` }]);
  }
  const collector = new RangeCollector();
  for (const { row, cells } of rows) {
    const cell = (name: string) => cells[where.get(name) ?? -1]?.trim() ?? '';
    collector.add(row, { sn: cell('SN'), from: cell('FROM'), to: cell('TO') });
  }
  return collector.arrange();
}

/**
 * Reads a list whose elements are an SN, [FROM, TO], or an object with `sn` or with `from` and
 * `to`. In a ListError, `row` is the number of the element, counted from 1.
 * @throws ListError; ProtocolError file-refused for malformed JSON
 */
export function readUnitJson(text: string): UnitRange[] {
  const value = parseJson(text, 'the list of units');
  if (!Array.isArray(value)) throw new ListError([{ row: 1, column: null, why: t`the file must be a list: [ … ]` }]);
  if (value.length > MAX_UNITS) throw tooMany();
  const collector = new RangeCollector();
  for (const [index, element] of value.entries()) {
    if (holdsNumber(element)) collector.refuse(index + 1, t`the value is a number: write serial numbers in quotes`);
    else collector.add(index + 1, cellsOf(element));
  }
  return collector.arrange();
}

interface Cells {
  readonly sn: string;
  readonly from: string;
  readonly to: string;
}

function cellsOf(element: unknown): Cells {
  const word = (value: unknown) => (typeof value === 'string' ? value : '');
  if (!isObject(element)) return { sn: word(element), from: '', to: '' };
  if (Array.isArray(element)) return { sn: '', from: word(element[0]), to: word(element[1]) };
  const { sn, from, to } = element;
  return { sn: word(sn), from: word(from), to: word(to) };
}

/**
 * True if the element contains a JSON number. Programs that read JSON round numbers after 15
 * digits.
 */
function holdsNumber(element: unknown): boolean {
  return (isObject(element) ? Object.values(element) : [element]).some((value) => typeof value === 'number');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Reads JSON or CSV. @throws ListError; ProtocolError file-refused for malformed JSON */
export function readUnitList(text: string): UnitRange[] {
  return isJson(text) ? readUnitJson(text) : readUnitCsv(text);
}

/**
 * True iff the text begins with a bracket. A CSV list never does, because serial numbers and column
 * names have no bracket.
 */
export function isJson(text: string): boolean {
  return /^\uFEFF?\s*[[{]/.test(text);
}

class RangeCollector {
  readonly #ranges: ListedRange[] = [];
  readonly #problems: RowProblem[] = [];
  readonly #written: { readonly row: number; readonly column: string; readonly written: string }[] = [];

  add(row: number, { sn, from, to }: Cells): void {
    if (sn !== '' && (from !== '' || to !== '')) {
      this.#problems.push({ row, column: 'SN', why: t`a row has either an SN or FROM and TO` });
    } else if (from !== '' || to !== '') {
      const [first, last] = [this.#read(row, 'FROM', from), this.#read(row, 'TO', to)];
      if (first === undefined || last === undefined) return;
      if (last < first) this.#problems.push({ row, column: 'TO', why: t`the value is smaller than FROM` });
      else this.#ranges.push({ row, column: 'FROM', range: [first, last] });
    } else {
      const single = this.#read(row, 'SN', sn);
      if (single !== undefined) this.#ranges.push({ row, column: 'SN', range: [single, single] });
    }
  }

  refuse(row: number, why: string): void {
    this.#problems.push({ row, column: 'SN', why });
  }

  /** @throws ListError if a row has a problem, or there are no units or too many */
  arrange(): UnitRange[] {
    this.#refuseRounded();
    this.#findRepeats();
    if (this.#problems.length > 0) throw new ListError(this.#problems.sort((a, b) => a.row - b.row));
    const ranges = this.#ranges.map(({ range }) => range);
    if (ranges.length === 0) throw new ListError([{ row: 1, column: null, why: t`the list names no unit` }]);
    if (ranges.reduce((sum, range) => sum + spanOf(range), 0n) > BigInt(MAX_UNITS)) throw tooMany();
    return arrangeUnits(ranges);
  }

  #read(row: number, column: string, written: string): string | undefined {
    const sn = readSerialNumber(written);
    this.#written.push({ row, column, written: readTyped(written) });
    if (sn === undefined) this.#problems.push({ row, column, why: whyNot(written) });
    return sn;
  }

  /**
   * Refuses a list with rounded numbers. Called before #findRepeats(), because rounding makes
   * different numbers equal.
   */
  #refuseRounded(): void {
    const rounded = this.#written[findRounded(this.#written.map(({ written }) => written)) ?? -1];
    if (rounded === undefined) return;
    const { row, column, written } = rounded;
    throw new ListError([{ row, column, why: roundedListText(written) }]);
  }

  #findRepeats(): void {
    const sorted = [...this.#ranges].sort((a, b) => (a.range[0] < b.range[0] ? -1 : 1) || a.row - b.row);
    let reach: ListedRange | undefined;
    for (const each of sorted) {
      if (reach !== undefined && each.range[0] <= reach.range[1]) {
        const [first, second] = reach.row < each.row ? [reach, each] : [each, reach];
        const [sn] = each.range;
        const why = t`unit ${sn} is in row ${first.row} already`;
        this.#problems.push({ row: second.row, column: second.column, why });
      }
      if (reach === undefined || each.range[1] > reach.range[1]) reach = each;
    }
  }
}

/** Says why a cell is not a serial number. */
export function whyNot(written: string): string {
  if (written === '') return t`the value is empty`;
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  if (isExponential(readTyped(written))) return roundedText(shown);
  return t`"${shown}" is not a serial number: 1 to 32 hex digits, not all zero`;
}

function tooMany(): ListError {
  return new ListError([{ row: 1, column: null, why: t`a work order has at most ${MAX_UNITS} units` }]);
}

/** Writes CSV for readUnitCsv(), with one row per range or single unit. */
export function writeUnitCsv(ranges: readonly UnitRange[]): string {
  countUnits(ranges);
  const rows = ranges.map(([from, to]) => (from === to ? [from, '', ''] : ['', from, to]));
  return encodeCsv([['SN', 'FROM', 'TO'], ...rows]);
}

/** Writes JSON for readUnitJson(). */
export function writeUnitJson(ranges: readonly UnitRange[]): string {
  countUnits(ranges);
  return `${JSON.stringify(
    ranges.map(([from, to]) => (from === to ? from : [from, to])),
    undefined,
    1,
  )}\n`;
}
