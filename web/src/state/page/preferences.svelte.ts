// Settings of the operator in this browser, and browser functions that several views use.

const SHORTCUTS = 'keyferry.shortcuts';

export interface PreferencesOptions {
  /** Settings of this browser. */
  readonly settings: Pick<Storage, 'getItem' | 'setItem'>;
  /** Copies a text to the clipboard. */
  readonly copy: (text: string) => Promise<void>;
  /** Keeps the screen on until the next call with false. */
  readonly keepAwake: (isWanted: boolean) => void;
}

export class Preferences {
  #brand = $state('Keyferry');
  #hasShortcuts = $state(true);
  readonly copy: PreferencesOptions['copy'];
  readonly keepAwake: PreferencesOptions['keepAwake'];
  readonly #settings: PreferencesOptions['settings'];

  constructor({ settings, copy, keepAwake }: PreferencesOptions) {
    this.copy = copy;
    this.keepAwake = keepAwake;
    this.#settings = settings;
    this.#hasShortcuts = settings.getItem(SHORTCUTS) !== 'off';
  }

  /** Name of the company or site. If the site file has none, the name of the product. */
  get brand(): string {
    return this.#brand;
  }

  setBrand(name: string | null): void {
    this.#brand = name ?? 'Keyferry';
  }

  /**
   * Whether single-key shortcuts are on. Speech users must be able to turn them off (WCAG 2.1.4).
   */
  get hasShortcuts(): boolean {
    return this.#hasShortcuts;
  }

  toggleShortcuts(): void {
    this.#hasShortcuts = !this.#hasShortcuts;
    this.#settings.setItem(SHORTCUTS, this.#hasShortcuts ? 'on' : 'off');
  }
}
