import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTERRUPTION, LOST, NOT_IMPORTED, refused, STEPS } from '#test/unit/web/journal/records.ts';
import { outcomeOf, type StepBody } from '#web/journal/attempt.ts';

/** A run that was cut at any step by anything, and the tries to settle it, cut in their turn. */
const end = fc.oneof(
  fc.constant<StepBody>(INTERRUPTION),
  fc.constant<StepBody>(LOST),
  fc.integer({ min: 0x6000, max: 0x9fff }).map((statusWord) => refused('GET RECEIPT', statusWord)),
);
const cut = fc.tuple(fc.integer({ min: 0, max: STEPS.length }), end).map(([count, last]) => ({ count, last }));

describe('the outcome of any prefix of steps', () => {
  it('claims that the key is in only where a receipt says so, and that it is out only where it cannot be in', () => {
    fc.assert(
      fc.property(cut, ({ count, last }) => {
        const outcome = outcomeOf([...STEPS.slice(0, count), last]);
        // The truth: what the world may look like when the steps end here.
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

  it('is running as long as nothing has ended the run', () => {
    for (let count = 0; count < STEPS.length; count++) expect(outcomeOf(STEPS.slice(0, count))).toBe('running');
  });

  it('is not changed by failed tries to settle it', () => {
    fc.assert(
      fc.property(cut, fc.array(end, { maxLength: 5 }), ({ count, last }, tries) => {
        const before = [...STEPS.slice(0, count), last];
        expect(outcomeOf([...before, ...tries])).toBe(outcomeOf(before));
      }),
    );
  });

  it('never goes back from done or failed', () => {
    fc.assert(
      fc.property(cut, fc.constantFrom<StepBody>(INTERRUPTION, LOST, NOT_IMPORTED), ({ count, last }, more) => {
        const before = [...STEPS.slice(0, count), last];
        const outcome = outcomeOf(before);
        if (outcome === 'done' || outcome === 'failed') expect(outcomeOf([...before, more])).toBe(outcome);
      }),
    );
  });
});
