// Checks the table of claims (docs/protocol.md clause 1.2): for each claim, the code and the test
// that the table names must exist.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inlineCode, readDocument, section, table } from './markdown.ts';

const PROTOCOL = readDocument('docs/protocol.md');
const asked = table(section(PROTOCOL, '1.1'), 'claim', 'what it asks');
const proved = table(section(PROTOCOL, '1.2'), 'claim', 'code', 'proof');

const numbers = (rows: string[][]): number[] =>
  rows.flatMap(([claims = '']) => claims.split(',').map(Number)).sort((a, b) => a - b);

/**
 * Returns the titles in a test file: the first arguments of describe, it, test and their `each`.
 */
function titlesOf(path: string): string[] {
  const titles = /\b(?:describe|it|test)(?:\.\w+(?:\([\s\S]*?\))?)*\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g;
  return [...readDocument(path).matchAll(titles)].map(([, , title = '']) => title.replace(/\\(.)/g, '$1'));
}

interface Proof {
  readonly claim: string;
  readonly path: string;
  readonly title: string;
}

const proofs: Proof[] = proved.flatMap(([claim = '', , cell = '']) =>
  [...cell.matchAll(/`([^`]+)`: “([^”]+)”/g)].map(([, path = '', title = '']) => ({ claim, path, title })),
);

describe('the claims table', () => {
  it('has each of the claims 1 to 19 once, and one proof for each', () => {
    const all = Array.from({ length: 19 }, (_, index) => index + 1);
    expect(numbers(asked)).toEqual(all);
    expect(numbers(proved)).toEqual(all);
  });

  it('names code and proof for every claim', () => {
    for (const [claim, code = ''] of proved) {
      expect(inlineCode(code).length, `code of claim ${claim}`).toBeGreaterThan(0);
      expect(
        proofs.some((proof) => proof.claim === claim),
        `proof of claim ${claim}`,
      ).toBe(true);
    }
  });

  it('names only code that exists', () => {
    const paths = proved.flatMap(([, code = '']) => inlineCode(code));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it.each(proofs)('names for claim $claim an existing test: $path, $title', ({ path, title }) => {
    expect(existsSync(path), path).toBe(true);
    expect(titlesOf(path)).toContain(title);
  });
});
