// Makes signed statements of releases for tests.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { utf8 } from '#protocol/bytes/text.ts';
import { buildHash, digestOf } from '#protocol/release/build-files.ts';
import { encodeRelease } from '#protocol/release/statement.ts';
import { signerOf } from '#test/support/vault.ts';

export const RELEASE_KEY = new Uint8Array(32).fill(0x91);
export const OTHER_RELEASE_KEY = new Uint8Array(32).fill(0x92);

/** The public key of a release key, 32 bytes. */
export const publicKeyOf = (key: Uint8Array = RELEASE_KEY): Uint8Array => signerOf(key).publicKey;

/** Signs the statement of a release. `files` are the digests of its files, by path. */
export function signRelease(
  files: ReadonlyMap<string, string>,
  { version = '1.2.3', key = RELEASE_KEY, commit = undefined as string | undefined } = {},
): Promise<string> {
  return encodeRelease({ version, files, commit }, signerOf(key));
}

/** Returns the digests of all files in these folders of a build, by their path in a release. */
export function digestsIn(root: string, folders: readonly string[]): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return new Map(
    paths.sort().map((path) => [relative(root, path).replaceAll('\\', '/'), digestOf(readFileSync(path))]),
  );
}

/**
 * Returns the service worker and build.json of a build with these files, as the build writes them.
 * `files` are digests by name. `code` is the service worker without its first line.
 */
export function namedBuild(
  files: Readonly<Record<string, string>>,
  {
    code,
    version = '1.2.3',
    styles = [] as readonly string[],
  }: { code: string; version?: string; styles?: readonly string[] },
): { readonly worker: string; readonly list: string } {
  const workerCode = digestOf(utf8(code));
  const hash = buildHash(new Map([...Object.entries(files), ['service-worker.js', '']]), workerCode);
  const worker = `const KEYFERRY_BUILD = ${JSON.stringify({ version, hash, files })};\n${code}`;
  const all = { ...files, 'service-worker.js': digestOf(utf8(worker)) };
  return { worker, list: `${JSON.stringify({ version, hash, workerCode, files: all, styles }, null, 2)}\n` };
}
