// Benchmark 9, time: how long the page takes until it is ready, with an empty cache, a CPU that is
// slowed down by a factor of 4, and the network preset Slow 4G. Compares the page with a static
// page, which the code calls floor. The static page has the HTML of the ready page, with a module
// script of one line in place of the app. Both pages therefore wait for two round trips.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { extname, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import type { Browser } from '@playwright/test';
import { median, note, type Row, row } from './row.ts';
import { size } from './size.ts';

const APP = 'dist/app';
const SAMPLES = 7;
/**
 * The preset "Slow 4G" of DevTools: 90 % of 1.6 Mbit/s down and of 750 kbit/s up, and a latency of
 * 3.75 times 150 ms.
 */
const SLOW_4G = { offline: false, downloadThroughput: 180_000, uploadThroughput: 84_375, latency: 562.5 };
const CPU_SLOWDOWN = 4;
/**
 * Time from the start of a page until its sample is read, in ms. It is longer than the slowest
 * start.
 */
const PATIENCE_MS = 6000;

interface Sample {
  readonly paint: number;
  readonly ready: number;
  readonly blocking: number;
}

export async function start(browser: Browser): Promise<Row[]> {
  const app = await serve(async (path) => readFile(join(APP, path)));
  const snapshot = await readyHtml(browser, app.url);
  const floor = await serve(async (path) => {
    if (path === 'index.html') return Buffer.from(snapshot);
    if (path === 'floor.js') return Buffer.from('document.documentElement.dataset.floor = "ready";\n');
    throw new Error(`${path} is not on the floor`);
  });
  const ours: Sample[] = [];
  const theirs: Sample[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    theirs.push(await sample(browser, floor.url, () => document.documentElement.dataset.floor !== undefined));
    ours.push(await sample(browser, app.url, isReady));
  }
  app.server.close();
  floor.server.close();
  const of = (samples: readonly Sample[], what: keyof Sample): number => median(samples.map((one) => one[what]));
  return [
    row(9, 'first paint against the static floor', of(ours, 'paint') / of(theirs, 'paint'), 1.05, '×'),
    row(9, 'ready against the static floor', of(ours, 'ready') / of(theirs, 'ready'), 1.15, '×'),
    row(9, 'blocking time beyond the static floor', of(ours, 'blocking') - of(theirs, 'blocking'), 0, 'ms', 0),
    note(
      9,
      '  blocking time, of the floor',
      `${of(ours, 'blocking').toFixed(0)} ms, ${of(theirs, 'blocking').toFixed(0)} ms`,
    ),
    note(9, '  first paint, ready', `${of(ours, 'paint').toFixed(0)} ms, ${of(ours, 'ready').toFixed(0)} ms`),
    note(
      9,
      '  floor: first paint, ready',
      `${of(theirs, 'paint').toFixed(0)} ms, ${of(theirs, 'ready').toFixed(0)} ms`,
    ),
    ...(await size(browser)),
  ];
}

/** Returns whether the app is ready: whether it has an enabled button or input. */
const isReady = (): boolean => document.querySelector('button:not(:disabled), input:not(:disabled)') !== null;

async function readyHtml(browser: Browser, url: string): Promise<string> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(isReady);
  const html = await page.evaluate(() => {
    for (const element of document.querySelectorAll('script, link')) element.remove();
    return document.documentElement.outerHTML;
  });
  await page.close();
  return `<!doctype html>${html.replace('</head>', '<script type="module" src="/floor.js"></script></head>')}`;
}

async function sample(browser: Browser, url: string, ready: () => boolean): Promise<Sample> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_4G);
  await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  // The first script that Playwright runs in a page is a long task, which would be measured too.
  // The measuring script is therefore injected before the page loads.
  await page.addInitScript(`globalThis.__name = (named) => named; (${watchStart})(${ready})`); // tsx inserts calls of __name
  await page.goto(url, { waitUntil: 'commit' });
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const { paint, readyAt, tasks } = await page.evaluate(() => globalThis.keyferryStart);
  await context.close();
  if (readyAt === undefined) throw new Error(`the page was not ready within ${PATIENCE_MS} ms`);
  return { paint, ready: readyAt, blocking: tasks.reduce((sum, task) => sum + Math.max(0, task - 50), 0) };
}

interface Start {
  readonly tasks: number[];
  paint: number;
  readyAt?: number;
}

declare global {
  var keyferryStart: Start;
}

/**
 * Runs in the page. Checks in each frame whether the page is ready, and records the long tasks
 * until it is ready.
 */
function watchStart(ready: () => boolean): void {
  const start: Start = { tasks: [], paint: Number.NaN };
  globalThis.keyferryStart = start;
  const observer = new PerformanceObserver((list) => {
    for (const task of list.getEntries()) {
      if (start.readyAt === undefined || task.startTime < start.readyAt) start.tasks.push(task.duration);
    }
  });
  observer.observe({ type: 'longtask', buffered: true });
  const look = (): void => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    if (!paint || !ready()) return void requestAnimationFrame(look);
    start.paint = paint.startTime;
    start.readyAt = performance.now();
  };
  requestAnimationFrame(look);
}

interface Served {
  readonly server: Server;
  readonly url: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/**
 * Serves files compressed with brotli. Both pages come from such a server, so that they differ only
 * in their content.
 */
async function serve(read: (path: string) => Promise<Buffer>): Promise<Served> {
  const server = createServer((request, response) => {
    const path = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
    read(path).then(
      (body) => {
        response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain', 'content-encoding': 'br' });
        response.end(brotliCompressSync(body));
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { server, url: `http://127.0.0.1:${address.port}/` };
}
