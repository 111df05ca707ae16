// Benchmark 9, in bytes: the files that the page has loaded when the first key from a real service
// is in a unit. Uses a serial unit, because the serial framing has more code. Does not count the
// files that the service worker fetches, because it caches the whole page in the background.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { injectSimulator } from '#test/e2e/support/inject.ts';
import { Service } from '#test/e2e/support/service.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { type Row, row } from './row.ts';

const APP = 'dist/app';
const SN = '4549000000000009';
const KB = 1000;

export async function size(browser: Browser): Promise<Row[]> {
  const service = await Service.start();
  try {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked = new Set<string>();
    page.on('request', (request) => void (request.serviceWorker() || asked.add(new URL(request.url()).pathname)));
    await loadOneKey(page, service);
    await context.close();
    const all = [...asked].reduce((sum, path) => sum + packed(path), 0);
    return [
      row(9, 'first request, brotli', packed('/') / KB, 14.3, 'kB', 1),
      row(9, 'everything loaded for one key, brotli', all / KB, 60, 'kB', 1),
    ];
  } finally {
    await service.stop();
  }
}

async function loadOneKey(page: Page, { url, token }: Service): Promise<void> {
  const { set, profile, transportKey } = DIVERSIFIED;
  await injectSimulator(page, [{ sn: SN, set, profile, transportKey, link: 'serial' }]);
  await page.goto(url);
  const station = new StationPage(page);
  await station.signIn(token);
  const lane = await station.attach('Serial', SN);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
}

/** Returns the compressed size of a file of the build. Returns 0 for any other path. */
function packed(path: string): number {
  const file = join(APP, `${path === '/' ? 'index.html' : path}.br`);
  return existsSync(file) ? statSync(file).size : 0;
}
