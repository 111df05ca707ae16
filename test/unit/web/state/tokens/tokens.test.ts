// What a reload of the page would interrupt in the view Tokens.
import { expect, it } from 'vitest';
import type { CardSession } from '#web/state/tokens/card-session.svelte.ts';
import { Tokens } from '#web/state/tokens/tokens.ts';
import type { Vaults } from '#web/state/tokens/vaults.svelte.ts';

const CARD = { phase: { is: 'unlocked' }, isChecking: false };
const VAULTS = { unlockingId: undefined, returningId: undefined, isConfirming: false, hasUnsavedJournal: false };

it.each<[string, object, object, string | undefined]>([
  ['nothing while a card and a vault are unlocked', {}, { unlockedId: 'v' }, undefined],
  ['the reading of a card', { phase: { is: 'reading' } }, {}, 'token'],
  ['the check of a PIN', { isChecking: true }, {}, 'token'],
  ['the unlocking of a vault', {}, { unlockingId: 'v' }, 'token'],
  ['the return of a journal', {}, { returningId: 'v' }, 'token'],
  ['the dialog of a passkey', {}, { isConfirming: true }, 'token'],
  ['the only copy of a journal', {}, { hasUnsavedJournal: true }, 'journal'],
])('a reload interrupts %s', (_, card, vaults, obstacle) => {
  const tokens = new Tokens(
    { ...CARD, ...card } as unknown as CardSession,
    { ...VAULTS, ...vaults } as unknown as Vaults,
  );
  expect(tokens.obstacle).toBe(obstacle);
});
