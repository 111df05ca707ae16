// Counts the bytes that the page loads until the first key is in a unit, for load.spec and
// benchmark 9. Uses a serial unit, because the serial framing has more code than the USB framing.
// Does not count the files that the service worker fetches, because it caches the whole page in the
// background.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { injectSimulator } from './inject.ts';
import type { Service } from './service.ts';
import { DIVERSIFIED, FIELD_KEY } from './sets.ts';
import { StationPage } from './station-page.ts';

const APP = 'dist/app';
const SN = '4549000000000009';

/**
 * Loads one key on a new page. Returns the total size in bytes of all files that the page
 * requested, compressed with brotli.
 */
export async function firstKeyBytes(page: Page, { url, token }: Service): Promise<number> {
  const paths = new Set<string>();
  page.on('request', (request) => void (request.serviceWorker() || paths.add(new URL(request.url()).pathname)));
  const { set, profile, transportKey } = DIVERSIFIED;
  await injectSimulator(page, [{ sn: SN, set, profile, transportKey, link: 'serial' }]);
  await page.goto(url);
  const station = new StationPage(page);
  await station.signIn(token);
  const lane = await station.attach('Serial', SN);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  return [...paths].reduce((sum, path) => sum + compressedSize(path), 0);
}

/** Size of a file of the build in bytes, compressed with brotli; 0 for any other path. */
export function compressedSize(path: string): number {
  const file = join(APP, `${path === '/' ? 'index.html' : path}.br`);
  return existsSync(file) ? statSync(file).size : 0;
}
