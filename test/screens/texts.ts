// The texts that people enter, short for the screenshots and as long as permitted for the layout
// check.

/** Each function returns the text that takes the place of a short one. */
export interface Texts {
  orderId(short: string): string;
  title(short: string): string;
  reason(short: string): string;
  /** The name of a set, key or operator. */
  label(short: string): string;
  /** A cell of a list. */
  cell(short: string): string;
  fileName(short: string): string;
}

const same = (short: string): string => short;

export const SHORT: Texts = { orderId: same, title: same, reason: same, label: same, cell: same, fileName: same };

/** The maximum lengths in characters (docs/protocol.md clause 6.2), and that of a file name. */
const MAX = { orderId: 64, title: 200, reason: 200, label: 64, cell: 1000, fileName: 120 } as const;

/** The widest letters, one word without a blank, and scripts with other rules for line breaks. */
const FILLERS = [
  'MWMW',
  'Donaudampfschifffahrtsgesellschaftskapitän',
  '安全装置の鍵を検査する',
  'กุญแจของหน่วยรักษาความปลอดภัย',
  'مفتاحالوحدةالأمنية',
  '🔑🧰📟',
  'two words and more ',
] as const;

const fill = (max: number) => (short: string) => {
  const seed = Array.from(short).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0);
  const filler = FILLERS[seed % FILLERS.length] ?? FILLERS[0];
  const text = Array.from(`${short} ${filler.repeat(max)}`)
    .slice(0, max)
    .join('')
    .trimEnd();
  return text.padEnd(max - Array.from(text).length + text.length, '.');
};

export const LONGEST: Texts = {
  orderId: fill(MAX.orderId),
  title: fill(MAX.title),
  reason: fill(MAX.reason),
  label: fill(MAX.label),
  cell: fill(MAX.cell),
  fileName: (short) => fill(MAX.fileName)(short).replaceAll('.', '') + short.slice(short.lastIndexOf('.')),
};
