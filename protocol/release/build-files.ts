// The two files of a build that depend on the addresses of the AS: the service worker and
// build.json. The service worker caches the page with its headers. If the hash of the build did not
// change with the addresses, a station would keep an earlier Content-Security-Policy, which blocks
// a new AS. A server therefore changes that hash in both files when the addresses change
// (docs/release.md).
import { type Bytes, concat } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { fromAscii, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';

export const SERVICE_WORKER = 'service-worker.js';
export const BUILD_LIST = 'build.json';
/** The build list of the demo. A server may have the demo and the page in the same folder. */
export const DEMO_BUILD_LIST = 'demo-build.json';
/** Start of the first line of a service worker. The build writes this line (build/page-files.ts). */
const DEFINITION = 'const KEYFERRY_BUILD = ';
/**
 * The first line of a service worker. The groups are the text before and after the hash of the
 * build.
 */
const DEFINED = /^(const KEYFERRY_BUILD = \{"version":"[\w.-]+","hash":")[\da-f]{64}("[^\n]*\n)/;

/** Contents of two files of a build. Each is empty if the build has no such file. */
export interface BuildFiles {
  readonly serviceWorker: string;
  readonly list: string;
}

interface BuildListJson {
  readonly files: Readonly<Record<string, string>>;
}

/** Returns SHA-256 in lower-case hex, as build.json and statements of releases contain it. */
export function digestOf(content: Uint8Array): string {
  return toHex(sha256(content)).toLowerCase();
}

/**
 * Adds the headers to the hash of the build, which is the same in both files. `headers` is any text
 * that changes when the addresses of the AS in the headers change.
 */
export function mixHeaders({ serviceWorker, list }: BuildFiles, headers: string): BuildFiles {
  if (!serviceWorker.startsWith(DEFINITION)) return { serviceWorker, list };
  const end = serviceWorker.indexOf(';\n');
  const build = JSON.parse(serviceWorker.slice(DEFINITION.length, end)) as { readonly hash: string };
  const hash = digestOf(utf8(build.hash + headers));
  const worker = DEFINITION + JSON.stringify({ ...build, hash }) + serviceWorker.slice(end);
  return { serviceWorker: worker, list: list === '' ? '' : replaceHashes(list, hash, digestOf(utf8(worker))) };
}

/** Replaces the hash of the build and that of the service worker in build.json. */
function replaceHashes(list: string, hash: string, worker: string): string {
  const build = JSON.parse(list) as BuildListJson;
  return `${JSON.stringify({ ...build, hash, files: { ...build.files, [SERVICE_WORKER]: worker } }, null, 2)}\n`;
}

/**
 * Returns the hash of a build as the build computes it. `files` are the digests of all files by
 * name, without build.json. `code` is the digest of the service worker without its first line, which
 * contains the hash itself.
 */
export function buildHash(files: ReadonlyMap<string, string>, code: string): string {
  const lines = [...files]
    .filter(([name]) => name !== BUILD_LIST)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, digest]) => `${name === SERVICE_WORKER ? code : digest}  ${name}\n`);
  return digestOf(utf8(lines.join('')));
}

/**
 * Returns the service worker as the build wrote it. `files` are the digests of the release.
 * Replaces only the 64 digits that mixHeaders() changes. Returns any other content unchanged.
 */
export function originalWorker(content: Uint8Array, files: ReadonlyMap<string, string>): Uint8Array {
  const definition = DEFINED.exec(fromAscii(content))?.[0];
  if (definition === undefined) return content;
  const code = content.subarray(definition.length);
  return concat(fromBinary(definition.replace(DEFINED, `$1${buildHash(files, digestOf(code))}$2`)), code);
}

/** The text before the digest of the service worker in build.json. */
const WORKER_CODE = '\n  "workerCode": "';
const SHA256_DIGITS = 64;

/**
 * Returns build.json as the build wrote it. `files` are the digests of the release. Replaces only
 * the digits that mixHeaders() changes.
 */
export function originalList(content: Uint8Array, files: ReadonlyMap<string, string>): Uint8Array {
  const text = fromAscii(content);
  const [, code = ''] = text.split(WORKER_CODE);
  const worker = files.get(SERVICE_WORKER) ?? '';
  return fromBinary(
    text
      .replace(/^( {4}"service-worker\.js": ")[\da-f]{64}"/m, `$1${worker}"`)
      .replace(/^( {2}"hash": ")[\da-f]{64}"/m, `$1${buildHash(files, code.slice(0, SHA256_DIGITS))}"`),
  );
}

/** Returns the names of the files that a service worker or a build.json lists. */
export function listedFiles(content: Uint8Array): readonly string[] {
  const text = fromAscii(content);
  const isWorker = text.startsWith(DEFINITION);
  const list = isWorker ? text.slice(DEFINITION.length, text.indexOf(';\n')) : text;
  return entriesOf(list, 'files').map(([name]) => name);
}

/** Returns the entries of one object in a list; none if the list cannot be read. */
function entriesOf(list: string, field: 'files' | 'languages'): readonly (readonly [name: string, value: unknown])[] {
  try {
    const found = (JSON.parse(list) as { readonly [Field in typeof field]?: unknown } | null)?.[field];
    return typeof found === 'object' && found !== null ? Object.entries(found) : [];
  } catch (cause) {
    if (cause instanceof SyntaxError) return [];
    throw cause;
  }
}

/**
 * Returns the files that a page in `language` does not load, because they belong to other
 * languages. `list` is build.json as a service worker returns it, with the files of each language.
 */
export function filesOfOtherLanguages(list: Uint8Array, language: string): ReadonlySet<string> {
  const languages = entriesOf(fromAscii(list), 'languages').map(
    ([name, files]) => [name, Array.isArray(files) ? files.map(String) : []] as const,
  );
  const others = new Set(languages.flatMap(([, files]) => files));
  for (const name of languages.find(([each]) => each === language)?.[1] ?? []) others.delete(name);
  return others;
}

/** Inverts fromAscii() for any bytes. */
function fromBinary(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
