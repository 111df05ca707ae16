// The sound and the vibration with which the page reports that a unit is done or has failed.
import { describe, expect, it } from 'vitest';
import { Feedback } from '#web/state/page/feedback.svelte.ts';

const settings = (value: string | null) => ({ getItem: () => value, setItem: () => undefined });

describe('the feedback', () => {
  it('vibrates differently for done and failed, but not if it is off or the page is not yet activated', () => {
    const vibrations: number[][] = [];
    let isActivated = false;
    const options = {
      sound: () => undefined,
      isActivated: () => isActivated,
      vibrate: (pattern: number[]) => void vibrations.push(pattern),
      settings: settings(null),
    };
    const feedback = new Feedback(options);
    feedback.give('done');
    expect(vibrations).toEqual([]);
    isActivated = true;
    feedback.give('done');
    feedback.give('failed');
    expect(vibrations).toHaveLength(2);
    expect(vibrations[0]).not.toEqual(vibrations[1]);
    feedback.toggle();
    feedback.give('failed');
    expect(vibrations).toHaveLength(2);
    expect(new Feedback({ ...options, settings: settings('off') }).isOn).toBe(false);
  });
});
