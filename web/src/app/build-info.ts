// Identifies the build of this page, and compares it with the build on the server.
import type { StationReportJson } from '#protocol/orders/requests.ts';
import type { BuildFacts } from '../state/help/facts.ts';

interface BuildList {
  readonly version: string;
  readonly hash: string;
  /** SHA-256 of each file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** The service worker answers a request for build.json with the list of the build that it caches. */
const CACHED = 'build.json';
/** The query bypasses the service worker, so the server answers with its own list. */
const OFFERED = 'build.json?offered';

/** Maximum time in ms for fetching build.json. */
const TIMEOUT_MS = 5_000;

/**
 * Resolves to undefined if there is no list, for example offline or on the development server. An
 * HTML answer, for example of a captive portal, is not a list.
 */
async function readBuildList(url: string): Promise<BuildList | undefined> {
  try {
    const answer = await fetch(url, { cache: 'no-cache', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.ok ? ((await answer.json()) as BuildList) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Folder and file name of the page's main script. Its hash changes with every file that the page
 * loads.
 */
function mainScript(): readonly [folder: string, name: string] {
  const script = [...document.scripts].find(({ type }) => type === 'module');
  const [name = '', folder = ''] = script?.src.split('/').reverse() ?? [];
  return [folder, name];
}

/**
 * Whether a list contains the script of this page. Undefined if there is no list, or if no file in
 * the list is in the folder of the script.
 */
function isListed(build: BuildList | undefined): boolean | undefined {
  const [folder, script] = mainScript();
  const paths = Object.keys(build?.files ?? {});
  // The page and the demo have different folders of scripts, and each list contains only one.
  return paths.some((path) => path.startsWith(`${folder}/`)) ? paths.includes(`${folder}/${script}`) : undefined;
}

/** Returns the list of the build of this page, from the service worker or else from the server. */
async function readOwnBuild(): Promise<BuildList | undefined> {
  const build = await readBuildList(CACHED);
  return isListed(build) ? build : undefined;
}

export async function readBuildFacts(): Promise<BuildFacts> {
  const [, script] = mainScript();
  const [own, offered] = await Promise.all([readOwnBuild(), readBuildList(OFFERED)]);
  const isServed = isListed(offered);
  return {
    version: import.meta.env.KEYFERRY_VERSION,
    hash: own?.hash,
    script,
    // The hash of a build also changes with the headers of the page, which the list of files does
    // not show.
    isServed: isServed && own && offered ? own.hash === offered.hash : isServed,
  };
}

/**
 * Version and build of this page, for the report of an order and the line about an update. The build
 * is its hash or, if the hash cannot be read, the name of the page's main script.
 */
export async function readApp(): Promise<StationReportJson['app']> {
  const [, script] = mainScript();
  return { version: import.meta.env.KEYFERRY_VERSION, build: (await readOwnBuild())?.hash ?? script };
}
