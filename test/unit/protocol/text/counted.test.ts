import { describe, expect, it } from 'vitest';
import { counted } from '#protocol/text/counted.ts';

describe('a count with its noun', () => {
  it.each([
    [0, 'unit', '0 units'],
    [1, 'unit', '1 unit'],
    [2, 'listed unit', '2 listed units'],
    [1, 'entry', '1 entry'],
    [2, 'entry', '2 entries'],
    [3, 'try', '3 tries'],
    [2, 'key', '2 keys'],
  ])('is written for %d %s', (count, noun, text) => {
    expect(counted(count, noun)).toBe(text);
  });

  it('has its number in the given format', () => {
    expect(counted(20_000, 'unit', (count) => count.toLocaleString('en'))).toBe('20,000 units');
  });
});
