// Compares docs/protocol.md with the code: layouts, lengths, the worked example, frames, constants
// and status words.
import { describe, expect, it } from 'vitest';
import { findStatusWord } from '#protocol/apdu/status-words.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { computeEdc } from '#protocol/framing/edc.ts';
import { challengeMac, deriveChallengeKey } from '#protocol/tkl/challenge.ts';
import { dataLength } from '#protocol/tkl/data.ts';
import { decodeHeader, encodeHeader } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import { isSuiteId, SUITES } from '#protocol/tkl/suites.ts';
import { WORKED_EXAMPLES } from '#test/support/worked-examples.ts';
import { codeBlocks, readDocument, section, table } from './markdown.ts';

const PROTOCOL = readDocument('docs/protocol.md');

const [first] = WORKED_EXAMPLES;
if (first === undefined) throw new RangeError('there is no worked example');
const example = first;
const fieldOf = (name: Parameters<typeof example.of>[0]): string => toHex(example.of(name));

/** Reads lines of the form "name  hex". A line with a deeper indent continues the value. */
function namedValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let name = '';
  for (const line of codeBlocks(text).join('\n').split('\n')) {
    const begin = /^ {3}(\S.*?) {2,}([0-9A-F]+)$/.exec(line);
    const more = /^ {16}([0-9A-F]+)$/.exec(line);
    if (begin?.[1] !== undefined) {
      name = begin[1];
      values.set(name, begin[2] ?? '');
    } else if (more !== null && name !== '') values.set(name, values.get(name) + (more[1] ?? ''));
    else name = '';
  }
  return values;
}

