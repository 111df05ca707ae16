// What keeps the order board steady under the hands of the operator: the focus stays in its lane
// when the lanes are rearranged, and no lane moves while the operator points at the board.

/** Time after the last movement of the pointer during which no lane moves. */
const CALM_MS = 1_000;

/**
 * Returns the focus to its control after the control was moved. When the control is gone, the
 * heading of its lane takes the focus, or that of the lane that follows.
 */
export function keepFocusInLane(board: HTMLElement): () => void {
  let focused: { readonly control: HTMLElement; readonly lane: HTMLElement; readonly index: number } | undefined;
  const lanes = (): readonly HTMLElement[] => [...board.querySelectorAll('article')];

  function remember({ target }: FocusEvent): void {
    const lane = target instanceof HTMLElement ? target.closest('article') : null;
    focused = lane ? { control: target as HTMLElement, lane, index: lanes().indexOf(lane) } : undefined;
  }

  /** The operator has moved the focus away, unless it is back in the next turn. */
  function forget(): void {
    setTimeout(() => {
      if (!board.contains(document.activeElement)) focused = undefined;
    });
  }

  function restore(): void {
    if (!focused) return;
    const { control, lane, index } = focused;
    const { activeElement, body } = document;
    const isUsable = control.isConnected && !control.matches(':disabled');
    if (activeElement !== body && (activeElement !== control || isUsable)) return;
    const near = lane.isConnected ? lane : (lanes()[index] ?? lanes().at(-1));
    const next = isUsable ? control : near?.querySelector<HTMLElement>('h2');
    next?.focus({ preventScroll: true });
    if (next?.matches(':focus-visible')) near?.scrollIntoView({ block: 'nearest' });
  }

  const observer = new MutationObserver(restore);
  observer.observe(board, { childList: true, subtree: true, attributeFilter: ['disabled'] });
  const stop = new AbortController();
  board.addEventListener('focusin', remember, stop);
  board.addEventListener('focusout', forget, stop);
  return () => {
    observer.disconnect();
    stop.abort();
  };
}

/**
 * Reports whether the lanes must stay where they are: a finger or button is down, the pointer has
 * moved in the last second, or the operator types.
 */
export function watchHands(onChange: (areOn: boolean) => void): (board: HTMLElement) => () => void {
  return (board) => {
    let isPressed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isTyping = (): boolean =>
      board.contains(document.activeElement) && document.activeElement?.matches('input') === true;

    function wait(): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (isPressed || isTyping()) wait();
        else onChange(false);
      }, CALM_MS);
    }

    function touch({ type }: Event): void {
      if (type === 'focusin' && !isTyping()) return;
      isPressed ||= type === 'pointerdown';
      onChange(true);
      wait();
    }

    function release(): void {
      isPressed = false;
    }

    const stop = new AbortController();
    for (const type of ['pointerdown', 'pointermove', 'focusin']) board.addEventListener(type, touch, stop);
    for (const type of ['pointerup', 'pointercancel']) addEventListener(type, release, stop);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  };
}
