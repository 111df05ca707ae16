// Reads the answer of the web server to the request for the site file.
import type { Environment } from './environment.ts';

/** Maximum wait for the file beside the page if this station has accepted one before. */
const MAX_WAIT_MS = 1000;

/** Returns the text of the site file; the empty text after MAX_WAIT_MS if another file is stored. */
export async function textIn(answer: Environment['siteAnswer'], isStored: boolean): Promise<string> {
  const text = (async () => textOf(await answer))();
  if (!isStored) return await text;
  return await Promise.race([text, new Promise<string>((resolve) => setTimeout(resolve, MAX_WAIT_MS, ''))]);
}

/**
 * Returns the text of the site file; the empty text if there is none. An HTML page is not a site
 * file: some web servers send one with status 200 for a missing file, and a network that requires
 * a sign-in sends its own.
 */
async function textOf(answer: Response | undefined): Promise<string> {
  if (answer?.status !== 200) return '';
  const text = await answer.text().catch(() => '');
  return /^\s*</.test(text) ? '' : text;
}
