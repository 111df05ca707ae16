// When nobody is there: a vault locks itself after a while without a touch, sooner out of sight, and never in mid-run.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchInactivity } from '#web/state/page/inactivity.ts';

const LIMITS = { idleMs: 10_000, hiddenMs: 5_000 };

class TestPage extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  turn(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function watched() {
  const page = new TestPage();
  const seen: string[] = [];
  const state = { busy: false };
  const listeners = new Set<() => void>();
  const undo = watchInactivity(
    page,
    LIMITS,
    {
      isBusy: () => state.busy,
      onSign: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    (why) => seen.push(why),
  );
  const work = (): void => {
    for (const listener of listeners) listener();
  };
  return { page, seen, state, undo, work, listeners };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the watch', () => {
  it('ends after the time without a touch, once', () => {
    const { seen } = watched();
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual(['idle']);
  });

  it('begins anew with every key and every touch', () => {
    const { page, seen } = watched();
    for (const sign of ['keydown', 'pointerdown', 'wheel']) {
      vi.advanceTimersByTime(9_000);
      page.dispatchEvent(new Event(sign));
    }
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['idle']);
  });

  it('ends sooner while the page is out of sight', () => {
    const { page, seen } = watched();
    page.turn('hidden');
    vi.advanceTimersByTime(5_000);
    expect(seen).toEqual(['hidden']);
  });

  it('forgives a short look elsewhere', () => {
    const { page, seen } = watched();
    page.turn('hidden');
    vi.advanceTimersByTime(4_999);
    page.turn('visible');
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
  });

  it('waits for the end of a run', () => {
    const { seen, state } = watched();
    state.busy = true;
    vi.advanceTimersByTime(25_000);
    expect(seen).toEqual([]);
    state.busy = false;
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual(['idle']);
  });

  it('begins anew with each unit that comes or is done with, also out of sight', () => {
    const { page, seen, work } = watched();
    vi.advanceTimersByTime(9_000);
    work();
    vi.advanceTimersByTime(9_999);
    expect(seen).toEqual([]);
    page.turn('hidden');
    vi.advanceTimersByTime(4_000);
    work();
    vi.advanceTimersByTime(4_999);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['hidden']);
  });

  it('is over when it is undone', () => {
    const { page, seen, undo, work, listeners } = watched();
    undo();
    page.dispatchEvent(new Event('keydown'));
    work();
    expect(listeners.size).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual([]);
  });
});
