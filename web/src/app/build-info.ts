// Reads which build of the page this is, and whether its server offers the same build.
import type { StationReportJson } from '#protocol/orders/requests.ts';
import type { BuildFacts } from '../state/help/facts.ts';

interface ServedBuild {
  readonly version: string;
  readonly hash: string;
  /** SHA-256 of each file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Maximum time in ms for fetching build.json. */
const TIMEOUT_MS = 5_000;

/**
 * Resolves to undefined without build.json, for example on the development server or offline, and
 * if a captive portal or a fallback of the server returns a web page instead.
 */
async function readServedBuild(): Promise<ServedBuild | undefined> {
  try {
    const answer = await fetch('build.json', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.ok ? ((await answer.json()) as ServedBuild) : undefined;
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

/** Whether the server of this page offers this build; undefined if it could not be asked. */
function isOffered(build: ServedBuild | undefined): boolean | undefined {
  const [folder, script] = mainScript();
  const paths = Object.keys(build?.files ?? {});
  // The demo has its own folder of scripts, which the list of the page does not contain.
  const isListed = paths.some((path) => path.startsWith(`${folder}/`));
  return isListed ? paths.includes(`${folder}/${script}`) : undefined;
}

export async function readBuildFacts(): Promise<BuildFacts> {
  const [, script] = mainScript();
  return { version: import.meta.env.KEYFERRY_VERSION, script, isServed: isOffered(await readServedBuild()) };
}

/**
 * Version and build of this page, for the report of an order. The build is the hash in build.json
 * or, without build.json of this build, the name of the page's main script.
 */
export async function readApp(): Promise<StationReportJson['app']> {
  const served = await readServedBuild();
  if (served && isOffered(served) !== false) return { version: served.version, build: served.hash };
  const [, script] = mainScript();
  return { version: import.meta.env.KEYFERRY_VERSION, build: script };
}
