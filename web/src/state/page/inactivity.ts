// When nobody is there: no key, no pointer and no unit that comes or is done with for a while; less long while the page is out of sight. Is
// handed the page and what goes on at the bench.

export interface Presence {
  readonly visibilityState: DocumentVisibilityState;
  addEventListener(type: string, listener: () => void, options?: { signal?: AbortSignal; capture?: boolean }): void;
}

/** Whoever works hands-free touches nothing but the units. */
export interface Work {
  readonly isBusy: () => boolean;
  /** Tells whenever a unit comes or what was done to one has ended, until its undoing is called. */
  readonly onSign: (listener: () => void) => () => void;
}

export interface IdleLimits {
  readonly idleMs: number;
  readonly hiddenMs: number;
}

export const IDLE_LIMITS: IdleLimits = { idleMs: 10 * 60_000, hiddenMs: 5 * 60_000 };

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'];

/** Calls `onIdle` once, unless it is undone before; never while work is under way. Returns its undoing. */
export function watchInactivity(
  page: Presence,
  { idleMs, hiddenMs }: IdleLimits,
  { isBusy, onSign }: Work,
  onIdle: (why: 'idle' | 'hidden') => void,
): () => void {
  const undone = new AbortController();
  const { signal } = undone;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    const hidden = page.visibilityState === 'hidden';
    timer = setTimeout(() => end(hidden ? 'hidden' : 'idle'), hidden ? hiddenMs : idleMs);
  };
  const end = (why: 'idle' | 'hidden'): void => {
    if (isBusy()) {
      wait();
      return;
    }
    undo();
    onIdle(why);
  };
  const undo = (): void => {
    clearTimeout(timer);
    undone.abort();
    unheard();
  };
  for (const sign of SIGNS) page.addEventListener(sign, wait, { signal, capture: true });
  page.addEventListener('visibilitychange', wait, { signal });
  const unheard = onSign(wait);
  wait();
  return undo;
}
