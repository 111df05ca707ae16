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

  function withSound() {
    const tones: { pitch: number; start: number; stop: number; gains: (readonly [number, number])[] }[] = [];
    let contexts = 0;
    const sound = () => {
      contexts++;
      const tone = () => tones.at(-1) ?? expect.fail('no tone');
      const note = (value: number, at: number): void => void tone().gains.push([value, at]);
      return {
        currentTime: 10,
        destination: 'speakers',
        createOscillator: () => {
          tones.push({ pitch: 0, start: 0, stop: 0, gains: [] });
          const own = tone();
          return {
            frequency: {
              set value(pitch: number) {
                own.pitch = pitch;
              },
            },
            connect: (node: unknown) => node,
            start: (at: number) => {
              own.start = at;
            },
            stop: (at: number) => {
              own.stop = at;
            },
          };
        },
        createGain: () => ({
          gain: { setValueAtTime: note, linearRampToValueAtTime: note },
          connect: (to: unknown) => expect(to).toBe('speakers'),
        }),
      } as unknown as AudioContext;
    };
    return { tones, sound, contexts: () => contexts };
  }

  it('plays two rising tones for done and three falling ones for failed, each without a click', () => {
    const { tones, sound, contexts } = withSound();
    const feedback = new Feedback({
      sound,
      isActivated: () => true,
      vibrate: () => undefined,
      settings: settings(null),
    });
    feedback.give('done');
    expect(tones.map(({ pitch }) => pitch)).toEqual([880, 1320]);
    feedback.give('failed');
    expect(tones.slice(2).map(({ pitch }) => pitch)).toEqual([233, 233, 196]);
    expect(contexts()).toBe(1);
    let end = 10;
    for (const [index, { start, stop, gains }] of tones.entries()) {
      if (index === 2) end = 10;
      expect(start).toBeGreaterThanOrEqual(end);
      expect(stop - start).toBeGreaterThan(0.08);
      expect(stop - start).toBeLessThan(0.3);
      expect(gains.map(([gain]) => gain)).toEqual([0, 0.2, 0.2, 0]);
      const times = gains.map(([, at]) => at);
      expect([times[0], times[3]]).toEqual([start, stop]);
      expect([times[1], times[2]].map((at) => Number(at?.toFixed(3)))).toEqual(
        [start + 0.012, stop - 0.012].map((at) => Number(at.toFixed(3))),
      );
      end = stop;
    }
  });

  it('stores whether it is on, and is heard when it is turned on', () => {
    const stored: string[][] = [];
    const vibrations: number[][] = [];
    const feedback = new Feedback({
      ...{ sound: () => undefined, isActivated: () => true, vibrate: (pattern) => void vibrations.push(pattern) },
      settings: { getItem: () => null, setItem: (...pair) => void stored.push(pair) },
    });
    expect(feedback.isOn).toBe(true);
    feedback.toggle();
    expect(vibrations).toEqual([]);
    feedback.toggle();
    expect(vibrations).toEqual([[80]]);
    expect(stored).toEqual([
      ['keyferry.sound', 'off'],
      ['keyferry.sound', 'on'],
    ]);
    feedback.give('failed');
    expect(vibrations[1]).toEqual([250, 100, 250]);
  });
});
