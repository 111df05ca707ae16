// Keeps the order board steady while the operator uses it. The focus stays in its lane when the
// lanes are rearranged. No lane moves while the operator types or points at the board.

/** No lane moves until this time has passed after the last movement of the pointer. */
const CALM_MS = 1_000;
/** A text field without input for this time counts as left, so that a failed lane can move. */
const TYPING_MS = 10_000;

/**
 * Moves the focus back to its control after the control was moved. If the control is gone or
 * disabled, the heading of its lane takes the focus. If the lane is gone, the heading of the next
 * lane takes the focus.
 */
export function keepFocusInLane(board: HTMLElement): () => void {
  let focused: { readonly control: HTMLElement; readonly lane: HTMLElement; readonly index: number } | undefined;
  const lanes = (): readonly HTMLElement[] => [...board.querySelectorAll('article')];

  function remember({ target }: FocusEvent): void {
    const lane = target instanceof HTMLElement ? target.closest('article') : null;
    focused = lane ? { control: target as HTMLElement, lane, index: lanes().indexOf(lane) } : undefined;
  }

  /** Called when the focus leaves a control. Forgets the control if the board lost the focus. */
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
 * Reports whether the lanes must stay where they are. They must stay while a finger or button is
 * down, for TYPING_MS after the last input into a field, and for CALM_MS after a pointer movement.
 */
export function watchInput(onChange: (isBusy: boolean) => void): (board: HTMLElement) => () => void {
  return (board) => {
    let isPressed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let typedAt = 0;
    const isInField = (): boolean =>
      board.contains(document.activeElement) && document.activeElement?.matches('input') === true;
    const isTyping = (): boolean => isInField() && performance.now() - typedAt < TYPING_MS;

    function wait(): void {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (isPressed || isTyping()) wait();
        else onChange(false);
      }, CALM_MS);
    }

    function touch({ type }: Event): void {
      if (type === 'focusin' && !isInField()) return;
      if (type === 'focusin' || type === 'input') typedAt = performance.now();
      isPressed ||= type === 'pointerdown';
      onChange(true);
      wait();
    }

    function release(): void {
      isPressed = false;
    }

    const stop = new AbortController();
    for (const type of ['pointerdown', 'pointermove', 'focusin', 'input']) board.addEventListener(type, touch, stop);
    for (const type of ['pointerup', 'pointercancel']) addEventListener(type, release, stop);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  };
}