describe('the layouts', () => {
  it.each([
    ['3.3', 48],
    ['3.8', 64],
  ])('of clause %s have no gap and no overlap, and %i bytes in total', (clause, total) => {
    let offset = 0;
    for (const [at, length] of table(section(PROTOCOL, clause), 'offset', 'length', 'field')) {
      expect(Number(at)).toBe(offset);
      offset += Number(length);
    }
    expect(offset).toBe(total);
  });

  it('of HDR have each field at the offset where the code writes the field', () => {
    const positions = new Map(
      table(section(PROTOCOL, '3.3'), 'offset', 'length', 'field').map(([at, length, field = '']) => [
        field,
        [Number(at), Number(at) + Number(length)] as const,
      ]),
    );
    const bytes = example.of('HDR');
    const read = (field: string): string => toHex(bytes.subarray(...(positions.get(field) ?? [0, 0])));
    expect(read('suite')).toBe(fieldOf('suite'));
    expect(read('TKV')).toBe(fieldOf('TKV'));
    expect(read('SET')).toBe(fieldOf('SET'));
    expect(read('REF1')).toBe(fieldOf('REF1'));
    expect(read('SLOT')).toBe(fieldOf('REF2'));
    expect(read('AKV')).toBe(fieldOf('AKV'));
    expect(read('XC')).toBe(fieldOf('XC'));
    expect(read('SN')).toBe(fieldOf('SN'));
    const otherNumber = encodeHeader({ ...decodeHeader(bytes), asNumber: 0xa1b2 });
    expect(toHex(otherNumber.subarray(...(positions.get('AS number, high octet') ?? [0, 0])))).toBe('A1');
    expect(toHex(otherNumber.subarray(...(positions.get('AS number, low octet') ?? [0, 0])))).toBe('B2');
  });

  it('of DATA have the lengths of clause 3.4', () => {
    const checked: number[] = [];
    for (const row of table(section(PROTOCOL, '3.4'), 'suite', 'signed')) {
      const [suite = '', lengths = '', plain, signed] = row;
      const id = Number.parseInt(suite, 16);
      if (!isSuiteId(id)) continue;
      checked.push(id);
      const { bodyLengths } = SUITES[id];
      const printed = (lengths.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
      expect(printed).toEqual([...bodyLengths].sort((a, b) => a - b));
      const header = { ...decodeHeader(example.of('HDR')), suite: id };
      const longest = Math.max(...bodyLengths);
      expect(dataLength({ ...header, signed: false }, longest)).toBe(Number(plain));
      expect(dataLength({ ...header, signed: true }, longest)).toBe(Number(signed));
    }
    expect(checked).toEqual(Object.keys(SUITES).map(Number));
  });
});

describe('the worked example', () => {
  const printed = namedValues(section(PROTOCOL, 'Annex A'));

  it.each([
    ['T', 'T'],
    ['SET', 'SET'],
    ['TKV', 'TKV'],
    ['SN', 'SN'],
    ['R', 'random'],
    ['REF1', 'REF1'],
    ['REF2', 'REF2'],
    ['AKV', 'AKV'],
    ['XC', 'XC'],
    ['TA', 'TA'],
    ['pad', 'pad'],
    ['D', 'devContext'],
    ['K_D', 'KD'],
    ['CHM', 'CHM'],
    ['EXPORTKEY', 'EXPORTKEY_datafield'],
    ['HDR', 'HDR'],
    ['C', 'opContext'],
    ['T1', 'T1'],
    ['K_M', 'KM'],
    ['K_R', 'KR'],
    ['KBEK', 'KBEK'],
    ['KBAK', 'KBAK'],
    ['KCV', 'KCV'],
    ['clear', 'clear'],
    ['MAC', 'mac'],
    ['BODY', 'BODY'],
    ['TAG', 'TAG'],
    ['DATA', 'DATA'],
    ['data field', 'IMPORTKEY_datafield'],
    ['data hash', 'receiptDataHash'],
    ['receipt', 'receipt'],
  ] as const)('prints the value of the vectors for %s', (name, field) => {
    expect(printed.get(name)).toBe(fieldOf(field));
  });

  it('prints the derived K_C, which is not among the vectors', () => {
    const unit = { set: example.set, tkv: example.tkv, sn: example.of('SN') };
    const deviceKey = deriveDeviceKey('cmac', example.of('T'), unit);
    const challengeKey = deriveChallengeKey(example.suite, deviceKey, unit);
    expect(printed.get('K_C')).toBe(toHex(challengeKey));
    expect(toHex(challengeMac(challengeKey, { suite: example.suite, unit, random: example.of('random') }))).toBe(
      printed.get('CHM'),
    );
  });
});

describe('the frames', () => {
  it.each(['5.1', 'A.6'])('of T=1 in clause %s have a valid CRC', (clause) => {
    const blocks = codeBlocks(section(PROTOCOL, clause))
      .join('\n')
      .split('\n')
      .filter((line) => !line.includes('CCID'))
      .flatMap((line) => [...line.matchAll(/[=]>? ?((?:00[0-9A-F]{4})(?: [0-9A-F]+)+)/g)])
      .map(([, hex = '']) => fromHex(hex));
    for (const block of blocks) {
      expect(block.length).toBe(3 + (block[2] ?? 0) + 2);
      const edc = computeEdc('crc', block.subarray(0, -2));
      expect(toHex(block.subarray(-2))).toBe(hexNumber(edc, 4));
    }
    expect(blocks.length).toBeGreaterThanOrEqual(clause === '5.1' ? 5 : 1);
  });

  it('include an ATR with a valid check character', () => {
    const atr = /ATR \| ((?:[0-9A-F]{2} ?)+)/.exec(section(PROTOCOL, '5.2'))?.[1] ?? '';
    const bytes = fromHex(atr);
    expect(bytes.length).toBe(13);
    expect(bytes.subarray(1).reduce((sum, byte) => sum ^ byte, 0)).toBe(0);
  });
});

describe('the constants', () => {
  it('include each demo set with its published T', () => {
    const text = section(PROTOCOL, 'Annex B');
    for (const { set, tkv, profile, family, publishedTransportKey } of DEMO_SETS) {
      const number = hexNumber(set);
      const key = String.fromCharCode(...publishedTransportKey);
      expect(text).toContain(
        `demo set ${number}, TKV ${hexNumber(tkv, 2)}, ${profile}, ${family.toUpperCase()}: T | \`"${key}"\``,
      );
      expect(readU32(fromHex(number), 0)).toBe(set);
    }
  });

  it('include only status words that the code has', () => {
    const words = table(section(PROTOCOL, '4.8'), 'word', 'of', 'means').map(([word = '']) => word);
    expect(words.length).toBeGreaterThan(15);
    for (const word of words) {
      const found = findStatusWord(Number.parseInt(word.replace(/x/g, '1'), 16));
      expect(found?.pattern.replace(/X/g, 'x'), word).toBe(word);
    }
  });
});
