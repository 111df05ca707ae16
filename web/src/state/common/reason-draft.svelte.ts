// The reason that the operator is typing. Kept outside the components, so that the text is not lost
// when the layout or the view changes.
import { type EnteredText, readReason } from './entered-text.ts';

export class ReasonDraft {
  #typed = $state('');
  #isSettingAside = $state(false);

  /** The text as the operator typed it. */
  get typed(): string {
    return this.#typed;
  }

  get entered(): EnteredText {
    return readReason(this.#typed);
  }

  /** Whether the form for setting the unit aside is open. */
  get isSettingAside(): boolean {
    return this.#isSettingAside;
  }

  type(text: string): void {
    this.#typed = text;
  }

  startSettingAside(): void {
    this.#isSettingAside = true;
  }

  /** Empties the form and closes it. */
  clear(): void {
    this.#typed = '';
    this.#isSettingAside = false;
  }
}
