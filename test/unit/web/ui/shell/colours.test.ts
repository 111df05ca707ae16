// The colours of docs/design-language.md: the contrast of text on every surface, and of the lane
// states, which must be readable in sunlight.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('web/src/ui/shell/tokens.css', 'utf8');
const themes = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body = '']) =>
  Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex])),
);

function luminance(hex = '#000000'): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Returns the contrast ratio of two colours, as WCAG 2.2 defines it. */
function contrast(one: string | undefined, other: string | undefined): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

const SURFACES = ['paper', 'surface', 'sunken'];
const TINTS = ['accent-tint', 'done-tint', 'failed-tint', 'unknown-tint'];

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('the %s theme', (_name, index) => {
  const theme = themes[index] ?? {};
  const least = (text: string, surfaces: readonly string[]): number =>
    Math.min(...surfaces.map((surface) => contrast(theme[text], theme[surface])));

  it('has readable text on every surface', () => {
    expect(least('ink', [...SURFACES, ...TINTS])).toBeGreaterThanOrEqual(7);
    expect(least('ink-soft', [...SURFACES, ...TINTS])).toBeGreaterThanOrEqual(4.5);
    expect(least('ink-quiet', [...SURFACES, ...TINTS])).toBeGreaterThanOrEqual(4.5);
    expect(least('on-accent', ['accent'])).toBeGreaterThanOrEqual(4.5);
  });

  it('has states that are readable in sunlight', () => {
    expect(least('accent', ['accent-tint'])).toBeGreaterThanOrEqual(7);
    expect(least('on-done', ['done'])).toBeGreaterThanOrEqual(7);
    expect(least('on-failed', ['failed'])).toBeGreaterThanOrEqual(7);
    expect(least('on-unknown', ['unknown', 'unknown-hatch'])).toBeGreaterThanOrEqual(7);
  });

  it('has visible borders of controls', () => {
    expect(least('control', ['paper', 'surface'])).toBeGreaterThanOrEqual(3);
  });

  it('has no pure black and no pure white surface', () => {
    for (const surface of SURFACES) expect(['#000000', '#ffffff']).not.toContain(theme[surface]);
  });
});

describe('the stylesheet', () => {
  it('uses only sizes of the grid', () => {
    const spaces = [...css.matchAll(/--space-\d: (\d+)px/g)].map(([, px]) => Number(px));
    expect(spaces).toHaveLength(6);
    expect(spaces.every((px) => px % 4 === 0)).toBe(true);
  });

  it('loads no other file', () => {
    expect(css).not.toMatch(/url\(|@import|https?:/);
  });
});
