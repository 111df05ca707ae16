// The words for the slot of a load while the facts of the unit may be outdated.
import { describe, expect, it } from 'vitest';
import { STAGES } from '#web/state/station/stages.ts';
import { slotDoubt } from '#web/ui/messages/lane.ts';

describe('the slot of a load', () => {
  it('is not certain from the import until the AS has verified the receipt', () => {
    const words = STAGES.map((stage) => [stage, slotDoubt({ is: 'running', stage, stopping: false })]);
    expect(Object.fromEntries(words)).toEqual({
      identity: undefined,
      challenge: undefined,
      export: undefined,
      import: 'This slot is being written',
      receipt: 'Not confirmed yet',
    });
    const failure = { code: 'service-unreachable' } as const;
    expect(slotDoubt({ is: 'unverified', failure, attempt: 1 })).toBe('Not confirmed yet');
    expect(slotDoubt({ is: 'unknown', failure, attempt: 1 })).toBe('Not known yet');
    expect(slotDoubt({ is: 'settling' })).toBe('Not known yet');
  });

  it('is what the facts of the unit show otherwise', () => {
    expect(slotDoubt({ is: 'ready' })).toBeUndefined();
    expect(slotDoubt({ is: 'failed', failure: { code: 'no-receipt' }, stage: 'import' })).toBeUndefined();
  });
});
