// Makes a second build of the page from the first, with another version and other names for all files
// in its assets folder. A page that mixed the two builds would thus request a file that its server or
// its cache does not have.
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const SECOND_VERSION = '98.7.6';

const APP = 'dist/app';
/** A name of the first build, for example `first-BzaPMHFE.js`. */
const HASHED_NAME = /^(.+-)([\w-]{8})(\.\w+)$/;
const DEFINITION = /^const KEYFERRY_BUILD = (\{.*\});\n/;

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

export interface Build {
  readonly folder: string;
  readonly version: string;
  readonly hash: string;
}

export async function firstBuild(): Promise<Build> {
  const { version, hash } = JSON.parse(await readFile(join(APP, 'build.json'), 'utf8')) as Build;
  return { folder: APP, version, hash };
}

/** Writes the second build to a temporary folder. `remove` deletes it. */
export async function makeSecondBuild(): Promise<Build & { readonly remove: () => Promise<void> }> {
  const { version } = await firstBuild();
  const folder = await mkdtemp(join(tmpdir(), 'kf-build-'));
  await cp(APP, folder, { recursive: true, filter: (path) => !/\.(br|gz)$/.test(path) });
  const names = await renameAssets(join(folder, 'assets'));
  const paths = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.filter(
    (each) => /\.(js|css|html)$/.test(each) && !/^(verify|label)(\.[a-z]{2})?\.html$/.test(basename(each)),
  )) {
    let text = await readFile(path, 'utf8');
    for (const [before, after] of names) text = text.replaceAll(before, after);
    await writeFile(path, text.replaceAll(version, SECOND_VERSION));
  }
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, version: SECOND_VERSION, hash: await seal(folder, names), remove };
}

/** Renames the files of a folder. Returns the new name of each. */
async function renameAssets(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const name of await readdir(folder)) {
    const [, start = '', hash = '', end = ''] = HASHED_NAME.exec(name) ?? [];
    if (hash === '') throw new Error(`${name} has no hash in its name`);
    const renamed = `${start}${sha256(hash).slice(0, 8)}${end}`;
    await rename(join(folder, name), join(folder, renamed));
    names.set(name, renamed);
  }
  return names;
}

/** Lists the changed files in the service worker and in build.json, as the build does. Returns the hash. */
async function seal(folder: string, names: ReadonlyMap<string, string>): Promise<string> {
  const worker = join(folder, 'service-worker.js');
  const source = await readFile(worker, 'utf8');
  const before = JSON.parse(DEFINITION.exec(source)?.[1] ?? '') as { readonly files: object };
  const list = JSON.parse(await readFile(join(folder, 'build.json'), 'utf8')) as object;
  const files: Record<string, string> = {};
  for (const name of Object.keys(before.files)) {
    const renamed = names.get(name.replace('assets/', ''));
    const path = renamed === undefined ? name : `assets/${renamed}`;
    files[path] = sha256(await readFile(join(folder, path)));
  }
  const hash = sha256(JSON.stringify(files));
  const definition = `const KEYFERRY_BUILD = ${JSON.stringify({ version: SECOND_VERSION, hash, files })};\n`;
  await writeFile(
    worker,
    source.replace(DEFINITION, () => definition),
  );
  await writeFile(join(folder, 'build.json'), JSON.stringify({ ...list, version: SECOND_VERSION, hash, files }));
  return hash;
}
