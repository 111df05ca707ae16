// The units of a work order: serial numbers as operators type them, ranges, and unit lists, whose
// problems are reported by row and column.
import { describe, expect, it } from 'vitest';
import { ListError } from '#protocol/orders/csv.ts';
import { readUnitCsv, readUnitJson, writeUnitCsv, writeUnitJson } from '#protocol/orders/unit-list.ts';
import {
  arrangeUnits,
  countUnits,
  findUnits,
  hasUnit,
  readLastDigits,
  readSerialNumber,
  serialNumbers,
  type UnitRange,
} from '#protocol/orders/units.ts';

const sn = (digits: string) => digits.padStart(32, '0');
const range = (from: string, to = from): UnitRange => [sn(from), sn(to)];

describe('a serial number', () => {
  it.each([
    ['4549 0000 07', '4549000007'],
    ['45:49-00', '454900'],
    ['a', 'A'],
    ['F'.repeat(32), 'F'.repeat(32)],
  ])('%j is %s', (written, digits) => {
    expect(readSerialNumber(written)).toBe(sn(digits));
  });

  it.each(['', ' ', '0', '00', 'G', "45'49", 'F'.repeat(33), '1.5', '０'])('is not %j', (written) => {
    expect(readSerialNumber(written)).toBeUndefined();
  });
});

describe('the last digits of a serial number', () => {
  it('are four to 32 hex digits, typed like a serial number', () => {
    expect(readLastDigits('0a-47')).toBe('0A47');
    expect(readLastDigits('4549 0000 0000 0047')).toBe('4549000000000047');
    for (const other of ['047', 'G047', 'F'.repeat(33), '']) expect(readLastDigits(other)).toBeUndefined();
  });

  it.each([
    ['0047', [range('45490047')], '45490047'],
    ['0047', [range('45490048', '4549FFFF')], undefined],
    ['0047', [range('45490048', '454A0047')], '454A0047'],
    ['0000', [range('4549FFF0', '454A0010')], '454A0000'],
    ['45490047', [range('45490001', '454900FF')], '45490047'],
    [sn('7'), [range('1', '10047')], '7'],
  ])('%s are looked up in ranges without listing the units', (digits, ranges, found) => {
    expect(findUnits(ranges, digits)).toEqual(found && { sn: sn(found), count: 1 });
  });
});

describe('units that end with the same digits', () => {
  it.each([
    [2, [range('1'), range('10047'), range('20047')]],
    [2, [range('10046', '20047')]],
    [32, [range('10046', '1FFFFF'), range('200047', '210046')]],
  ])('are counted: %i', (count, ranges) => {
    expect(findUnits(ranges, '0047')).toEqual({ sn: sn('10047'), count });
  });
});

describe('units', () => {
  it('are sorted, and adjacent units become a range', () => {
    expect(arrangeUnits([range('9'), range('1', '3'), range('4'), range('FF'), range('100')])).toEqual([
      range('1', '4'),
      range('9'),
      range('FF', '100'),
    ]);
  });

  it.each([
    ['a unit twice', [range('1'), range('1')], /appears twice/],
    ['ranges that overlap', [range('1', '5'), range('5', '9')], /appears twice/],
    ['a range inside another', [range('1', '9'), range('3', '4')], /appears twice/],
    ['a descending range', [range('2', '1')], /is descending/],
    ['no unit', [], /1 to 20000 units/],
    ['too many', [range('1', '4E21')], /units, not 20001/],
    ['a range over all numbers', [range('1', 'F'.repeat(32))], /units, not 340282366920938463463374607431768211455/],
    ['a text that is not a serial number', [['1', '2'] as const], /not serial numbers/],
  ])('are refused with %s', (_name, ranges, words) => {
    expect(() => arrangeUnits(ranges)).toThrow(words);
  });

  it('are counted, found and listed, even if a range crosses 64 bits', () => {
    const units = arrangeUnits([range('FFFFFFFFFFFFFFFE', '10000000000000001'), range('20')]);
    expect(countUnits(units)).toBe(5);
    expect([...serialNumbers(units)]).toEqual(
      ['20', 'FFFFFFFFFFFFFFFE', 'FFFFFFFFFFFFFFFF', '10000000000000000', '10000000000000001'].map(sn),
    );
    for (const each of serialNumbers(units)) expect(hasUnit(units, each)).toBe(true);
    for (const other of ['1F', '21', 'FFFFFFFFFFFFFFFD', '10000000000000002'])
      expect(hasUnit(units, sn(other))).toBe(false);
  });
});

