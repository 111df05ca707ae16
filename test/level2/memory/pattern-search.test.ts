// Compares the pattern search with a plain search, and scans another process.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatternSearch } from './pattern-search.ts';
import { scanProcess } from './process-memory.ts';
import { spellings } from './spellings.ts';

describe('the pattern search', () => {
  it('finds the same patterns as a plain search', () => {
    const pattern = fc.uint8Array({ minLength: 4, maxLength: 9, max: 2 });
    fc.assert(
      fc.property(
        fc.array(pattern, { minLength: 1, maxLength: 6 }),
        fc.uint8Array({ maxLength: 300, max: 2 }),
        (all, text) => {
          const patterns = all.map((bytes, i) => ({ name: `${i}`, bytes }));
          const plain = patterns.filter(({ bytes }) => Buffer.from(text).includes(Buffer.from(bytes)));
          expect([...new PatternSearch(patterns).search(text)].sort()).toEqual(plain.map(({ name }) => name).sort());
        },
      ),
    );
  });

  it('finds a secret in base64 and hex at every offset of a longer text', () => {
    const secret = randomBytes(32);
    const search = new PatternSearch(spellings('S', secret));
    for (let before = 0; before < 6; before++) {
      const text = Buffer.concat([randomBytes(before), secret, randomBytes(5)]);
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(search.search(Buffer.from(text.toString(encoding))).size, `${encoding} after ${before}`).toBeGreaterThan(
          0,
        );
        expect(search.search(Buffer.from(text.toString(encoding), 'utf16le')).size).toBeGreaterThan(0);
      }
    }
    expect(search.search(randomBytes(100_000)).size).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('a scan of another process (skipped where there is no /proc)', () => {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

  it('finds its values in each spelling, and no others', async () => {
    // The child process computes the values itself. Otherwise its command line would contain them.
    const program = `
      const { createHash } = require('node:crypto');
      const digest = (text) => createHash('sha256').update(text).digest();
      globalThis.stored = [digest('bytes'), digest('hex').toString('hex'), { inside: digest('base64').toString('base64url') }];
      console.log('ready');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const names = ['bytes', 'hex', 'base64', 'absent'];
      const { found, searched } = await scanProcess(
        child.pid ?? 0,
        names.flatMap((name) => spellings(name, digest(name))),
      );
      expect(searched).toBeGreaterThan(1_000_000);
      expect(found).toContain('bytes, bytes');
      expect(found).toContain('hex, hex');
      expect(found).toContain('base64, base64url at 0');
      expect(found.filter((name) => name.startsWith('absent'))).toEqual([]);
    } finally {
      child.kill();
    }
  });
});
