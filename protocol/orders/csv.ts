// Reads and writes CSV (RFC 4180), for the customer's systems and for spreadsheets. Detects the
// separator in the first row: comma, semicolon or tab. Reads what spreadsheets write: a line sep=,
// and cells such as ="0045". Never writes a cell that a spreadsheet would run as a formula.
import { ProtocolError } from '../errors.ts';
import { t } from '../text/message.ts';

/** A problem in one row. Row 1 contains the column names. */
export interface RowProblem {
  readonly row: number;
  /** Name of the column; null for the whole row. */
  readonly column: string | null;
  readonly why: string;
}

const MAX_NAMED = 20;

/** Thrown to refuse a list. Names the rows to fix. */
export class ListError extends ProtocolError {
  override readonly name = 'ListError';
  /** The first 20 problems. */
  readonly rows: readonly RowProblem[];

  constructor(problems: readonly RowProblem[]) {
    const rows = problems.slice(0, MAX_NAMED);
    const more = problems.length - rows.length;
    const lines = rows.map(
      ({ row, column, why }) => `row ${row}${column === null ? '' : `, column ${column}`}: ${why}`,
    );
    super('file-refused', [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
    this.rows = rows;
  }
}

const MAX_CHARACTERS = 8 * 1024 * 1024;
const MAX_ROWS = 100_000;
const MAX_CELLS = 100;
const MAX_IN_CELL = 1000;

/**
 * Returns the cells of each row. Omits blank rows, but counts them in the row numbers. Ignores a
 * byte order mark.
 * @throws ListError naming the row
 */
export function parseCsv(source: string): { readonly row: number; readonly cells: readonly string[] }[] {
  if (source.length > MAX_CHARACTERS) throw whole(1, t`the file has more than ${MAX_CHARACTERS} characters`);
  const text = source.replace(/^\uFEFF/, '');
  const named = SEPARATOR_LINE.exec(text);
  const separator = named?.[1] ?? findSeparator(text);
  const rows: { row: number; cells: string[] }[] = [];
  let row = named === null ? 1 : 2;
  for (let at = named?.[0].length ?? 0; at < text.length; row++) {
    if (row > MAX_ROWS + 1) throw whole(row, t`a list has at most ${MAX_ROWS} rows`);
    const read = readRow(text, at, separator, row);
    at = read.end;
    if (read.cells.some((cell) => cell.trim() !== '')) rows.push({ row, cells: read.cells });
  }
  return rows;
}

/** The first line of a file from Excel may name the separator. */
const SEPARATOR_LINE = /^sep=([,;\t])(?:\r\n|\r|\n)/i;

/**
 * Returns the first separator outside quotes in the first line that is not blank, or a comma if
 * there is none. Looks at each character once.
 */
function findSeparator(text: string): string {
  let isQuoted = false;
  let isBlank = true;
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (character === ',' || character === ';' || character === '\t') return character;
    else if ((character === '\r' || character === '\n') && !isBlank) return ',';
    isBlank &&= character.trim() === '';
  }
  return ',';
}

function readRow(text: string, begin: number, separator: string, row: number): { cells: string[]; end: number } {
  const cells: string[] = [];
  for (let at = begin; ; ) {
    // ="0045" keeps the zeros of a number in a spreadsheet.
    const quote = text[at] === '=' ? at + 1 : at;
    const cell = text[quote] === '"' ? readQuoted(text, quote, row) : readPlain(text, at, separator, row);
    if (cell.value.length > MAX_IN_CELL) throw whole(row, t`a cell has more than ${MAX_IN_CELL} characters`);
    if (cells.push(cell.value) > MAX_CELLS) throw whole(row, t`there are more than ${MAX_CELLS} cells`);
    const next = text[cell.end];
    if (next === separator) at = cell.end + 1;
    else if (next === '\r' && text[cell.end + 1] === '\n') return { cells, end: cell.end + 2 };
    else if (next === undefined || next === '\n' || next === '\r') return { cells, end: cell.end + 1 };
    else throw whole(row, t`a cell continues after its closing quote`);
  }
}

function readQuoted(text: string, begin: number, row: number): { value: string; end: number } {
  let value = '';
  for (let at = begin + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw whole(row, t`a quoted cell is not closed`);
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function readPlain(text: string, begin: number, separator: string, row: number): { value: string; end: number } {
  let end = begin;
  for (
    let next = text[end];
    next !== undefined && next !== separator && next !== '\r' && next !== '\n';
    next = text[++end]
  ) {
    if (next === '"') throw whole(row, t`an unquoted cell contains a quote`);
  }
  return { value: text.slice(begin, end), end };
}

function whole(row: number, why: string): ListError {
  return new ListError([{ row, column: null, why }]);
}

/**
 * A cell that spreadsheets run: its first character after blanks is = + - @ or the full-width form
 * of one of these.
 */
const FORMULA = /^[\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]/u;

/** Ends rows with CRLF. Puts an apostrophe before a cell that a spreadsheet would run. */
export function encodeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `${cells.map(encodeCell).join(',')}\r\n`).join('');
}

function encodeCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
