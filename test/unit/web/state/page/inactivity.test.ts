// Detects that the operator is absent, after a time without input. The time is shorter in a hidden
// tab. During a load, the operator never counts as absent.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IDLE_LIMITS, watchInactivity } from '#web/state/page/inactivity.ts';

const LIMITS = { idleMs: 10_000, hiddenMs: 5_000 };

class TestPage extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  setVisibility(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function watched() {
  const page = new TestPage();
  const seen: string[] = [];
  const state = { busy: false };
  const listeners = new Set<() => void>();
  const stop = watchInactivity(
    page,
    LIMITS,
    {
      isBusy: () => state.busy,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    (why) => seen.push(why),
    () => new Date(),
  );
  const reportActivity = (): void => {
    for (const listener of listeners) listener();
  };
  return { page, seen, state, stop, reportActivity, listeners };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the inactivity detection', () => {
  it('reports idle only once, after the time limit without input', () => {
    const { page, seen, reportActivity, listeners } = watched();
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(['idle']);
    page.dispatchEvent(new Event('keydown'));
    page.setVisibility('hidden');
    reportActivity();
    expect(listeners.size).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(['idle']);
  });

  it('restarts at every key, click, wheel and touch', () => {
    const { page, seen } = watched();
    for (const event of ['keydown', 'pointerdown', 'wheel', 'touchstart']) {
      vi.advanceTimersByTime(9_000);
      page.dispatchEvent(new Event(event));
    }
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['idle']);
  });

  it('is after 10 minutes, and after 5 in a hidden tab', () => {
    expect(IDLE_LIMITS).toEqual({ idleMs: 600_000, hiddenMs: 300_000 });
  });

  it('reports idle earlier in a hidden tab', () => {
    const { page, seen } = watched();
    page.setVisibility('hidden');
    vi.advanceTimersByTime(5_000);
    expect(seen).toEqual(['hidden']);
  });

  it('restarts when the tab becomes visible before the time limit', () => {
    const { page, seen } = watched();
    page.setVisibility('hidden');
    vi.advanceTimersByTime(4_999);
    page.setVisibility('visible');
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
  });

  it.each(['keydown', 'visibilitychange'])('counts the time in which the computer slept: %s', (event) => {
    const { page, seen } = watched();
    vi.setSystemTime(Date.now() + 9_999);
    page.dispatchEvent(new Event('touchstart'));
    expect(seen).toEqual([]);
    vi.setSystemTime(Date.now() + 10_000);
    page.dispatchEvent(new Event(event));
    expect(seen).toEqual(['idle']);
  });

  it('waits for the end of a load', () => {
    const { seen, state } = watched();
    state.busy = true;
    vi.advanceTimersByTime(25_000);
    expect(seen).toEqual([]);
    state.busy = false;
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual(['idle']);
  });

  it('restarts at each activity of the station, even in a hidden tab', () => {
    const { page, seen, reportActivity } = watched();
    vi.advanceTimersByTime(9_000);
    reportActivity();
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    page.setVisibility('hidden');
    vi.advanceTimersByTime(4_000);
    reportActivity();
    vi.advanceTimersByTime(4_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['hidden']);
  });

  it('reports nothing after it is stopped', () => {
    const { page, seen, stop, reportActivity, listeners } = watched();
    stop();
    page.dispatchEvent(new Event('keydown'));
    reportActivity();
    expect(listeners.size).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual([]);
  });
});
