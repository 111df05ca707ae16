import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTERRUPTION, LOST, NOT_IMPORTED, refused, STEPS } from '#test/unit/web/journal/records.ts';
import { outcomeOf, type StepBody } from '#web/journal/attempt.ts';

/** Ends of a load, and of later tries to settle it. */
const end = fc.oneof(
  fc.constant<StepBody>(INTERRUPTION),
  fc.constant<StepBody>(LOST),
  fc.integer({ min: 0x6000, max: 0x9fff }).map((statusWord) => refused('GET RECEIPT', statusWord)),
);
const cut = fc.tuple(fc.integer({ min: 0, max: STEPS.length }), end).map(([count, last]) => ({ count, last }));

describe('the outcome of any prefix of steps', () => {
  it('is done or unverified only with a receipt, and failed only before the import', () => {
    fc.assert(
      fc.property(cut, ({ count, last }) => {
        const outcome = outcomeOf([...STEPS.slice(0, count), last]);
        // The possible states of the unit after these steps.
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

  it('is running without an end', () => {
    for (let count = 0; count < STEPS.length; count++) expect(outcomeOf(STEPS.slice(0, count))).toBe('running');
  });

  it('does not change after failed tries to settle it', () => {
    fc.assert(
      fc.property(cut, fc.array(end, { maxLength: 5 }), ({ count, last }, tries) => {
        const before = [...STEPS.slice(0, count), last];
        expect(outcomeOf([...before, ...tries])).toBe(outcomeOf(before));
      }),
    );
  });

  it('never changes from done or failed', () => {
    fc.assert(
      fc.property(cut, fc.constantFrom<StepBody>(INTERRUPTION, LOST, NOT_IMPORTED), ({ count, last }, more) => {
        const before = [...STEPS.slice(0, count), last];
        const outcome = outcomeOf(before);
        if (outcome === 'done' || outcome === 'failed') expect(outcomeOf([...before, more])).toBe(outcome);
      }),
    );
  });
});
