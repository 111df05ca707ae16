// Detects that the operator has left: for some minutes there was no input, no unit was attached,
// and no load ended. A hidden tab has a shorter limit. The caller then locks an unlocked vault.

export interface Presence {
  readonly visibilityState: DocumentVisibilityState;
  addEventListener(type: string, listener: () => void, options?: { signal?: AbortSignal; capture?: boolean }): void;
}

/**
 * Activity of the station. Counts as input, because in a hands-free run the operator only plugs in
 * and unplugs units.
 */
export interface StationActivity {
  /** Whether a load is in progress. */
  readonly isBusy: () => boolean;
  /**
   * Calls `listener` when a unit is attached and when a load ends. Returns a function that
   * unsubscribes.
   */
  readonly subscribe: (listener: () => void) => () => void;
}

export interface IdleLimits {
  /** Time without activity in a visible tab, in milliseconds. */
  readonly idleMs: number;
  /** Time without activity in a hidden tab, in milliseconds. */
  readonly hiddenMs: number;
}

export const IDLE_LIMITS: IdleLimits = { idleMs: 10 * 60_000, hiddenMs: 5 * 60_000 };

const INPUT_EVENTS = ['pointerdown', 'keydown', 'wheel', 'touchstart'];

/** Calls `onIdle` once, and never during a load. Returns a function that stops the detection. */
export function watchInactivity(
  page: Presence,
  { idleMs, hiddenMs }: IdleLimits,
  { isBusy, subscribe }: StationActivity,
  onIdle: (why: 'idle' | 'hidden') => void,
  now: () => Date,
): () => void {
  const stopped = new AbortController();
  const { signal } = stopped;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let why: 'idle' | 'hidden';
  let deadline: number;
  const restart = (): void => {
    clearTimeout(timer);
    why = page.visibilityState === 'hidden' ? 'hidden' : 'idle';
    const limit = why === 'hidden' ? hiddenMs : idleMs;
    deadline = now().getTime() + limit;
    timer = setTimeout(expire, limit);
  };
  const expire = (): void => {
    if (isBusy()) {
      restart();
      return;
    }
    stop();
    onIdle(why);
  };
  /** Timers stop while the computer sleeps, so activity may come after the deadline. */
  const noteActivity = (): void => (now().getTime() < deadline ? restart() : expire());
  const stop = (): void => {
    clearTimeout(timer);
    stopped.abort();
    unsubscribe();
  };
  for (const event of INPUT_EVENTS) page.addEventListener(event, noteActivity, { signal, capture: true });
  page.addEventListener('visibilitychange', noteActivity, { signal });
  const unsubscribe = subscribe(noteActivity);
  restart();
  return stop;
}
