// The hash of a build, which names the cache of the service worker.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sealPage } from '#build/page-files.ts';
import { buildHash } from '#protocol/release/build-files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kf-seal-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

interface SealedBuild {
  readonly hash: string;
  readonly workerCode: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Seals the page that an environment has built. */
async function seal(environment: string, languages: readonly string[], policy: string, lists = ''): Promise<void> {
  const { writeBundle } = sealPage({
    pages: ['client'],
    languages,
    lists,
    version: '1.2.3',
    headersOf: ({ html }) => (html === undefined ? {} : { policy }),
  });
  await (writeBundle as unknown as (output: { readonly dir: string }) => Promise<void>).call(
    { environment: { name: environment } },
    { dir },
  );
}

/** Builds a page whose index.html the service sends with this policy. */
async function sealWith(policy: string, worker = 'service-worker.js', list = 'build.json'): Promise<SealedBuild> {
  await writeFile(join(dir, 'index.html'), '<h1>Page</h1>');
  await writeFile(join(dir, worker), 'self.name;\n');
  await seal('client', ['en'], policy);
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

it('names the files of each language to the service worker, without those that all share', async () => {
  const lists = await mkdtemp(join(tmpdir(), 'kf-lists-'));
  const written = { 'client.json': ['index.html', 'assets/a.js'], 'client_de.json': ['index.de.html', 'assets/a.js'] };
  for (const [name, files] of Object.entries(written)) await writeFile(join(lists, name), JSON.stringify(files));
  await writeFile(join(dir, 'service-worker.js'), 'self.name;\n');
  await seal('client_de', ['en', 'de'], '', lists);
  const worker = await readFile(join(dir, 'service-worker.js'), 'utf8');
  const build = JSON.parse(/KEYFERRY_BUILD = (.*);\n/.exec(worker)?.[1] ?? '') as { readonly languages: object };
  expect(build.languages).toEqual({
    en: ['index.html', 'verify.html', 'label.html', 'manifest.json', 'guide/engineer.html', 'guide/stations.html'],
    de: [
      ...['index.de.html', 'verify.de.html', 'label.de.html', 'manifest.de.json'],
      ...['guide/de/engineer.html', 'guide/de/stations.html'],
    ],
  });
  await rm(lists, { recursive: true });
});
