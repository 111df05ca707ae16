// Reads a list of reasons why units are not done, for the page, which imports such lists into an
// open order. Names each problem by row and column.
import { parseJson } from '../json/document.ts';
import { t } from '../text/message.ts';
import { readText } from '../text/permitted-text.ts';
import { readTyped } from '../text/typed-code.ts';
import { ListError, parseCsv, type RowProblem } from './csv.ts';
import { columnOf, isJson, whyNot } from './unit-list.ts';
import { MAX_UNITS, readSerialNumber } from './units.ts';

export interface UnitReason {
  /** 32 hex digits. */
  readonly sn: string;
  /** 1 to 200 characters, in the normal form of readText(). */
  readonly reason: string;
}

interface ListedReason {
  readonly row: number;
  readonly sn: string;
  readonly reason: string;
}

/** Maximum length of a reason, in characters. */
const MAX_REASON_LENGTH = 200;

/**
 * Reads CSV whose first row names the columns SN and REASON, or a JSON list of objects with `sn`
 * and `reason`. `objection` returns why a unit may not be on the list, or undefined if it may.
 * @throws ListError; ProtocolError file-refused for malformed JSON
 */
export function readReasonList(text: string, objection: (sn: string) => string | undefined): UnitReason[] {
  const listed = isJson(text) ? fromJson(text) : fromCsv(text);
  const problems: RowProblem[] = [];
  const reasons = new Map<string, UnitReason>();
  for (const { row, sn: name, reason } of listed) {
    const sn = readSerialNumber(name);
    const whyNotSn =
      sn === undefined ? whyNot(name) : (objection(sn) ?? (reasons.has(sn) ? t`this SN appears twice` : undefined));
    const read = readText(reason, MAX_REASON_LENGTH);
    if (whyNotSn !== undefined) problems.push({ row, column: 'SN', why: whyNotSn });
    if ('why' in read) problems.push({ row, column: 'REASON', why: reasonProblem(read.why) });
    else if (sn !== undefined) reasons.set(sn, { sn, reason: read.text });
  }
  if (listed.length === 0) problems.push({ row: 1, column: null, why: t`the list names no unit` });
  if (problems.length > 0) throw new ListError(problems);
  return [...reasons.values()];
}

const reasonProblem = (why: string): string => t`the reason ${why}`;

function fromCsv(text: string): ListedReason[] {
  const [head, ...rows] = parseCsv(text);
  const names = head?.cells ?? [];
  const sn = names.findIndex((name) => columnOf(name) === 'SN');
  const reason = names.findIndex((name) => readTyped(name).toUpperCase() === 'REASON');
  if (sn < 0 || reason < 0)
    throw new ListError([{ row: 1, column: null, why: t`the first row must name the columns SN and REASON` }]);
  return rows.map(({ row, cells }) => ({
    row,
    sn: cells[sn] ?? '',
    // Removes the apostrophe that encodeCsv() writes before a formula.
    reason: (cells[reason] ?? '').replace(/^'(?=[=+\-@])/, ''),
  }));
}

function fromJson(text: string): ListedReason[] {
  const value = parseJson(text, 'the list of reasons');
  if (!Array.isArray(value)) throw new ListError([{ row: 1, column: null, why: t`the file must be a list: [ … ]` }]);
  if (value.length > MAX_UNITS)
    throw new ListError([{ row: 1, column: null, why: t`the list has more than ${MAX_UNITS} units` }]);
  const word = (given: unknown): string => (typeof given === 'string' ? given : '');
  return value.map((element: unknown, index) => {
    const { sn, reason } = typeof element === 'object' && element !== null ? (element as Record<string, unknown>) : {};
    return { row: index + 1, sn: word(sn), reason: word(reason) };
  });
}
