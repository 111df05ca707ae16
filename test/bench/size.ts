// Line 9, in bytes: what the page has loaded when its first key is in, at the real service. A serial unit, whose framing is the longer one.
// What the service worker fetches is left out: in its own time it keeps the whole page, the other screens and the words for failures.
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

/** 0 for what is no file of the build. */
function packed(path: string): number {
  const file = join(APP, `${path === '/' ? 'index.html' : path}.br`);
  return existsSync(file) ? statSync(file).size : 0;
}
