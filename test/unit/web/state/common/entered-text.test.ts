// Texts that the operator enters on the page: reasons and PINs.
import { expect, it } from 'vitest';
import { readDigits, readReason, storedReason } from '#web/state/common/entered-text.ts';

it('a reason is converted to its normal form, or refused with the name of the character', () => {
  expect(readReason(' non livre\u0301\u00a0: cassé 🔧 ')).toEqual({ text: 'non livré : cassé 🔧', refusal: undefined });
  expect(readReason(' \u200b')).toEqual({ text: '', refusal: 'The reason is empty. Type the reason again.' });
  expect(readReason('  ')).toEqual({ text: '', refusal: undefined });
  expect(readReason('a\u202eb').refusal).toBe(
    'The reason contains U+202E RIGHT-TO-LEFT OVERRIDE at position 2. Type the reason again.',
  );
  expect(readReason('x'.repeat(201)).refusal).toBe(
    'The reason has 201 characters, and at most 200 are permitted. Type the reason again.',
  );
});

it('a stored reason of an earlier version is repaired, or replaced where nothing is left of it', () => {
  expect(storedReason('cassé')).toBe('cassé');
  expect(storedReason('a\u202eb')).toBe('a b');
  expect(storedReason('x'.repeat(201))).toHaveLength(200);
  expect(storedReason('\u202e')).toBe('a reason that cannot be shown');
});

it('a PIN is converted to Latin digits', () => {
  for (const typed of ['1234', '１２３４', '12\u00a034 ', '١٢٣٤', '12-34', '\u200e1234'])
    expect(readDigits(typed)).toBe('1234');
});
