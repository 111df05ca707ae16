// The messages of the order board. The order and each unit have a word for their state and a
// sentence that says what to do. Both must be readable from two metres.
import { beforeAll, describe, expect, it } from 'vitest';
import type { OrderRun } from '#web/state/orders/order-run.svelte.ts';
import type { WaitReason } from '#web/state/orders/run-state.ts';
import type { UnitPhase, UnitProgress } from '#web/state/orders/unit-progress.svelte.ts';
import { loadCatalog } from '#web/ui/messages/catalog.svelte.ts';
import { type StateOptions, stateWords as stateWordsOf, unitMessage } from '#web/ui/messages/order.ts';
import { UNIT_WORDS } from '#web/ui/messages/units.ts';

type Stands = Pick<OrderRun, 'state' | 'waitReason'>;
const RUNNING: Stands = { state: { is: 'running' }, waitReason: undefined };
const AT_REST: Stands = { state: { is: 'paused' }, waitReason: undefined };

beforeAll(loadCatalog);

const stateWords = (run: Stands, options: Partial<StateOptions> = {}) =>
  stateWordsOf(run, { from: 'tomorrow 08:00', until: 'yesterday 12:00', ...options });

function said(phase: UnitPhase, run: Stands, more: object = {}) {
  const lane = {
    phase: { is: 'ready' },
    attached: true,
    ...more,
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
    for (const [waitReason, ofUnit, ofOrder] of [
      ['sign-in', /^Sign in/, /^Sign in/],
      ['early', /not valid yet/, /valid from tomorrow 08:00/],
    ] as const) {
      expect(said({ is: 'waiting' }, { ...RUNNING, waitReason }).sentence).toMatch(ofUnit);
      expect(stateWords({ ...RUNNING, waitReason })).toMatchObject({
        word: 'Waiting',
        sentence: expect.stringMatching(ofOrder),
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

describe('an expired order', () => {
  it('says when it expired and what to do, whether it is running, paused or halted', () => {
    for (const run of [RUNNING, AT_REST, halted(2, 'device-lost')]) {
      expect(stateWords({ ...run, waitReason: 'over' })).toEqual({
        word: 'Expired',
        sentence:
          'Stop here: this order expired yesterday 12:00. Ask your custodian for a new order, then close this one.',
      });
    }
  });
});

describe.each<[WaitReason, string, RegExp]>([
  ['over', 'Expired', /this order has expired\. Ask your custodian for a new order\.$/],
  ['closed', 'Closed', /This order is closed\. No more keys will be loaded\.$/],
  ['revoked', 'Revoked', /this order was revoked\. No more keys will be loaded\.$/],
])('a unit on an order that takes no more loads: %s', (waitReason, word, why) => {
  it.each(['waiting', 'scan', 'reason'] as const)('does not wait when its phase is %s', (is) => {
    for (const run of [RUNNING, AT_REST]) {
      const message = said({ is }, { ...run, waitReason });
      expect(message).toMatchObject({ kind: 'waiting', word });
      expect(message.sentence).toMatch(why);
    }
  });

  it('that failed says why it is not loaded, and names no button', () => {
    const failure = { code: 'status-word', command: 'IMPORTKEY', statusWord: 0x6985 } as const;
    const message = said({ is: 'failed', failure }, { ...AT_REST, waitReason });
    expect(message.words).toBeUndefined();
    expect(message.sentence).toMatch(/^The challenge was no longer valid\./);
    expect(message.sentence).toMatch(why);
    expect(message.sentence).not.toMatch(/press|again/i);
  });
});

describe('a unit whose outcome is not known', () => {
  const failure = { code: 'device-lost' } as const;
  const unknown = { phase: { is: 'unknown', failure, attempt: 1 } };

  it('names the button that checks the outcome, also on an expired order', () => {
    for (const waitReason of [undefined, 'over'] as const) {
      const { sentence } = said({ is: 'unknown', failure }, { ...AT_REST, waitReason }, unknown);
      expect(sentence).toBe('The key may or may not be stored. Press “Check outcome”.');
    }
  });

  it('must be checked after the operator has left the order, once the AS has ended it', () => {
    const { sentence } = said({ is: 'unknown', failure }, { ...AT_REST, waitReason: 'closed' }, unknown);
    expect(sentence).toBe('The key may or may not be stored. Leave the order, then press “Check outcome”.');
    const unverified = { phase: { is: 'unverified', failure, attempt: 1 }, attached: false };
    expect(said({ is: 'unknown', failure }, { ...AT_REST, waitReason: 'closed' }, unverified).sentence).toBe(
      'The key is stored, but the AS has not confirmed it. Leave the order, then press “Ask AS again”.',
    );
  });
});

describe('the remedy for a unit that failed', () => {
  it.each([
    ['link-timeout', { is: 'unread' }, 'press “Read again”'],
    ['service-failed', { is: 'failed' }, 'press “Load again”'],
    ['unit-elsewhere', { is: 'unread' }, 'Use the unit here'],
  ] as const)('of %s in a lane that is %j names the button of the lane', (code, phase, button) => {
    const failure = { code };
    const message = said({ is: 'failed', failure }, RUNNING, { phase: { ...phase, failure } });
    expect(message.words?.remedy).toContain(button);
  });

  it('is to set the unit aside, because an order permits no other key or slot', () => {
    for (const code of ['slot-unknown', 'key-unknown', 'slot-not-permitted', 'not-on-order'] as const) {
      const { words } = said({ is: 'failed', failure: { code } }, RUNNING);
      expect(words).toMatchObject({ aside: true, helper: 'custodian' });
      expect(words?.remedy).toBe('Set this unit aside and tell your custodian');
    }
  });
});

describe('a complete order', () => {
  it('asks to close the order, not for more units', () => {
    expect(stateWords(RUNNING, { isComplete: true })).toEqual({
      word: 'Complete',
      sentence: 'Every unit is done. Close the order.',
    });
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

  it('names the button that continues the order', () => {
    const state = { is: 'halted', failures: 1, failure: { code: 'service-unreachable' } } as const;
    expect(stateWords({ state, waitReason: undefined }).sentence).toMatch(/^Check the network, then press “Go on”\./);
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
