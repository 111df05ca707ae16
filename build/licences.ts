// Writes the licence texts of all packages whose code is in a build. Their licences require that a
// copy of the text accompanies the code.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^(licen[cs]e|copying|notice)([-.].*)?$/i;
const LINE = '-'.repeat(80);

/** `lists` is the folder of the lists that build/packages.ts writes. */
export function writeLicences(lists: string, root: string, file: string): void {
  const names = readdirSync(lists).filter((name) => name.endsWith('.json'));
  const packages = names.flatMap((name) => JSON.parse(readFileSync(join(lists, name), 'utf8')) as string[]);
  writeFileSync(file, licenceTexts([...new Set(packages)].sort(), root));
}

/**
 * `packages` are folders below `root`, for example "node_modules/svelte".
 * @throws RangeError for a package without a licence text
 */
export function licenceTexts(packages: readonly string[], root: string): string {
  return packages.map((folder) => licenceOf(join(root, folder))).join(`\n${LINE}\n\n`);
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = readdirSync(folder).filter((each) => LICENCE_FILE.test(each));
  if (files.length === 0) throw new RangeError(`${name} has no licence text: its code must not be in a build`);
  const texts = files.sort().map((each) => readFileSync(join(folder, each), 'utf8').trim());
  return `${[`${name} ${version}: ${license ?? 'see the text'}`, ...texts].join('\n\n')}\n`;
}
