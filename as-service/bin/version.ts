// Says which version this program is, and which build of the page the service offers.
import { BUILD_LIST } from '#protocol/release/build-files.ts';
import { loadStaticFiles } from '../http/static-files.ts';

/** Number of digits that identify a build. The page shows as many. */
const DIGITS = 8;

/** `web` is the folder of the build. */
export async function versionLine(web: string): Promise<string> {
  // Reads the list as a page does, because the service changes the hash if there is a site file.
  const list = (await loadStaticFiles(web, false)).answer(`/${BUILD_LIST}`, new Headers());
  if (list === undefined) return 'keyferry-as, without a built page. "npm run build" builds it.';
  const { version, hash } = (await list.json()) as { readonly version: string; readonly hash: string };
  return `keyferry-as ${version}, build ${hash.slice(0, DIGITS)}`;
}
