// Benchmark 8: a list of 100,000 rows in Chromium. Compares the product's virtual list with a
// minimal one.
import type { Browser } from '@playwright/test';
import { bundle } from './bundle.ts';
import { median, note, type Row, row } from './row.ts';

const COUNT = 100_000;
const ROUNDS = 7;

export async function longList(browser: Browser): Promise<Row[]> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addScriptTag({ content: await bundle('rows/page.ts') });
  const session = await page.context().newCDPSession(page);
  const heap = async (): Promise<number> => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 1e6;
  };
  const before = await heap();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await page.evaluate((count) => globalThis.keyferryRows.bare(count), COUNT);
    const ours = await page.evaluate((count) => globalThis.keyferryRows.ours(count), COUNT);
    rounds.push({ ours, bare, heap: (await heap()) - before });
  }
  await page.close();
  const ratio = median(rounds.map(({ ours, bare }) => ours.paint / bare.paint));
  return [
    row(8, '100,000 rows, first paint against a bare window', ratio, 1.5, '×'),
    note(8, '  milliseconds', median(rounds.map(({ ours }) => ours.paint)).toFixed(1)),
    row(8, '100,000 rows, heap', Math.max(...rounds.map((one) => one.heap)), 12, 'MB', 1),
    row(8, '100,000 rows, elements', Math.max(...rounds.map(({ ours }) => ours.elements)), 400, '', 0),
    row(
      8,
      '100,000 rows, frame p95 at 1,000 changes a second',
      median(rounds.map(({ ours }) => ours.frameP95)),
      20,
      'ms',
      1,
    ),
  ];
}
