// Texts that the operator enters on the page: reasons, PINs and access codes.
import { expect, it } from 'vitest';
import { readDigits, readReason } from '#web/state/common/entered-text.ts';
import { Session } from '#web/state/session/session.svelte.ts';

it('a reason is converted to its normal form, or refused with the name of the character', () => {
  expect(readReason(' non livre\u0301\u00a0: cassé 🔧 ')).toEqual({ text: 'non livré : cassé 🔧', refusal: undefined });
  expect(readReason(' \u200b')).toEqual({ text: '', refusal: 'The reason is empty. Type it again.' });
  expect(readReason('  ')).toEqual({ text: '', refusal: undefined });
  expect(readReason('a\u202eb').refusal).toBe(
    'The reason contains U+202E RIGHT-TO-LEFT OVERRIDE at position 2. Type it again.',
  );
  expect(readReason('x'.repeat(201)).refusal).toBe(
    'The reason has 201 characters, and at most 200 are permitted. Type it again.',
  );
});

it('a PIN is converted to Latin digits', () => {
  for (const typed of ['1234', '１２３４', '12\u00a034 ', '١٢٣٤', '12-34', '\u200e1234'])
    expect(readDigits(typed)).toBe('1234');
});

it.each([
  ['KF-00111-ABCDE-00000-11111-ZZZZZ-99999', 'KF-00111-ABCDE-00000-11111-ZZZZZ-99999'],
  ['KF‑00111‑ABCDE‑00000‑11111‑ZZZZZ‑99999', 'KF00111ABCDE0000011111ZZZZZ99999'],
  ['“kf ool11 abcde 00000 11111 zzzzz 99999”\r\n', 'kfool11abcde0000011111zzzzz99999'],
  ['ＫＦ００１１１', 'KF00111'],
  // An HTTP header can contain ASCII only.
  [' КF-00111 ', 'F-00111'],
  ['ключ', '?'],
])('the access code %j is sent as %s', async (typed, sent) => {
  let seen = '';
  const account = {
    roots: { isPinned: async () => true },
    signIn: async (code: string) => {
      seen = code;
      throw new TypeError('enough');
    },
    signOut: () => undefined,
  };
  const session = new Session(
    async () => account as never,
    'https://as.example',
    () => new Date(),
  );
  await expect(session.signIn(typed)).rejects.toThrow('enough');
  expect(seen).toBe(sent);
});
