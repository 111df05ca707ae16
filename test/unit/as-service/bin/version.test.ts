import { afterEach, beforeEach, expect, it } from 'vitest';
import { versionLine } from '#as-service/bin/version.ts';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

const HASH = 'ab'.repeat(32);
const WORKER = `const KEYFERRY_BUILD = ${JSON.stringify({ version: '1.2.3', hash: HASH, files: {} })};\n`;
const LIST = JSON.stringify({ version: '1.2.3', hash: HASH, files: {} });

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

it('asks for the version, whatever follows', () => {
  expect(readCommandLine(['--version'])).toEqual({ version: true });
  expect(readCommandLine(['--version', 'set', 'list'])).toEqual({ version: true });
});

it('says the version and the build of the page that the service offers', async () => {
  await makeFolder(folder.path, { 'app/service-worker.js': WORKER, 'app/build.json': LIST });
  expect(await versionLine(folder.path)).toBe('keyferry-as 1.2.3, build abababab');
  // A site file changes the build, so that stations fetch the page again.
  await makeFolder(folder.path, { 'app/site.json': await signSiteFile() });
  expect(await versionLine(folder.path)).toMatch(/^keyferry-as 1\.2\.3, build (?!abababab)[0-9a-f]{8}$/);
});

it('says that the page is not built', async () => {
  expect(await versionLine(folder.path)).toContain('"npm run build" builds it.');
});
