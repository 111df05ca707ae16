// Writes a folder that any web server can serve: the built page, the site file, and the headers of
// both for common servers (docs/site-file.md).
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { BUILD_LIST, mixHeaders, SERVICE_WORKER } from '#protocol/release/build-files.ts';
import { UserError } from '../common/user-error.ts';
import { type PageFile, pageHeaders } from '../http/page-headers.ts';
import { isSystemError } from '../storage/atomic-file.ts';
import { serverFiles } from './server-files.ts';

export const SITE_FILE = 'site.json';
/** Matches the names of compressed copies, which web servers send in place of the file. */
const COMPRESSED = /\.(br|gz)$/;
/** Compressed copies of files that `site pack` changes. */
const OUTDATED = [SERVICE_WORKER, BUILD_LIST].flatMap((name) => [`${name}.br`, `${name}.gz`]);
/** Permits every user to read, because the web server runs as another user. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

export interface PackOptions {
  /** The folder of the build. Its folder `app` contains the page. */
  readonly web: string;
  /** A new or empty folder. */
  readonly out: string;
}

/** @throws UserError if the page is not built, or `out` contains files */
export async function requirePackable({ web, out }: PackOptions): Promise<void> {
  if (!(await pagePaths(web)).includes('index.html')) {
    throw new UserError(
      `${join(web, 'app')} contains no built page. Run "npm run build", or name its folder with --web.`,
    );
  }
  await requireEmpty(out);
}

/** @throws UserError if `out` contains files */
export async function requireEmpty(out: string): Promise<void> {
  const present = await readdir(out).catch((cause: unknown) => {
    if (isSystemError(cause, 'ENOENT')) return [];
    throw isSystemError(cause, 'ENOTDIR') ? new UserError(`${out} is a file. Name a folder with --out.`) : cause;
  });
  if (present.length > 0) throw new UserError(`${out} is not empty. Name a new folder with --out.`);
}

/** Writes the folder. Returns the paths of the files for web servers. */
export async function packSite(
  { web, out }: PackOptions,
  siteFile: string,
  asUrls: readonly string[],
): Promise<readonly string[]> {
  const app = join(web, 'app');
  const files: PageFile[] = [];
  for (const path of await pagePaths(web)) {
    if (OUTDATED.includes(path)) continue;
    const target = join(out, path);
    await makeFolder(out, dirname(path));
    await copyFile(join(app, path), target);
    await chmod(target, FILE_MODE);
    if (COMPRESSED.test(path)) continue;
    files.push(path.endsWith('.html') ? { path, html: await readFile(target, 'utf8') } : { path });
  }
  await writePublic(out, SITE_FILE, siteFile);
  files.push({ path: SITE_FILE });
  const headers = files.map((file) => ({ path: file.path, headers: pageHeaders(file, asUrls) }));
  await writeBuild(app, out, JSON.stringify(headers));
  const written = serverFiles(headers, pageHeaders({ path: SITE_FILE }));
  for (const { path, content } of written) await writePublic(out, path, content);
  return written.map(({ path }) => path);
}

/** Writes the files that depend on the headers. */
async function writeBuild(app: string, out: string, headers: string): Promise<void> {
  const read = (name: string) => readFile(join(app, name), 'utf8').catch(() => '');
  const files = { serviceWorker: await read(SERVICE_WORKER), list: await read(BUILD_LIST) };
  const { serviceWorker, list } = mixHeaders(files, headers);
  if (serviceWorker !== '') await writePublic(out, SERVICE_WORKER, serviceWorker);
  if (list !== '') await writePublic(out, BUILD_LIST, list);
}

/** Returns the paths of all files of the page, with slashes. The site file is not part of a build. */
async function pagePaths(web: string): Promise<readonly string[]> {
  const app = join(web, 'app');
  const entries = await readdir(app, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(app, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => path !== SITE_FILE)
    .sort();
}

/** Writes a file that every user can read. */
export async function writePublic(out: string, path: string, content: string | Uint8Array): Promise<void> {
  const target = join(out, path);
  await makeFolder(out, dirname(path));
  await writeFile(target, content);
  await chmod(target, FILE_MODE);
}

/** Creates a folder in `out` that the web server can read, whatever the umask is. */
async function makeFolder(out: string, path: string): Promise<void> {
  await mkdir(join(out, path), { recursive: true });
  for (let folder = path; folder !== '.'; folder = dirname(folder)) await chmod(join(out, folder), FOLDER_MODE);
  await chmod(out, FOLDER_MODE);
}
