// Opens the page that reads a label with the camera, and receives the label. The page of the order
// itself may not use the camera (docs/adr/0060).
import { pageIn } from '../../text/languages.ts';
import { pageLanguage } from '../../text/t.ts';

/** Browsers show the page in a small window on a computer, and as a tab on a phone. */
const FEATURES = 'popup,width=560,height=680';

export class CameraWindow {
  readonly #onLabel: (label: string) => void;
  #opened: Window | null = null;

  constructor(onLabel: (label: string) => void) {
    this.#onLabel = onLabel;
  }

  /** Returns false if the browser has blocked the window. Needs a user gesture. */
  open(): boolean {
    this.#opened = window.open(pageIn('label.html', pageLanguage()), 'keyferry-label', FEATURES);
    this.#opened?.focus();
    return this.#opened !== null;
  }

  /** Takes a message of the opened window. Ignores messages of all others. */
  receive({ source, origin, data }: MessageEvent): void {
    if (source === null || source !== this.#opened || origin !== location.origin) return;
    const { label } = data as { readonly label?: unknown };
    if (typeof label === 'string') this.#onLabel(label);
  }

  close(): void {
    this.#opened?.close();
  }
}
