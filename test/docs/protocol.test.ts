// What docs/protocol.md prints against what the code does: layouts, lengths, the worked example, frames and constants.
import { describe, expect, it } from 'vitest';
import { findStatusWord, formatStatusWord } from '#protocol/apdu/status-word.ts';
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

const [example] = WORKED_EXAMPLES;
if (example === undefined) throw new RangeError('there is no worked example');
const given = example;
const fieldOf = (name: Parameters<typeof given.of>[0]): string => toHex(given.of(name));

/** "name  hex", continued on lines that are indented further. */
function namedOctets(text: string): Map<string, string> {
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
  ])('of clause %s have no gap and no overlap, and end at %i', (clause, total) => {
    let offset = 0;
    for (const [at, length] of table(section(PROTOCOL, clause), 'offset', 'length', 'field')) {
      expect(Number(at)).toBe(offset);
      offset += Number(length);
    }
    expect(offset).toBe(total);
  });

  it('of HDR are where the code writes each field', () => {
    const where = new Map(
      table(section(PROTOCOL, '3.3'), 'offset', 'length', 'field').map(([at, length, field = '']) => [
        field,
        [Number(at), Number(at) + Number(length)] as const,
      ]),
    );
    const bytes = given.of('HDR');
    const read = (field: string): string => toHex(bytes.subarray(...(where.get(field) ?? [0, 0])));
    expect(read('suite')).toBe(fieldOf('suite'));
    expect(read('TKV')).toBe(fieldOf('TKV'));
    expect(read('SET')).toBe(fieldOf('SET'));
    expect(read('REF1')).toBe(fieldOf('REF1'));
    expect(read('SLOT')).toBe(fieldOf('REF2'));
    expect(read('AKV')).toBe(fieldOf('AKV'));
    expect(read('XC')).toBe(fieldOf('XC'));
    expect(read('SN')).toBe(fieldOf('SN'));
    const otherNumber = encodeHeader({ ...decodeHeader(bytes), asNumber: 0xa1b2 });
    expect(toHex(otherNumber.subarray(...(where.get('AS number, high octet') ?? [0, 0])))).toBe('A1');
    expect(toHex(otherNumber.subarray(...(where.get('AS number, low octet') ?? [0, 0])))).toBe('B2');
  });

  it('of DATA have the lengths that clause 3.4 says', () => {
    const checked: number[] = [];
    for (const row of table(section(PROTOCOL, '3.4'), 'suite', 'signed')) {
      const [suite = '', lengths = '', plain, signed] = row;
      const id = Number.parseInt(suite, 16);
      if (!isSuiteId(id)) continue;
      checked.push(id);
      const known = SUITES[id];
      const said = (lengths.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
      expect(said).toEqual([...known.bodyLengths].sort((a, b) => a - b));
      const header = { ...decodeHeader(given.of('HDR')), suite: id };
      const longest = Math.max(...known.bodyLengths);
      expect(dataLength({ ...header, signed: false }, longest)).toBe(Number(plain));
      expect(dataLength({ ...header, signed: true }, longest)).toBe(Number(signed));
    }
    expect(checked).toEqual(Object.keys(SUITES).map(Number));
  });
});

describe('the worked example', () => {
  const printed = namedOctets(section(PROTOCOL, 'Annex A'));

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
  ] as const)('prints %s as the vectors have it', (name, field) => {
    expect(printed.get(name)).toBe(fieldOf(field));
  });

  it('prints K_C, which is not among the vectors, as it is derived', () => {
    const unit = { set: given.set, tkv: given.tkv, sn: given.of('SN') };
    const deviceKey = deriveDeviceKey('cmac', given.of('T'), unit);
    const challengeKey = deriveChallengeKey(given.suite, deviceKey, unit);
    expect(printed.get('K_C')).toBe(toHex(challengeKey));
    expect(toHex(challengeMac(challengeKey, { suite: given.suite, unit, random: given.of('random') }))).toBe(
      printed.get('CHM'),
    );
  });
});

describe('the frames', () => {
  it.each(['5.1', 'A.6'])('of T=1 in clause %s carry their CRC', (clause) => {
    const blocks = codeBlocks(section(PROTOCOL, clause))
      .join('\n')
      .split('\n')
      .filter((line) => !line.includes('CCID'))
      .flatMap((line) => [...line.matchAll(/[=]>? ?((?:00[0-9A-F]{4})(?: [0-9A-F]+)+)/g)])
      .map(([, octets = '']) => fromHex(octets));
    for (const block of blocks) {
      expect(block.length).toBe(3 + (block[2] ?? 0) + 2);
      const edc = computeEdc('crc', block.subarray(0, -2));
      expect(toHex(block.subarray(-2))).toBe(formatStatusWord(edc));
    }
    expect(blocks.length).toBeGreaterThanOrEqual(clause === '5.1' ? 5 : 1);
  });

  it('have an ATR whose check character is right', () => {
    const atr = /ATR \| ((?:[0-9A-F]{2} ?)+)/.exec(section(PROTOCOL, '5.2'))?.[1] ?? '';
    const bytes = fromHex(atr);
    expect(bytes.length).toBe(13);
    expect(bytes.subarray(1).reduce((sum, octet) => sum ^ octet, 0)).toBe(0);
  });
});

describe('the constants', () => {
  it('name each demo set with its published T', () => {
    const text = section(PROTOCOL, 'Annex B');
    for (const { set, tkv, profile, family, publishedTransportKey } of DEMO_SETS) {
      const number = hexNumber(set);
      const key = String.fromCharCode(...publishedTransportKey);
      const version = tkv.toString(16).padStart(2, '0');
      expect(text).toContain(
        `demo set ${number}, TKV ${version}, ${profile}, ${family.toUpperCase()}: T | \`"${key}"\``,
      );
      expect(readU32(fromHex(number), 0)).toBe(set);
    }
  });

  it('name status words that the code knows too', () => {
    const words = table(section(PROTOCOL, '4.8'), 'word', 'of', 'means').map(([word = '']) => word);
    expect(words.length).toBeGreaterThan(15);
    for (const word of words) {
      const found = findStatusWord(Number.parseInt(word.replace(/x/g, '1'), 16));
      expect(found?.pattern.replace(/X/g, 'x'), word).toBe(word);
    }
  });
});
