// What the board says of an order and of the units on it, from two metres: one word, then what to do.
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunState } from '#web/state/order-run.svelte.ts';
import type { UnitWork, WorkPhase } from '#web/state/unit-work.svelte.ts';
import { openBook } from '#web/ui/book.svelte.ts';
import { stateWords, workWords } from '#web/ui/order-words.ts';
import { UNIT_WORDS } from '#web/ui/unit-words.ts';

const RUNNING: RunState = { is: 'running' };
const AT_REST: RunState = { is: 'paused' };

beforeAll(openBook);

function said(phase: WorkPhase, run: RunState) {
  const lane = { phase: { is: 'ready' }, attached: true, link: { kind: 'usb', usb: undefined } };
  return workWords({ lane, phase, sn: '' } as unknown as UnitWork, run, 'linux');
}

describe('an order at rest', () => {
  it('says that it rests, and what makes it go on', () => {
    expect(stateWords(AT_REST)).toEqual({
      word: 'At rest',
      sentence: 'Press “Go on” to work it. Nothing new begins before that; what is under way ends first.',
    });
  });

  it('lets its units wait, and says for what', () => {
    expect(said({ is: 'held' }, AT_REST)).toEqual({
      kind: 'waiting',
      word: 'Waiting',
      sentence: 'Press “Go on”: the order is at rest. To choose keys yourself, put it away.',
    });
    expect(said({ is: 'held' }, RUNNING).sentence).not.toContain('at rest');
  });

  it('shows units that are done, set aside or turned away as what they are', () => {
    for (const run of [AT_REST, RUNNING]) {
      expect(said({ is: 'done', how: 'loaded' }, run)).toMatchObject({ kind: 'done', word: 'Unplug' });
      expect(said({ is: 'aside', reason: 'Cover is broken' }, run)).toMatchObject({ sentence: 'Cover is broken' });
      expect(said({ is: 'refused', refusal: 'unlisted' }, run)).toMatchObject({ kind: 'failed', word: 'Not on it' });
    }
  });
});

describe('an order that halted', () => {
  it('says how many units failed in a row, and what to do about the last', () => {
    const { word, sentence } = stateWords({ is: 'halted', failures: 3, failure: { code: 'device-lost' } });
    expect(word).toBe('Halted');
    expect(sentence).toMatch(/^3 units failed in a row\. [A-Z]/);
  });

  it('says what kept it when that was not a unit', () => {
    const { sentence } = stateWords({ is: 'halted', failures: 0, failure: { code: 'quota-used' } });
    expect(sentence).toMatch(/^[A-Z]/);
    expect(sentence).not.toContain('in a row');
  });
});

describe('the words of the board', () => {
  it('are one or two each, and told apart without colour', () => {
    const words = Object.values(UNIT_WORDS).map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
    for (const word of words) expect(word.split(' ').length).toBeLessThanOrEqual(3);
  });
});
