// `npm run as`: the command line from its sources, without a build.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const SN = '4549000000000007';

it('adds a set and a key, and issues a vault', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyferry-sources-'));
  const as = async (...args: string[]): Promise<string> => {
    const all = ['--import', 'tsx', 'as-service/bin/cli.ts', ...args, '--data', join(folder, 'data')];
    return (await run(process.execPath, all)).stdout;
  };
  try {
    await as('set', 'add', '0000BA7C', 'Line 3', '--unit', SN);
    await as('key', 'add', '0000BA7C', '0103', 'Data key', '--attributes', 'D0AB00N', '--slot', '0002');
    const file = join(folder, 'vault.json');
    const issued = await as('vault', 'issue', '0000BA7C', file, '--ref1', '0103', '--exports', '3', '--unit', SN);
    expect(issued).toMatch(/KV(-[0-9A-Z]{5}){4}/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
