// The words of a work order at rest, and of the room that is left: what a person would say.
import { describe, expect, it } from 'vitest';
import { openBook } from '#web/ui/book.svelte.ts';
import { roomInWords, stateWords } from '#web/ui/order-words.ts';

describe('a work order', () => {
  it('says at rest how it is set going', () => {
    const { word, sentence } = stateWords({ is: 'paused' });
    expect(word).toBe('At rest');
    expect(sentence).toMatch(/^Press “Go on”/);
  });

  it('says while it is worked when a unit may be unplugged', () => {
    expect(stateWords({ is: 'running' }).sentence).toContain('Unplug each one when it is green');
  });

  it('says when it halted how many failed, and what to do', async () => {
    await openBook();
    const { word, sentence } = stateWords({ is: 'halted', failure: { code: 'service-unreachable' }, failures: 3 });
    expect(word).toBe('Halted');
    expect(sentence).toBe(
      '3 units failed in a row. Check the network, then retry. The AS cannot be reached from here.',
    );
  });
});

describe('the room for the journal', () => {
  it.each([
    [10_737_418_240, 'There is room for more than a million more keys.'],
    [3_580_000_000, 'There is room for more than 400,000 more keys.'],
    [8_000_000, 'There is room for more than 1,000 more keys.'],
    [7_992_000, 'There is room for more than 900 more keys.'],
    [640_000, 'There is room for a few more keys only.'],
    [7_999, 'There is no room for another key.'],
  ])('of %i octets is told without false precision', (octets, words) => {
    expect(roomInWords(octets)).toBe(words);
  });
});
