// Every regular expression of the product takes linear time for any text. recheck analyses each
// expression (https://makenowjust-labs.github.io/recheck/), so the test measures no time.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSync } from 'recheck';
import { describe, expect, it } from 'vitest';
import { bytes, printable } from '#protocol/json/schema.ts';
import { expressionsOf } from '#test/support/regular-expressions.ts';

/**
 * Files whose code creates regular expressions at run time. A file is listed once for each such
 * expression. Each expression is analysed below, or is one character class.
 */
const MADE = ['protocol/json/schema.ts', 'protocol/json/schema.ts', 'protocol/text/permitted-text.ts'];

const found = ['protocol', 'web/src', 'as-service', 'device-sim', 'device-host']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((path) => /\.(ts|svelte)$/.test(path) && !path.includes('node_modules'))
  .map((path) => expressionsOf({ path, text: readFileSync(path, 'utf8') }));

const literals = new Map(found.flatMap((each) => each.literals).map((each) => [`/${each.source}/${each.flags}`, each]));

/** Returns the complexity of the expression for the worst text: safe, polynomial or exponential. */
function complexityOf(source: string, flags: string): string {
  const result = checkSync(source, flags.replaceAll(/[gdy]/g, ''), { timeout: 50_000 });
  return result.status === 'unknown' ? `unknown: ${result.error.kind}` : result.complexity.type;
}

describe('a regular expression', () => {
  it('is found in every part of the product', () => {
    expect(literals.size).toBeGreaterThan(100);
    expect(found.flatMap(({ made }) => made)).toEqual(MADE);
  });

  it('that is exponential is detected', () => {
    expect(complexityOf(String.raw`^(?:[^",;\t\r\n]|"(?:[^"]|"")*")*([,;\t])`, '')).toBe('exponential');
    expect(complexityOf(String.raw`\s+$`, '')).toBe('polynomial');
  });

  it.each([...literals.values()])('is linear: /$source/$flags at $place', ({ source, flags }) => {
    expect(complexityOf(source, flags)).toMatch(/^(safe|linear)$/);
  });

  it.each([bytes(16), bytes(66, 1290), printable(500)])('of a schema is linear: %o', ({ json }) => {
    expect(complexityOf(String(json.pattern), 'u')).toMatch(/^(safe|linear)$/);
  });
});
