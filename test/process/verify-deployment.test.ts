// The command verify-deployment, run as a program against web servers that serve a release, a changed one, and none.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestDeployment } from '#test/support/deployment.ts';
import { publicKeyOf } from '#test/support/release.ts';
import { runCommand } from '#test/support/run-command.ts';
import { bundleService } from '#test/support/service-bundle.ts';

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.start();
});

afterEach(() => deployment.stop());

describe('the command', () => {
  let programs: string;
  let cli: string;

  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'kf-verify-cli-'));
    ({ cli } = await bundleService(programs));
  });

  afterAll(() => rm(programs, { recursive: true }));

  async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const file = join(deployment.folder, 'release.json');
    await writeFile(file, deployment.release);
    return await runCommand(process.execPath, [cli, 'verify-deployment', ...args, '--release', file]);
  }

  it('ends with 0 for the release, 1 for another page, and 2 without a comparison', async () => {
    const key = Buffer.from(publicKeyOf()).toString('hex');
    const same = await run(deployment.server.url, '--key', key);
    expect(same.output).toContain('The page is release 1.2.3.');
    expect(same.code).toBe(0);
    expect((await run(`${deployment.server.url}index.html?x#station`)).code).toBe(0);
    deployment.change(
      '/assets/a-AbCd1234.js',
      () => new Response('let a = 2;', { headers: { 'content-type': 'text/javascript' } }),
    );
    const changed = await run(deployment.server.url);
    expect(changed.output).toContain('The page is not release 1.2.3: 3 differences.');
    expect(changed.code).toBe(1);
    for (const args of [
      [deployment.server.url, '--key', key.replaceAll(/\d/g, '0')],
      [deployment.server.url, '--key', 'short'],
      ['http://127.0.0.1:9/'],
      ['keys.example.org'],
      [],
    ]) {
      expect((await run(...args)).code, args.join(' ')).toBe(2);
    }
  });
});
