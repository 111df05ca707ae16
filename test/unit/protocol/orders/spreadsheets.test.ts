// The changes that spreadsheets make to lists: rounded numbers, formulas, apostrophes, and the line
// that names the separator.
import { describe, expect, it } from 'vitest';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { parseCsv } from '#protocol/orders/csv.ts';
import { readReasonList } from '#protocol/orders/reason-list.ts';
import { readUnitList } from '#protocol/orders/unit-list.ts';

const count = (...rows: string[]): number => readUnitList(['SN', ...rows].join('\r\n')).length;

describe('a list whose numbers a spreadsheet rounded', () => {
  it.each([
    [['1914310000010100000', '1914310000010200000']],
    [['1914310000010100000']],
    [['1914310000010100000', 'A5', '7', '']],
    // Rounding makes the numbers of two units equal.
    [['1914310000010100000', '1914310000010100000']],
    [['4549000700000010', '4549000700000020', '4549000700000040']],
  ])('is refused: %j', (rows) => {
    expect(() => count(...rows)).toThrow(/row \d, column SN: "\d+" was rounded by a spreadsheet: all long numbers/);
  });

  it.each([['4.5490E+17'], ['4,5490E+17'], ['4.549E17'], ['5E+18'], ['４.5490Ｅ＋17']])('is refused: %s', (written) => {
    expect(() => count(`"${written}"`)).toThrow(/was rounded by a spreadsheet: format the column as text/);
  });

  it('is accepted if one number has another ending, or if the numbers may be exact', () => {
    expect(count('1914310000010100000', '1914310000010200001')).toBe(2);
    expect(count('4549000700000010', '4549000700000030')).toBe(2);
    expect(count('0000000000000000001914310000010100000'.slice(-32))).toBe(1);
    expect(count('454900070000000A0', '454900070000000B0')).toBe(2);
    expect(count('1E5', '4549E17')).toBe(2);
  });
});

describe('a table', () => {
  it('may begin with the line that names its separator', () => {
    expect(parseCsv('sep=;\r\na,b;c\r\n')).toEqual([{ row: 2, cells: ['a,b', 'c'] }]);
    expect(parseCsv('SEP=\t\na;b\tc\n')).toEqual([{ row: 2, cells: ['a;b', 'c'] }]);
  });

  it('may have blank lines before its head', () => {
    expect(parseCsv('\r\n \r\na;b\r\n')).toEqual([{ row: 3, cells: ['a', 'b'] }]);
  });

  it('keeps the digits of a cell that is written as a formula', () => {
    expect(readUnitList('SN;X\n="0045";1\n="""0046""";2\n')).toHaveLength(1);
    expect(readUnitList("Serial No.,Site\n'0045,A\n")).toEqual([[hexNumber(0x45, 32), hexNumber(0x45, 32)]]);
  });

  it('returns a reason without the apostrophe that encodeCsv() adds', () => {
    const read = (reason: string) => readReasonList(`S/N;Reason\n45;${reason}\n`, () => undefined)[0]?.reason;
    expect(read("'=broken")).toBe('=broken');
    expect(read("'t Hooft")).toBe("'t Hooft");
  });
});