describe('a list of units', () => {
  it('is read from CSV with the column SN, the columns FROM and TO, or all three, and other columns', () => {
    expect(readUnitCsv('Site;Serial number\nA;45 49\nB;4550\n')).toEqual([range('4549'), range('4550')]);
    expect(readUnitCsv('from,to\n1,3\n')).toEqual([range('1', '3')]);
    expect(readUnitCsv('from,to\n5,5\n7,8\n')).toEqual([range('5'), range('7', '8')]);
    expect(readUnitCsv('SN,FROM,TO\n9,,\n,1,3\n')).toEqual([range('1', '3'), range('9')]);
  });

  it('is read from JSON in which units and ranges have any permitted form', () => {
    const text = JSON.stringify(['9', ['1', '3'], { sn: 'B' }, { from: 'D', to: 'E' }]);
    expect(readUnitJson(text)).toEqual([range('1', '3'), range('9'), range('B'), range('D', 'E')]);
  });

  it('names each row with a problem, and its column', () => {
    const text = ['SN,FROM,TO', '1,,', '1,,', 'XYZ,,', '4.55E+15,,', '2,3,4', ',9,', ',9,8', ',20,22', '21,,'].join(
      '\n',
    );
    let problems: ListError['rows'] = [];
    try {
      readUnitCsv(text);
    } catch (cause) {
      if (cause instanceof ListError) problems = cause.rows;
    }
    expect(problems.map(({ row, column }) => [row, column])).toEqual([
      [3, 'SN'],
      [4, 'SN'],
      [5, 'SN'],
      [6, 'SN'],
      [7, 'TO'],
      [8, 'TO'],
      [10, 'SN'],
    ]);
    expect(problems[0]?.why).toContain('is in row 2 already');
    expect(problems[1]?.why).toContain('"XYZ" is not a serial number');
    expect(problems[2]?.why).toContain('rounded by a spreadsheet');
    expect(problems[6]?.why).toContain('is in row 9 already');
    expect(() => readUnitCsv(text)).toThrow(/^row 3, column SN: unit 0+1 is in row 2 already\n/);
  });

  it('names the unit that two ranges share', () => {
    for (const [rows, words] of [
      [',1,5\n,4,9', /^row 3, column FROM: unit 0+4 is in row 2 already$/],
      [',4,9\n,1,5', /^row 3, column FROM: unit 0+4 is in row 2 already$/],
      [',1,9\n3,,', /^row 3, column SN: unit 0+3 is in row 2 already$/],
      ['3,,\n,1,9\n9,,', /^row 3, column FROM: unit 0+3 is in row 2 already\nrow 4, column SN: unit 0+9 is in row 3/],
    ] as const) {
      expect(() => readUnitCsv(`SN,FROM,TO\n${rows}\n`)).toThrow(words);
    }
    expect(readUnitCsv('SN,FROM,TO\n,1,5\n6,,\n')).toEqual([range('1', '6')]);
  });

  it('may have 20,000 units', () => {
    expect(readUnitCsv('FROM,TO\n1,4E20\n')).toEqual([range('1', '4E20')]);
    expect(() => readUnitCsv('FROM,TO\n1,4E21\n')).toThrow('at most 20000 units');
    expect(arrangeUnits([range('1', '4E20')])).toHaveLength(1);
  });

  it.each([
    ['no known column', 'A,B\n1,2', /row 1: the first row must name the columns/],
    ['FROM alone', 'FROM\n1', /row 1: the first row must name the columns/],
    ['no rows', 'SN\n', /names no unit/],
    ['nothing', '', /row 1: the first row must name the columns/],
    ['too many units', 'FROM,TO\n1,FFFFFF', /at most 20000 units/],
    ['more problems than are named', `SN\n${'X\n'.repeat(25)}`, /and 5 more/],
  ])('is refused with %s', (_name, text, words) => {
    expect(() => readUnitCsv(text)).toThrow(words);
  });

  it.each([
    ['a text that is not JSON', 'SN', /not JSON/],
    ['an object', '{"sn":"1"}', /must be a list/],
    ['a number', '["1", 2]', /row 2, column SN: the value is a number: write serial numbers in quotes/],
    ['null', '[null]', /row 1, column SN: the value is empty/],
    ['too many rows', JSON.stringify(Array.from({ length: 20_001 }, () => '1')), /at most 20000 units/],
  ])('as JSON is refused with %s', (_name, text, words) => {
    expect(() => readUnitJson(text)).toThrow(words);
  });

  it('is the same after writing and reading', () => {
    const units = [range('1', '3'), range('9')];
    expect(writeUnitCsv(units)).toBe(`SN,FROM,TO\r\n,${sn('1')},${sn('3')}\r\n${sn('9')},,\r\n`);
    expect(readUnitCsv(writeUnitCsv(units))).toEqual(units);
    expect(readUnitJson(writeUnitJson(units))).toEqual(units);
  });
});
