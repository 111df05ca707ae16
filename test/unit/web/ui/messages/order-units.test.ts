// What the board says of an order and of the units on it, from two metres: one word, then what to do.
import { beforeAll, describe, expect, it } from 'vitest';
import type { OrderRun } from '#web/state/orders/order-run.svelte.ts';
import type { UnitProgress, WorkPhase } from '#web/state/orders/unit-progress.svelte.ts';
import { loadCatalog } from '#web/ui/messages/catalog.svelte.ts';
import { stateWords, workWords } from '#web/ui/messages/order.ts';
import { UNIT_WORDS } from '#web/ui/messages/units.ts';

type Stands = Pick<OrderRun, 'state' | 'heldBy'>;
const RUNNING: Stands = { state: { is: 'running' }, heldBy: undefined };
const AT_REST: Stands = { state: { is: 'paused' }, heldBy: undefined };

beforeAll(loadCatalog);

function said(phase: WorkPhase, run: Stands) {
  const lane = { phase: { is: 'ready' }, attached: true, link: { kind: 'usb', usb: undefined } };
  return workWords({ lane, phase, sn: '' } as unknown as UnitProgress, run, 'linux');
}

const halted = (failures: number, code: 'device-lost' | 'quota-used'): Stands => ({
  state: { is: 'halted', failures, failure: { code } },
  heldBy: undefined,
});

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
    for (const [heldBy, word] of [
      ['sign-in', /^Sign in/],
      ['early', /has not begun/],
      ['over', /^Stop here/],
    ] as const) {
      expect(said({ is: 'held' }, { ...RUNNING, heldBy }).sentence).toMatch(word);
      expect(stateWords({ ...RUNNING, heldBy })).toMatchObject({
        word: 'Waiting',
        sentence: expect.stringMatching(word),
      });
    }
  });

  it('asks for nothing more once it is closed', () => {
    expect(stateWords(AT_REST, true)).toEqual({ word: 'Closed', sentence: 'The AS has signed its report.' });
  });

  it('does not ask for another key where the slot held a newer one: there is none on the order', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x9402 } as const;
    const { sentence } = said({ is: 'failed', failure }, RUNNING);
    expect(sentence).toMatch(/^Set this unit aside\. This slot held this version or a newer one before/);
  });

  it('shows units that are done, set aside or turned away as what they are', () => {
    for (const run of [AT_REST, RUNNING]) {
      expect(said({ is: 'done', how: 'loaded' }, run)).toMatchObject({ kind: 'done', word: 'Unplug' });
      expect(said({ is: 'aside', reason: 'Cover is broken' }, run)).toMatchObject({ sentence: 'Cover is broken' });
      expect(said({ is: 'refused', refusal: 'unlisted' }, run)).toMatchObject({ kind: 'failed', word: 'Not listed' });
    }
  });
});

describe('an order at work', () => {
  it('says when a unit may be unplugged', () => {
    expect(stateWords(RUNNING)).toEqual({
      word: 'Working',
      sentence: 'Plug units in. Unplug each one when it is green.',
    });
  });
});

describe('an order that halted', () => {
  it('says how many units failed in a row, and what to do about the last', () => {
    const { word, sentence } = stateWords(halted(3, 'device-lost'));
    expect(word).toBe('Halted');
    expect(sentence).toMatch(/^3 units failed in a row\. Check the cable/);
  });

  it('says what kept it when that was not a unit', () => {
    const { sentence } = stateWords(halted(0, 'quota-used'));
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
