// What belongs to the page and to no unit: shortcuts, the clipboard, and whether the page itself has a fault.

const SHORTCUTS = 'keyferry.shortcuts';

type Kept = Pick<Storage, 'getItem' | 'setItem'>;

export class Desk {
  /** Single keys act only while this is on (WCAG 2.1.4: speech users may turn them off). */
  shortcuts = $state(true);
  /** Something went wrong that no code stands for: the page should be reloaded. */
  broken = $state(false);

  /** Another tab runs a newer version of this page. */
  superseded = $state(false);

  /** A part of the page was asked for and could not be fetched. */
  cutOff = $state(false);

  readonly copy: (text: string) => Promise<void>;
  /** The screen stays on while this was last called with true. */
  readonly keepAwake: (wanted: boolean) => void;
  readonly #kept: Kept;

  constructor({ copy, keepAwake, kept }: Pick<Desk, 'copy' | 'keepAwake'> & { readonly kept: Kept }) {
    this.copy = copy;
    this.keepAwake = keepAwake;
    this.#kept = kept;
    this.shortcuts = kept.getItem(SHORTCUTS) !== 'off';
  }

  toggleShortcuts(): void {
    this.shortcuts = !this.shortcuts;
    this.#kept.setItem(SHORTCUTS, this.shortcuts ? 'on' : 'off');
  }
}
