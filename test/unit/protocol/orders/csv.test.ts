// CSV tables (RFC 4180): reading, refusals that name the row, and writing without any cell that a
// spreadsheet runs as a formula.
import { describe, expect, it } from 'vitest';
import { encodeCsv, ListError, parseCsv } from '#protocol/orders/csv.ts';

const cells = (text: string) => parseCsv(text).map((row) => row.cells);

describe('reading a table', () => {
  it.each([
    [
      'commas',
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons, if the first row has semicolons',
      'a;b\n1,5;2\n',
      [
        ['a', 'b'],
        ['1,5', '2'],
      ],
    ],
    [
      'tabs',
      'a\tb\r1\t2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quoted cells that contain separators, quotes and line ends',
      '"a,""b""","c\r\nd"\n"",e',
      [
        ['a,"b"', 'c\r\nd'],
        ['', 'e'],
      ],
    ],
    [
      'a separator in a quoted head',
      '"a;b",c\n1,2',
      [
        ['a;b', 'c'],
        ['1', '2'],
      ],
    ],
    ['a byte order mark', '\uFEFFSN\nA', [['SN'], ['A']]],
    [
      'an empty last cell',
      'a,b\n1,',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    ['a last line without an end', 'a\n1', [['a'], ['1']]],
    ['an empty text', '', []],
  ])('accepts %s', (_name, text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  it('leaves out blank rows, but counts them in the row numbers', () => {
    expect(parseCsv('a\n\n , \n1\n').map(({ row }) => row)).toEqual([1, 4]);
  });

  it.each([
    ['a quote that is not closed', 'a\n"1', /row 2: a quoted cell is not closed/],
    ['a quote inside a plain cell', 'a\nb\n1"2', /row 3: an unquoted cell contains a quote/],
    ['text after a closing quote', 'a\n"1"2', /row 2: a cell continues after its closing quote/],
    ['a cell that is too long', `a\n${'x'.repeat(1001)}`, /row 2: a cell has more than 1000/],
    ['too many cells', `${'a,'.repeat(100)}`, /row 1: there are more than 100 cells/],
    ['too many rows', 'a\n'.repeat(100_002), /row 100002: a list has at most 100000 rows/],
  ])('refuses %s and names the row', (_name, text, words) => {
    expect(() => parseCsv(text)).toThrow(ListError);
    expect(() => parseCsv(text)).toThrow(words);
  });
});

describe('writing a table', () => {
  it('quotes a cell only if necessary, and ends rows with CRLF', () => {
    expect(
      encodeCsv([
        ['a', 'b,c'],
        ['d"e', 'f\ng'],
        [' h ', ''],
      ]),
    ).toBe('a,"b,c"\r\n"d""e","f\ng"\r\n" h ",\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', "=cmd|' /C calc'!A0"])(
    'writes %j so that spreadsheets do not run it',
    (formula) => {
      const [[written = ''] = []] = cells(encodeCsv([[formula]]));
      expect(written).toBe(`'${formula}`);
    },
  );
});
