// Counts the bytes that the page loads until the first key is in a unit, for load.spec, for each
// language in languages-screens.spec and for benchmark 9. Uses a serial unit, because the serial framing has more code than the USB framing.
// Does not count the files that the service worker fetches, because it caches the whole page in the
// background.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { injectSimulator } from './inject.ts';
import type { Service } from './service.ts';
import { DIVERSIFIED, FIELD_KEY } from './sets.ts';
import { StationPage } from './station-page.ts';

/**
 * Maximum number of bytes, compressed with brotli, in English and in any other language. The goal is
 * 60 kB (docs/adr/0050-limit-the-bytes-of-the-first-key.md).
 */
export const MAX_FIRST_KEY_BYTES = 78_800;
export const MAX_TRANSLATED_BYTES = 80_800;

const APP = 'dist/app';
const SN = '4549000000000009';

/**
 * Loads one key on a new page. Returns the total size in bytes of all files that the page
 * requested, compressed with brotli.
 */
export async function firstKeyBytes(page: Page, { url, token }: Service): Promise<number> {
  const loaded = countLoaded(page);
  const { set, profile, transportKey } = DIVERSIFIED;
  await injectSimulator(page, [{ sn: SN, set, profile, transportKey, link: 'serial' }]);
  await page.goto(url);
  const station = new StationPage(page);
  await station.signIn(token);
  const lane = await station.attach('Serial', SN);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  return loaded();
}

/**
 * Returns a function that returns the size of all files that the page has requested since. With a
 * language, counts the files of that language alone: the browser also requests some of the page in
 * English, which opens the other one. The messages for failures do not count, because the page loads
 * them at its start only without a service worker, which these tests block.
 */
export function countLoaded(page: Page, language?: string): () => number {
  const paths = new Set<string>();
  const list = language && (JSON.parse(readFileSync(`dist/languages/client_${language}.json`, 'utf8')) as string[]);
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!request.serviceWorker() && (!list || (list.includes(pathname.slice(1)) && !pathname.includes('/failures-'))))
      paths.add(pathname);
  });
  return () => [...paths].reduce((sum, path) => sum + compressedSize(path), 0);
}

/** Size of a file of the build in bytes, compressed with brotli; 0 for any other path. */
export function compressedSize(path: string): number {
  const file = join(APP, `${path === '/' ? 'index.html' : path}.br`);
  return existsSync(file) ? statSync(file).size : 0;
}
