// Keeps a number or a path in the sequence of its characters within a text that is read from right to left.

/** Isolates the text on a page from right to left. Returns it unchanged on other pages. */
export function leftToRight(text: string): string {
  return globalThis.document?.documentElement?.dir === 'rtl' ? `\u2066${text}\u2069` : text;
}
