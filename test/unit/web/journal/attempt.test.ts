import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import type { Step } from '#protocol/provisioning/step.ts';
import { entryOf, outcomeOf, type StepBody } from '#web/journal/attempt.ts';
import { INTERRUPTION, LOST, NOT_IMPORTED, RECEIPT, refused, STEPS, SUMMARY } from './records.ts';

const BEFORE_IMPORT = STEPS.slice(0, 3);
const IMPORTING = STEPS.slice(0, 4);
const IMPORTED = STEPS.slice(0, 5);

describe('the outcome of an attempt', () => {
  it('is running until something ends it', () => {
    expect(outcomeOf([])).toBe('running');
    expect(outcomeOf(IMPORTED)).toBe('running');
  });

  it('is done with the verdict of the AS', () => {
    expect(outcomeOf(STEPS)).toBe('done');
  });

  it('is failed when it ended before the import was begun', () => {
    for (const end of [INTERRUPTION, LOST, refused('GET CHALLENGE', 0x6985)]) {
      expect(outcomeOf([end])).toBe('failed');
      expect(outcomeOf([...BEFORE_IMPORT, end])).toBe('failed');
    }
  });

  it('is unknown when it ended while the import was under way', () => {
    expect(outcomeOf([...IMPORTING, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...IMPORTING, LOST])).toBe('unknown');
  });

  it.each([
    0x6700, 0x6883, 0x6884, 0x6982, 0x6985, 0x6988, 0x6a80, 0x6a84, 0x6a88, 0x6d00, 0x6e00, 0x9401, 0x9402, 0x6400,
  ])('is failed when the unit refused the import with %i', (statusWord) => {
    expect(outcomeOf([...IMPORTING, refused('IMPORTKEY', statusWord)])).toBe('failed');
  });

  it.each([0x6581, 0x6500, 0x6f00, 0x6281, 0x6300, 0x9000, 0x9100])(
    'is unknown after %i, which does not say that nothing was written',
    (statusWord) => {
      expect(outcomeOf([...IMPORTING, refused('IMPORTKEY', statusWord)])).toBe('unknown');
    },
  );

  it('stays unknown when only the question for the receipt was refused', () => {
    expect(outcomeOf([...IMPORTING, LOST, refused('GET RECEIPT', 0x6e00)])).toBe('unknown');
  });

  it('is unverified when the receipt is there and the verdict is not', () => {
    expect(outcomeOf([...IMPORTED, INTERRUPTION])).toBe('unverified');
    expect(outcomeOf([...IMPORTED, LOST])).toBe('unverified');
  });

  it('is settled later by the receipt, by its verdict, or by its absence', () => {
    const [, , , , imported, verified] = STEPS;
    if (!imported || !verified) throw new Error('no steps');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, imported])).toBe('unverified');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, imported, LOST, verified])).toBe('done');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, NOT_IMPORTED])).toBe('failed');
  });
});

describe('the outcome of an attempt whose import follows upon the export', () => {
  const [challenge, , exported, importing] = STEPS;
  if (!challenge || !exported || !importing) throw new Error('no steps');
  const asked: StepBody[] = [challenge, { step: 'export', state: 'intended', suite: 1, thenImport: true }];

  it('is unknown when the page went away once the AS was asked: the key may be in', () => {
    expect(outcomeOf([...asked, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...asked, exported, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...asked, INTERRUPTION, LOST])).toBe('unknown');
  });

  it('is failed where a page that lived says that nothing was sent', () => {
    expect(outcomeOf([...asked, LOST])).toBe('failed');
    expect(outcomeOf([...asked, LOST, INTERRUPTION])).toBe('failed');
    expect(outcomeOf([...asked, exported, LOST])).toBe('failed');
  });

  it('is settled by the receipt or its absence', () => {
    expect(outcomeOf([...asked, INTERRUPTION, NOT_IMPORTED])).toBe('failed');
    expect(outcomeOf([...asked, INTERRUPTION, ...STEPS.slice(2)])).toBe('done');
  });
});

describe('the entry of a step', () => {
  it('says which side of the step it is and keeps what settling needs', () => {
    const receipt = {} as Extract<Step, { step: 'imported' }>['receipt'];
    const steps: Step[] = [
      { step: 'challenge', suite: 1 },
      { step: 'export-intended', suite: 1 },
      { step: 'exported', export: SUMMARY },
      { step: 'import-intended', export: SUMMARY },
      { step: 'imported', receiptBytes: fromHex('5A'.repeat(64)), receipt },
      { step: 'verified', verdict: { time: '2026-01-02T03:04:05Z', envelope: '{}' } },
    ];
    expect(steps.map(entryOf)).toEqual(STEPS);
    expect(RECEIPT).toHaveLength(64);
  });
});
