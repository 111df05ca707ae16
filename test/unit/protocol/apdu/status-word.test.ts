import { describe, expect, it } from 'vitest';
import { findStatusWord, formatStatusWord, isSuccess, STATUS_WORDS } from '#protocol/apdu/status-word.ts';

describe('status words', () => {
  it('9000 alone is success', () => {
    expect(isSuccess(0x9000)).toBe(true);
    for (const sw of [0x6100, 0x6282, 0x63c3, 0x9001, 0x0000]) expect(isSuccess(sw)).toBe(false);
  });

  it.each([
    [0x9000, '9000'],
    [0x6110, '61XX'],
    [0x6281, '6281'],
    [0x6299, '62XX'],
    [0x63c2, '63CX'],
    [0x6300, '63XX'],
    [0x6988, '6988'],
    [0x69f0, '69XX'],
    [0x6c40, '6CXX'],
    [0x9401, '9401'],
    [0x9402, '9402'],
  ])('%i is found at the pattern %s', (sw, pattern) => {
    expect(findStatusWord(sw)?.pattern).toBe(pattern);
  });

  it.each([0x0000, 0x6000, 0x9400, 0x9001, 0xffff])('%i stands in neither standard', (sw) => {
    expect(findStatusWord(sw)).toBeUndefined();
  });

  it('are written with four digits', () => {
    expect(formatStatusWord(0x6a82)).toBe('6A82');
    expect(formatStatusWord(0x0001)).toBe('0001');
  });

  it('each stand where an exact word hides no other, with meaning and clause', () => {
    for (const { pattern, meaning, clause } of STATUS_WORDS) {
      expect(findStatusWord(Number.parseInt(pattern.replaceAll('X', '0'), 16))).toBeDefined();
      expect(pattern).toMatch(/^[0-9A-F]{2}([0-9A-F]{2}|[0-9A-F]X|XX)$/);
      expect(meaning).not.toBe('');
      expect(clause).toMatch(/clause \d/);
    }
    expect(new Set(STATUS_WORDS.map(({ pattern }) => pattern)).size).toBe(STATUS_WORDS.length);
  });
});
