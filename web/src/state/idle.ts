// When nobody is there: no key and no pointer for a while, or the page out of sight for longer. Is handed the page and the clock's waits.

export interface Presence {
  readonly visibilityState: DocumentVisibilityState;
  addEventListener(type: string, listener: () => void, options?: { signal?: AbortSignal; capture?: boolean }): void;
}

export interface IdleLimits {
  readonly idleMs: number;
  readonly hiddenMs: number;
}

export const IDLE_LIMITS: IdleLimits = { idleMs: 10 * 60_000, hiddenMs: 5 * 60_000 };

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'];

/** Calls `onIdle` once, unless it is undone before; never while `isBusy`. Returns its undoing. */
export function watchIdle(
  page: Presence,
  { idleMs, hiddenMs }: IdleLimits,
  isBusy: () => boolean,
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
  };
  for (const sign of SIGNS) page.addEventListener(sign, wait, { signal, capture: true });
  page.addEventListener('visibilitychange', wait, { signal });
  wait();
  return undo;
}
