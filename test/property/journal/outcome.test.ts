import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTERRUPTION, LOST, NOT_IMPORTED, refused, STEPS } from '#test/unit/web/journal/records.ts';
import { outcomeOf, type StepBody } from '#web/journal/attempt.ts';

/** Generates the last step of a load, or of a later try to settle the load. */
const end = fc.oneof(
  fc.constant<StepBody>(INTERRUPTION),
  fc.constant<StepBody>(LOST),
  fc.integer({ min: 0x6000, max: 0x9fff }).map((statusWord) => refused('GET RECEIPT', statusWord)),
);
const cut = fc.tuple(fc.integer({ min: 0, max: STEPS.length }), end).map(([count, last]) => ({ count, last }));

describe('the outcome of any prefix of steps', () => {
  it('is "done" or "unverified" only with a receipt, and "failed" only before the import', () => {
    fc.assert(
      fc.property(cut, ({ count, last }) => {
        const outcome = outcomeOf([...STEPS.slice(0, count), last]);
        // Whether the key may be in the unit, is in the unit, and has a verdict after these steps.
        const mayBeIn = count >= 4;
        const isIn = count >= 5;
        const isProven = count === STEPS.length;
        expect(outcome === 'done').toBe(isProven);
        expect(outcome === 'unverified').toBe(isIn && !isProven);
        expect(outcome === 'unknown').toBe(mayBeIn && !isIn);
        expect(outcome === 'failed').toBe(!mayBeIn);
      }),
    );
  });

  it('is "running" as long as no step has ended the load', () => {
    for (let count = 0; count < STEPS.length; count++) expect(outcomeOf(STEPS.slice(0, count))).toBe('running');
  });

  it('does not change when the load cannot be settled', () => {
    fc.assert(
      fc.property(cut, fc.array(end, { maxLength: 5 }), ({ count, last }, tries) => {
        const before = [...STEPS.slice(0, count), last];
        expect(outcomeOf([...before, ...tries])).toBe(outcomeOf(before));
      }),
    );
  });

  it('does not change once it is "done" or "failed"', () => {
    fc.assert(
      fc.property(cut, fc.constantFrom<StepBody>(INTERRUPTION, LOST, NOT_IMPORTED), ({ count, last }, more) => {
        const before = [...STEPS.slice(0, count), last];
        const outcome = outcomeOf(before);
        if (outcome === 'done' || outcome === 'failed') expect(outcomeOf([...before, more])).toBe(outcome);
      }),
    );
  });
});
