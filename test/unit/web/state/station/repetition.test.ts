// Two failures in a row count as a repetition only if unit and cause are the same.
import { expect, it } from 'vitest';
import { Repetition } from '#web/state/station/repetition.svelte.ts';

const REFUSED = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6988 } as const;

it('detects the same failure on the same unit, and nothing else', () => {
  const repetition = new Repetition();
  const after = (sn: string, failure?: Parameters<Repetition['record']>[1]): boolean => {
    repetition.record(sn, failure);
    return repetition.isRepeated;
  };
  expect(after('07', REFUSED)).toBe(false);
  expect(after('07', { ...REFUSED })).toBe(true);
  expect(after('07', REFUSED)).toBe(true);
  expect(after('08', REFUSED)).toBe(false);
  expect(after('08', { ...REFUSED, statusWord: 0x6985 })).toBe(false);
  expect(after('08')).toBe(false);
  expect(after('08', REFUSED)).toBe(false);
});
