// Reads which build of the page this is, and whether the AS offers the same build.
import type { BuildFacts } from '../state/help/facts.ts';

export interface ServedBuild {
  readonly version: string;
  readonly hash: string;
  /** SHA-256 of each file, by its path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Resolves to undefined without build.json, for example on the development server or offline. */
export async function readServedBuild(): Promise<ServedBuild | undefined> {
  const answer = await fetch('build.json').catch(() => undefined);
  return answer?.ok ? ((await answer.json()) as ServedBuild) : undefined;
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

export async function readBuildFacts(): Promise<BuildFacts> {
  const [folder, script] = mainScript();
  const paths = Object.keys((await readServedBuild())?.files ?? {});
  // The demo has its own folder of scripts, which the list of the page does not contain.
  const isListed = paths.some((path) => path.startsWith(`${folder}/`));
  const isServed = isListed ? paths.includes(`${folder}/${script}`) : undefined;
  return { version: import.meta.env.KEYFERRY_VERSION, script, isServed };
}
