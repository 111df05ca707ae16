// The look of a site: its mark and its accent, and the rules that keep them readable on the page
// (docs/site-file.md).

/** Bounds of the mark in bytes. The smallest PNG has 67 bytes. */
export const MIN_MARK_BYTES = 67;
export const MAX_MARK_BYTES = 16_384;
/** Bounds of the width and height of the mark in pixels. */
const MIN_MARK_SIDE = 16;
const MAX_MARK_SIDE = 512;
/** Signature, then length and name of the chunk that has the dimensions (PNG clauses 5.2 and 11.2.2). */
const PNG_START = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];
const DIMENSIONS_END = 24;

/** The backgrounds on which the page shows the accent: --paper and --surface of tokens.css. */
export const BACKGROUNDS = {
  light: ['#f2f3ef', '#fcfcfa'],
  dark: ['#111517', '#191f22'],
} as const;
/** Minimum contrast of a graphical object (WCAG 2.2, success criterion 1.4.11). */
const MIN_CONTRAST = 3;

/**
 * Returns what is wrong with the mark, as a predicate such as "is not a PNG image"; undefined if
 * nothing is wrong.
 */
export function findMarkFault(mark: Uint8Array): string | undefined {
  if (mark.length > MAX_MARK_BYTES) return `has ${mark.length} bytes. At most ${MAX_MARK_BYTES} are permitted`;
  if (mark.length < MIN_MARK_BYTES || PNG_START.some((byte, at) => mark[at] !== byte)) return 'is not a PNG image';
  const view = new DataView(mark.buffer, mark.byteOffset, DIMENSIONS_END);
  const [width, height] = [view.getUint32(DIMENSIONS_END - 8), view.getUint32(DIMENSIONS_END - 4)];
  if (Math.min(width, height) >= MIN_MARK_SIDE && Math.max(width, height) <= MAX_MARK_SIDE) return undefined;
  return `has ${width} × ${height} pixels. Each side must have ${MIN_MARK_SIDE} to ${MAX_MARK_SIDE}`;
}

/**
 * Returns what is wrong with the accent, as a predicate with both ratios; undefined if its contrast
 * is sufficient in both themes. `accent` has the form #RRGGBB.
 */
export function findAccentFault(accent: string): string | undefined {
  for (const [theme, advice] of [
    ['light', 'darker'],
    ['dark', 'lighter'],
  ] as const) {
    const contrast = Math.min(...BACKGROUNDS[theme].map((background) => contrastOf(accent, background)));
    if (contrast >= MIN_CONTRAST) continue;
    // Rounded down, so that no insufficient ratio is printed as a sufficient one.
    const ratio = (Math.floor(contrast * 100) / 100).toFixed(2);
    return `has a contrast of ${ratio}:1 with the background of the ${theme} theme. It needs ${MIN_CONTRAST}:1. Choose a ${advice} colour`;
  }
  return undefined;
}

/** The contrast ratio of WCAG 2.2, from 1 to 21. */
export function contrastOf(first: string, second: string): number {
  const [dark = 0, light = 0] = [luminanceOf(first), luminanceOf(second)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The relative luminance of WCAG 2.2. */
function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
