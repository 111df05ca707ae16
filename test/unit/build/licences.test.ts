// The licence texts that accompany the builds.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { licenceTexts, writeLicences } from '#build/licences.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

it('has name, version and text of each package once, in the order of their folders', async () => {
  await writeFile(join(folder.path, 'client.json'), '["node_modules/svelte","node_modules/valibot"]');
  await writeFile(join(folder.path, 'service.json'), '["node_modules/hono","node_modules/valibot"]');
  const file = join(folder.path, 'licences.txt');
  writeLicences(folder.path, process.cwd(), file);
  const text = await readFile(file, 'utf8');
  expect(text.match(/^(hono|svelte|valibot) \d+\.\d+\.\d+: MIT$/gm)).toEqual([
    expect.stringContaining('hono'),
    expect.stringContaining('svelte'),
    expect.stringContaining('valibot'),
  ]);
  expect(text.match(/Permission is hereby granted, free of charge/g)).toHaveLength(3);
});

it('exists for every package that the service and the page import', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: object };
  const packages = [...Object.keys(dependencies), 'svelte'].map((name) => `node_modules/${name}`);
  expect(licenceTexts(packages, process.cwd()).length).toBeGreaterThan(10_000);
});

it('is required', async () => {
  await mkdir(join(folder.path, 'bare'));
  await writeFile(join(folder.path, 'bare/package.json'), '{"name":"bare","version":"1.0.0"}');
  expect(() => licenceTexts(['bare'], folder.path)).toThrow('bare has no licence text');
});
