// Writes the folder of a release: the builds, the SBOM, the list of all files, and the signed
// statement (docs/release.md).
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { encodeRelease } from '#protocol/release/statement.ts';
import type { Signer } from '#protocol/signing/envelope.ts';
import { sha256 } from '../hash.ts';
import { encodeSbom, type PackageLock } from './sbom.ts';

/** The folders of the build that a release contains, and the builds whose code is in each. */
const CONTENTS = { app: ['client', 'verify'], demo: ['demo'], service: ['service'] } as const;
/** The packages that make the builds. */
const BUNDLERS = ['vite', 'rolldown'];
const SBOM = 'sbom.cdx.json';
const SUMS = 'SHA256SUMS';
export const STATEMENT = 'release.json';

export interface ReleaseOptions {
  /** The repository, after a build. */
  readonly root: string;
  /** The folder of the release, new or empty. */
  readonly out: string;
  /** Commit of the sources, 40 hex digits; undefined if they differ from it. */
  readonly commit: string | undefined;
  readonly signer: Signer;
}

interface PackageJson {
  readonly version: string;
  readonly license: string;
}

/** Writes the release into `out`. Returns the number of files in the statement. */
export async function writeRelease({ root, out, commit, signer }: ReleaseOptions): Promise<number> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const json = <T>(path: string): T => JSON.parse(read(path)) as T;
  const { version, license } = json<PackageJson>('package.json');
  const versionOf = (name: string): string => json<PackageJson>(`node_modules/${name}/package.json`).version;
  for (const folder of Object.keys(CONTENTS)) copyFolder(join(root, 'dist', folder), join(out, folder));
  copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
  const listed = Object.entries(CONTENTS).map(([folder, builds]) => {
    return [folder, builds.flatMap((build) => json<string[]>(`dist/packages/${build}.json`))] as const;
  });
  const sbom = encodeSbom({
    version,
    license,
    packages: Object.fromEntries(listed),
    lock: json<PackageLock>('package-lock.json'),
    tools: { node: process.versions.node, ...Object.fromEntries(BUNDLERS.map((name) => [name, versionOf(name)])) },
  });
  writeFileSync(join(out, SBOM), sbom);
  const files = filesIn(out).map((path) => [path, sha256(readFileSync(join(out, path)), 'hex')] as const);
  // The form of sha256sum, which checks the list: sha256sum -c SHA256SUMS
  writeFileSync(join(out, SUMS), files.map(([path, digest]) => `${digest}  ${path}\n`).join(''));
  writeFileSync(join(out, STATEMENT), await encodeRelease({ version, commit, files: new Map(files) }, signer));
  return files.length;
}

function copyFolder(from: string, to: string): void {
  for (const path of filesIn(from)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), readFileSync(join(from, path)));
  }
}

/** Returns the relative paths of all files, with slashes, sorted by their code units. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort((a, b) => (a < b ? -1 : 1));
}
