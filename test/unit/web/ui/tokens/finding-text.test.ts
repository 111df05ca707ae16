// The sentences for the findings of the AS. Those that the AS makes are compared with the sentences of the
// AS in test/unit/as-service/vaults.
import { expect, it } from 'vitest';
import { findingText } from '#web/ui/tokens/finding-text.ts';

it('a finding of a kind that the page does not have is shown in the words of the AS', () => {
  for (const kind of ['not-yet-known', 'toString']) {
    expect(findingText({ grave: true, kind, values: {}, words: 'The vault glows.' })).toBe('The vault glows.');
  }
});
