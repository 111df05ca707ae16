// The message for the space that is left for the journal, in rounded numbers.
import { describe, expect, it } from 'vitest';
import { freeSpaceText } from '#web/ui/messages/order.ts';

describe('the space for the journal', () => {
  it.each([
    [10_737_418_240, 'There is space for at least a million more keys.'],
    [3_580_000_000, 'There is space for at least 400,000 more keys.'],
    [8_000_000, 'There is space for at least 1,000 more keys.'],
    [7_992_000, 'There is space for at least 900 more keys.'],
    [640_000, 'There is space for only a few more keys.'],
    [7_999, 'There is no space for another key.'],
  ])('of %i bytes is given in rounded numbers of keys', (bytes, words) => {
    expect(freeSpaceText(bytes)).toBe(words);
  });
});
