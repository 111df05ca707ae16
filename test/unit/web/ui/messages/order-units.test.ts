// The messages of the order board. The order and each unit have a word for their state and a
// sentence that says what to do. Both must be readable from two metres.
import { beforeAll, describe, expect, it } from 'vitest';
import type { OrderRun } from '#web/state/orders/order-run.svelte.ts';
import type { UnitPhase, UnitProgress } from '#web/state/orders/unit-progress.svelte.ts';
import { loadCatalog } from '#web/ui/messages/catalog.svelte.ts';
import { stateWords, unitMessage } from '#web/ui/messages/order.ts';
import { UNIT_WORDS } from '#web/ui/messages/units.ts';

type Stands = Pick<OrderRun, 'state' | 'waitReason'>;
const RUNNING: Stands = { state: { is: 'running' }, waitReason: undefined };
const AT_REST: Stands = { state: { is: 'paused' }, waitReason: undefined };

beforeAll(loadCatalog);

function said(phase: UnitPhase, run: Stands) {
  const lane = {
    phase: { is: 'ready' },
    attached: true,
    repetition: { isRepeated: false },
    link: { kind: 'usb', usb: undefined },
  };
  return unitMessage({ lane, phase, sn: '' } as unknown as UnitProgress, run, 'linux');
}

const halted = (failures: number, code: 'device-lost' | 'quota-used'): Stands => ({
  state: { is: 'halted', failures, failure: { code } },
  waitReason: undefined,
});

describe('a paused order', () => {
  it('shows how to start it', () => {
    expect(stateWords(AT_REST)).toEqual({
      word: 'Paused',
      sentence: 'Press “Start order” to load keys. Loads in progress continue.',
    });
  });

  it('shows what its units are waiting for', () => {
    expect(said({ is: 'waiting' }, AT_REST)).toEqual({
      kind: 'waiting',
      word: 'Waiting',
      sentence: 'Press “Start order”. To load keys by hand, leave the order.',
    });
    expect(said({ is: 'waiting' }, RUNNING).sentence).not.toContain('at rest');
    for (const [waitReason, word] of [
      ['sign-in', /^Sign in/],
      ['early', /not valid yet/],
      ['over', /^Stop here/],
    ] as const) {
      expect(said({ is: 'waiting' }, { ...RUNNING, waitReason }).sentence).toMatch(word);
      expect(stateWords({ ...RUNNING, waitReason })).toMatchObject({
        word: 'Waiting',
        sentence: expect.stringMatching(word),
      });
    }
  });

  it('asks for no action when it is closed', () => {
    expect(stateWords({ ...AT_REST, waitReason: 'closed' })).toEqual({
      word: 'Closed',
      sentence: 'The AS has signed the report.',
    });
  });

  it('advises to set the unit aside, not to choose another key, when the slot held a newer version', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x9402 } as const;
    const { sentence } = said({ is: 'failed', failure }, RUNNING);
    expect(sentence).toMatch(/^Set this unit aside\. This slot already had this version or a newer one/);
  });

  it('shows units that are done, set aside or refused', () => {
    for (const run of [AT_REST, RUNNING]) {
      expect(said({ is: 'done', how: 'loaded' }, run)).toMatchObject({ kind: 'done', word: 'Unplug' });
      expect(said({ is: 'aside', reason: 'Cover is broken' }, run)).toMatchObject({ sentence: 'Cover is broken' });
      expect(said({ is: 'refused', refusal: 'unlisted' }, run)).toMatchObject({ kind: 'failed', word: 'Not listed' });
    }
  });
});

describe('a complete order', () => {
  it('asks to close the order, not for more units', () => {
    expect(stateWords(RUNNING, true)).toEqual({ word: 'Complete', sentence: 'Every unit is done. Close the order.' });
  });
});

describe('a running order', () => {
  it('shows when a unit may be unplugged', () => {
    expect(stateWords(RUNNING)).toEqual({
      word: 'Working',
      sentence: 'Plug units in. Unplug each one when it is green.',
    });
  });
});

describe('a halted order', () => {
  it('gives the number of failures in a row, and the remedy for the last failure', () => {
    const { word, sentence } = stateWords(halted(3, 'device-lost'));
    expect(word).toBe('Halted');
    expect(sentence).toMatch(/^3 units failed in a row\. Check the cable/);
  });

  it('gives the reason when no unit caused the halt', () => {
    const { sentence } = stateWords(halted(0, 'quota-used'));
    expect(sentence).toMatch(/^[A-Z]/);
    expect(sentence).not.toContain('in a row');
  });
});

describe('the words on the order board', () => {
  it('have at most three words, and differ even without colour', () => {
    const words = Object.values(UNIT_WORDS).map(({ word }) => word);
    expect(new Set(words).size).toBe(words.length);
    for (const word of words) expect(word.split(' ').length).toBeLessThanOrEqual(3);
  });
});
