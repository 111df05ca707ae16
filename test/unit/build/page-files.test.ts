// The hash of a build, which names the cache of the service worker.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sealPage } from '#build/page-files.ts';
import { buildHash } from '#protocol/release/build-files.ts';

let dir: string;
/** Folder of the lists that name the files of each language. */
let lists: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kf-seal-'));
  lists = await mkdtemp(join(tmpdir(), 'kf-lists-'));
  await writeFile(join(lists, 'client.json'), '["index.html"]');
});
afterEach(async () => {
  for (const folder of [dir, lists]) await rm(folder, { recursive: true, force: true });
});

interface SealedBuild {
  readonly hash: string;
  readonly workerCode: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Builds a page whose index.html the service sends with this policy. */
async function sealWith(policy: string, worker = 'service-worker.js', list = 'build.json'): Promise<SealedBuild> {
  await writeFile(join(dir, 'index.html'), '<h1>Page</h1>');
  await writeFile(join(dir, worker), 'self.name;\n');
  const { writeBundle } = sealPage({
    pages: ['client'],
    languages: ['en'],
    lists,
    version: '1.2.3',
    headersOf: ({ html }) => (html === undefined ? {} : { policy }),
  });
  const write = writeBundle as unknown as (this: object, output: { readonly dir: string }) => void;
  write.call({ environment: { name: 'client' } }, { dir });
  const build = JSON.parse(await readFile(join(dir, list), 'utf8')) as SealedBuild;
  for (const name of await readdir(dir)) await rm(join(dir, name));
  return build;
}

it.each([
  ['service-worker.js', 'build.json'],
  ['demo-service-worker.js', 'demo-build.json'],
])('changes with the headers of a file: %s, %s', async (worker, list) => {
  const first = await sealWith("default-src 'none'", worker, list);
  const same = await sealWith("default-src 'none'", worker, list);
  const other = await sealWith("default-src 'self'", worker, list);
  expect(same.hash).toBe(first.hash);
  expect(other.hash).not.toBe(first.hash);
  expect(other.files['index.html']).toBe(first.files['index.html']);
});

it('is the one that a reader of build.json computes', async () => {
  const { hash, workerCode, files } = await sealWith("default-src 'none'");
  expect(buildHash(new Map(Object.entries(files)), workerCode)).toBe(hash);
});
