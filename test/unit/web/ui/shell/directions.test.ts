// The styles of the page name sides by the direction of reading: start and end. A page in a
// language that is read from right to left then needs no other styles.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const PHYSICAL = [
  /\b(margin|padding|border|inset|scroll-margin|scroll-padding)-(left|right)\b/,
  /^\s*(left|right):/,
  /\b(text-align|float|clear): *(left|right)\b/,
  /\bborder-(top|bottom)-(left|right)-radius\b/,
];

/** A property with one value for each of the four sides. */
const FOUR_SIDES = /^\s*(margin|padding|inset|border-width): *(\S+) (\S+) (\S+) (\S+);/;

function isPhysical(line: string): boolean {
  const [, , , right, , left] = FOUR_SIDES.exec(line.replaceAll(/\([^;]*?\)+/g, '()')) ?? [];
  return right !== left || PHYSICAL.some((pattern) => pattern.test(line));
}

it('names no side as left or right', () => {
  const files = readdirSync('web', { recursive: true, encoding: 'utf8' })
    .map((path) => `web/${path.replaceAll('\\', '/')}`)
    .filter((file) => /\.(svelte|css)$/.test(file));
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const style = file.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '');
    return style
      .split('\n')
      .filter(isPhysical)
      .map((line) => `${file}: ${line.trim()}`);
  });
  expect(found).toEqual([]);
});

it.each(['margin-left: 4px;', '  right: 0;', 'text-align: left;', 'padding: 1px 2px 3px 4px;'])('finds %s', (line) => {
  expect(isPhysical(line)).toBe(true);
});

it.each(['margin: 1px 2px 3px 2px;', 'padding-inline: 1px 2px;', 'inset: 0 0 auto;'])('accepts %s', (line) => {
  expect(isPhysical(line)).toBe(false);
});
