import { describe, expect, it } from 'vitest';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import type { Step } from '#protocol/provisioning/step.ts';
import { entryOf, outcomeOf, type StepBody } from '#web/journal/attempt.ts';
import { INTERRUPTION, LOST, NOT_IMPORTED, RECEIPT, refused, STEPS, SUMMARY } from './records.ts';

const BEFORE_IMPORT = STEPS.slice(0, 3);
const IMPORTING = STEPS.slice(0, 4);
const IMPORTED = STEPS.slice(0, 5);
const named = (statusWord: number): [string, number] => [hexNumber(statusWord, 4), statusWord];

describe('the outcome of an attempt', () => {
  it('is "running" until a verdict, a failure or an interruption is recorded', () => {
    expect(outcomeOf([])).toBe('running');
    expect(outcomeOf(IMPORTED)).toBe('running');
  });

  it('is "done" when the verdict of the AS is recorded', () => {
    expect(outcomeOf(STEPS)).toBe('done');
  });

  it('is "failed" if the attempt ended before the import', () => {
    for (const end of [INTERRUPTION, LOST, refused('GET CHALLENGE', 0x6985)]) {
      expect(outcomeOf([end])).toBe('failed');
      expect(outcomeOf([...BEFORE_IMPORT, end])).toBe('failed');
    }
  });

  it('is "unknown" if the attempt ended during the import', () => {
    expect(outcomeOf([...IMPORTING, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...IMPORTING, LOST])).toBe('unknown');
  });

  it.each(
    [
      0x6700, 0x6883, 0x6884, 0x6982, 0x6985, 0x6988, 0x6a80, 0x6a84, 0x6a88, 0x6d00, 0x6e00, 0x9401, 0x9402, 0x6400,
    ].map(named),
  )('is "failed" when the unit refuses the import with %s', (_, statusWord) => {
    expect(outcomeOf([...IMPORTING, refused('IMPORTKEY', statusWord)])).toBe('failed');
  });

  it.each([0x6581, 0x6500, 0x6f00, 0x6281, 0x6300, 0x9000, 0x9100, 0x6140, 0x6100, 0x6c40].map(named))(
    'is unknown after %s, which does not mean that memory is unchanged',
    (_, statusWord) => {
      expect(outcomeOf([...IMPORTING, refused('IMPORTKEY', statusWord)])).toBe('unknown');
    },
  );

  it('remains "unknown" when GET RECEIPT is refused', () => {
    expect(outcomeOf([...IMPORTING, LOST, refused('GET RECEIPT', 0x6e00)])).toBe('unknown');
  });

  it('is "unverified" if a receipt is recorded but no verdict', () => {
    expect(outcomeOf([...IMPORTED, INTERRUPTION])).toBe('unverified');
    expect(outcomeOf([...IMPORTED, LOST])).toBe('unverified');
  });

  it('changes when a later receipt, its verdict, or its absence is recorded', () => {
    const [, , , , imported, verified] = STEPS;
    if (!imported || !verified) throw new Error('no steps');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, imported])).toBe('unverified');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, imported, LOST, verified])).toBe('done');
    expect(outcomeOf([...IMPORTING, INTERRUPTION, NOT_IMPORTED])).toBe('failed');
  });
});

describe('the outcome of an attempt whose export step says that the import follows', () => {
  const [challenge, , exported, importing] = STEPS;
  if (!challenge || !exported || !importing) throw new Error('no steps');
  const exporting: StepBody[] = [challenge, { step: 'export', state: 'intended', suite: 1, thenImport: true }];

  it('is "unknown" after an interruption, because the key may be in the unit', () => {
    expect(outcomeOf([...exporting, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...exporting, exported, INTERRUPTION])).toBe('unknown');
    expect(outcomeOf([...exporting, INTERRUPTION, LOST])).toBe('unknown');
  });

  it('is "failed" when the page recorded a failure before the import', () => {
    expect(outcomeOf([...exporting, LOST])).toBe('failed');
    expect(outcomeOf([...exporting, LOST, INTERRUPTION])).toBe('failed');
    expect(outcomeOf([...exporting, exported, LOST])).toBe('failed');
  });

  it('changes when a later receipt or its absence is recorded', () => {
    expect(outcomeOf([...exporting, INTERRUPTION, NOT_IMPORTED])).toBe('failed');
    expect(outcomeOf([...exporting, INTERRUPTION, ...STEPS.slice(2)])).toBe('done');
  });
});

describe('entryOf', () => {
  it('returns the journal entry of each step, with its state and the data for settling', () => {
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

  it('has no verdict if a token verified the receipt', () => {
    const entry = entryOf({ step: 'verified', verdict: { time: '2026-01-02T03:04:05Z' } });
    expect(entry).toStrictEqual({ step: 'verify', state: 'confirmed', time: '2026-01-02T03:04:05Z' });
  });
});
