// Keeps the keyboard focus near an element that an update has removed.
import { tick } from 'svelte';

/**
 * Waits for the pending update. If the focused element was removed, moves the focus to the element
 * that `find` returns.
 */
export async function keepFocus(find: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement === document.body) find()?.focus();
}
