import { describe, expect, it } from 'vitest';
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { ListError } from '#protocol/orders/csv.ts';
import { readReasonList } from '#protocol/orders/reason-list.ts';
import { isJson, readUnitList } from '#protocol/orders/unit-list.ts';

const sn = (n: number): string => hexNumber(n, 32);
const anyUnit = (): undefined => undefined;

function problemsOf(text: string, isWanted: (sn: string) => string | undefined = anyUnit): ListError['rows'] {
  try {
    readReasonList(text, isWanted);
  } catch (error) {
    return (error as ListError).rows;
  }
  throw new TypeError('the list was accepted');
}

describe('a list of reasons', () => {
  const both = [
    { sn: sn(1), reason: 'Lost; on the way' },
    { sn: sn(2), reason: 'Stolen' },
  ];

  it('is read from CSV that also has other columns', () => {
    expect(
      readReasonList('Reason;Site;SN\r\n"Lost; on the way";north;1\r\n\r\nStolen;south;00:02\r\n', anyUnit),
    ).toEqual(both);
  });

  it('is read from JSON', () => {
    expect(
      readReasonList('[{"sn":"1","reason":"Lost; on the way"},{"sn":"2","reason":" Stolen ","site":1}]', anyUnit),
    ).toEqual(both);
  });

  it('names the problems of all rows at once', () => {
    const text = ['SN,REASON', '1,', 'xyz,Lost', '3,Lost', '3,Stolen', `4,${'x'.repeat(201)}`, '9,Lost'].join('\n');
    expect(problemsOf(text, (each) => (each === sn(9) ? 'it is not on this order' : undefined))).toEqual([
      { row: 2, column: 'REASON', why: 'the reason is empty' },
      { row: 3, column: 'SN', why: '"xyz" is not a serial number: 1 to 32 hex digits, not all zero' },
      { row: 5, column: 'SN', why: 'this SN appears twice' },
      { row: 6, column: 'REASON', why: 'the reason has 201 characters, and at most 200 are permitted' },
      { row: 7, column: 'SN', why: 'it is not on this order' },
    ]);
    expect(problemsOf('[{"sn":"1","reason":"a\\u0007b"},7]')).toEqual([
      { row: 1, column: 'REASON', why: 'the reason contains U+0007 BELL at position 2' },
      { row: 2, column: 'SN', why: 'the value is empty' },
      { row: 2, column: 'REASON', why: 'the reason is empty' },
    ]);
  });

  it.each([
    ['SN,WHY\n1,Lost', 'the first row must name the columns SN and REASON'],
    ['', 'the first row must name the columns SN and REASON'],
    ['SN,REASON\n', 'the list names no unit'],
    ['{"sn":"1"}', 'the file must be a list: [ … ]'],
  ])('is refused as a whole: %j', (text, why) => {
    expect(problemsOf(text)).toEqual([{ row: 1, column: null, why }]);
  });
});

describe('a list of units', () => {
  it('is read as JSON or CSV, depending on its first character', () => {
    expect(['[1]', '\uFEFF {', 'SN\n1', ''].map(isJson)).toEqual([true, true, false, false]);
    expect(readUnitList('["1", ["3", "5"]]')).toEqual(readUnitList('SN,FROM,TO\n1,,\n,3,5\n'));
  });
});
