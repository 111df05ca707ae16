// Keeps the keyboard focus near an element that an update has removed.
import { tick } from 'svelte';

/** After the pending update, moves a lost focus to the element that `find` returns. */
export async function keepFocus(find: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement === document.body) find()?.focus();
}
