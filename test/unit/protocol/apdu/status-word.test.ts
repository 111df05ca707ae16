import { describe, expect, it } from 'vitest';
import { formatStatusWord, isSuccess } from '#protocol/apdu/status-word.ts';
import { findStatusWord, STATUS_WORDS } from '#protocol/apdu/status-words.ts';

describe('status words', () => {
  it('mean success only if they are 9000', () => {
    expect(isSuccess(0x9000)).toBe(true);
    for (const sw of [0x6100, 0x6282, 0x63c3, 0x9001, 0x0000]) expect(isSuccess(sw)).toBe(false);
  });

  it.each([
    ['9000', '9000'],
    ['6110', '61XX'],
    ['6281', '6281'],
    ['6299', '62XX'],
    ['63C2', '63CX'],
    ['6300', '63XX'],
    ['6988', '6988'],
    ['69F0', '69XX'],
    ['6C40', '6CXX'],
    ['9401', '9401'],
    ['9402', '9402'],
  ])('include %s under the pattern %s', (sw, pattern) => {
    expect(findStatusWord(Number.parseInt(sw, 16))?.pattern).toBe(pattern);
  });

  it.each(['0000', '6000', '9400', '9001', 'FFFF'])('do not include %s', (sw) => {
    expect(findStatusWord(Number.parseInt(sw, 16))).toBeUndefined();
  });

  it('are printed with four digits', () => {
    expect(formatStatusWord(0x6a82)).toBe('6A82');
    expect(formatStatusWord(0x0001)).toBe('0001');
  });

  it('can each be found in the table, with meaning and clause', () => {
    for (const { pattern, meaning, clause } of STATUS_WORDS) {
      expect(findStatusWord(Number.parseInt(pattern.replaceAll('X', '0'), 16))).toBeDefined();
      expect(pattern).toMatch(/^[0-9A-F]{2}([0-9A-F]{2}|[0-9A-F]X|XX)$/);
      expect(meaning).not.toBe('');
      expect(clause).toMatch(/clause \d/);
    }
    expect(new Set(STATUS_WORDS.map(({ pattern }) => pattern)).size).toBe(STATUS_WORDS.length);
  });
});
