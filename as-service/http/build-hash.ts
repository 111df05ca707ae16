// Changes the service worker of a page when the headers of the page change, so that stations fetch
// the page again. The service worker caches the page with its headers. A station would otherwise
// keep an earlier Content-Security-Policy, which blocks a new AS.
import { createHash } from 'node:crypto';

export const SERVICE_WORKER = 'service-worker.js';
export const BUILD_LIST = 'build.json';
/** The build writes the definition in the first line (build/page-files.ts). */
const DEFINITION = 'const KEYFERRY_BUILD = ';

/** Contents of two files of a build. Each is empty if the build has no such file. */
export interface BuildFiles {
  readonly serviceWorker: string;
  readonly list: string;
}

interface BuildListJson {
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Adds the headers to the hash of the build, which is the same in both files. `headers` is any text
 * that names them all.
 */
export function mixHeaders({ serviceWorker, list }: BuildFiles, headers: string): BuildFiles {
  if (!serviceWorker.startsWith(DEFINITION)) return { serviceWorker, list };
  const end = serviceWorker.indexOf(';\n');
  const build = JSON.parse(serviceWorker.slice(DEFINITION.length, end)) as { readonly hash: string };
  const hash = sha256(build.hash + headers);
  const worker = DEFINITION + JSON.stringify({ ...build, hash }) + serviceWorker.slice(end);
  return { serviceWorker: worker, list: list === '' ? '' : replaceHashes(list, hash, sha256(worker)) };
}

/** Replaces the hash of the build and that of the service worker in build.json. */
function replaceHashes(list: string, hash: string, worker: string): string {
  const build = JSON.parse(list) as BuildListJson;
  return `${JSON.stringify({ ...build, hash, files: { ...build.files, [SERVICE_WORKER]: worker } }, null, 2)}\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
