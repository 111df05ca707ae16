// Numbers and paths within a text of another direction.
import { afterEach, expect, it, vi } from 'vitest';
import { leftToRight } from '#web/text/left-to-right.ts';

afterEach(() => vi.unstubAllGlobals());

it('isolates a number on a page from right to left only', () => {
  expect(leftToRight('0001 0000')).toBe('0001 0000');
  vi.stubGlobal('document', { documentElement: { dir: 'ltr' } });
  expect(leftToRight('0001 0000')).toBe('0001 0000');
  vi.stubGlobal('document', { documentElement: { dir: 'rtl' } });
  expect(leftToRight('0001 0000')).toBe('\u20660001 0000\u2069');
});
