// Benchmarks 3 and 7, in a Chromium with a profile on disk: the cost of the durable journal, and
// the number of records that are lost when the browser is killed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { chromiumSwitches } from '#test/support/chromium.ts';
import { armKill } from '#test/support/kill-browser.ts';
import { bundle } from './bundle.ts';
import { median, note, type Row, row } from './row.ts';

const ROUNDS = 5;
const KILLS = Number(process.env.KEYFERRY_KILLS ?? 20);
const ORIGIN = 'http://localhost:9/';

interface Opened {
  readonly context: BrowserContext;
  readonly page: Page;
}

/** Opens a page with the profile in the given folder, on an origin that may use storage. */
async function open(executablePath: string, profile: string, script: string): Promise<Opened> {
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: chromiumSwitches() });
  const page = await context.newPage();
  await page.route(`${ORIGIN}**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>bench</title>' }));
  await page.goto(ORIGIN);
  await page.addScriptTag({ content: script });
  return { context, page };
}

export async function journalCost(executablePath: string, lines: readonly number[]): Promise<Row[]> {
  const script = await bundle('journal/page.ts');
  const profile = await mkdtemp(join(tmpdir(), 'keyferry-journal-'));
  try {
    const rows: Row[] = [];
    const { context, page } = await open(executablePath, profile, script);
    if (lines.includes(3)) rows.push(...(await throughput(page)));
    if (lines.includes(7)) rows.push(...(await writing(page)));
    await context.close();
    if (lines.includes(7)) rows.push(await kills(executablePath, profile, script));
    return rows;
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

async function throughput(page: Page): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [lanes, each, asMs, least] of [
    [1, 40, 0, 0.97],
    [8, 40, 0, 0.97],
    [32, 40, 0, 0.92],
    [16, 20, 50, 0.97],
  ] as const) {
    const ratios: number[] = [];
    const waiting: number[] = [];
    let rate = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const rates = await page.evaluate(
        ([count, share, ms]) => globalThis.keyferryJournal.throughput(count, share, ms),
        [lanes, each, asMs] as const,
      );
      ratios.push(rates.bare / rates.journaled);
      waiting.push(rates.bare / rates.waiting);
      rate = rates.journaled;
    }
    const what = `bare flow against journaled, ${lanes} ${lanes === 1 ? 'unit' : 'units'}${asMs > 0 ? `, AS at ${asMs} ms` : ''}`;
    rows.push(
      row(3, what, median(ratios), 1 / least, '×', 3),
      note(3, '  units a second', rate.toFixed(1)),
      row(3, '  where the next unit waits for the verdict on disk', median(waiting), 1 / least, '×', 3),
    );
  }
  return rows;
}

async function writing(page: Page): Promise<Row[]> {
  const rounds: { group: number; single: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await page.evaluate(() => globalThis.keyferryJournal.writers(32, 40)));
  }
  const [group, single] = [median(rounds.map((one) => one.group)), median(rounds.map((one) => one.single))];
  const paging = await page.evaluate(() => globalThis.keyferryJournal.pages(100_000));
  return [
    row(7, 'a strict commit for each record against the journal, 32 writers', single / group, 1 / 4, '×', 3),
    note(7, '  records a second, journal and single', `${group.toFixed(0)}, ${single.toFixed(0)}`),
    note(7, 'bytes for each record', 'limited to 300 by test/unit/web/journal/size.test.ts'),
    row(7, 'page of 50 of 100,000 by keys against by counting', paging.key / paging.offset, 1 / 80, '×', 4),
    note(7, '  milliseconds, by keys and by counting', `${paging.key.toFixed(2)}, ${paging.offset.toFixed(1)}`),
  ];
}

/**
 * Kills the browser repeatedly while eight writers append records. After each restart, counts the
 * records that the journal had confirmed as written to disk and that are now missing.
 */
async function kills(executablePath: string, profile: string, script: string): Promise<Row> {
  let lost = 0;
  let newest = 0;
  for (let life = 0; life <= KILLS; life++) {
    const { context, page } = await open(executablePath, profile, script);
    const { last, holds } = await page.evaluate((chain) => globalThis.keyferryJournal.readBack(chain), life);
    if (!holds) throw new Error('the chain of the journal does not hold after a kill');
    lost += Math.max(0, newest - last);
    if (life === KILLS) await context.close();
    else newest = await writeUntilKilled({ context, page }, life + 1);
    if (life % 100 === 99) console.log(`${life} kills, ${lost} records lost`);
  }
  return row(7, `records lost in ${KILLS} kills of the browser`, lost, 0, '', 0);
}

/**
 * Appends to a chain, and kills the browser after a random time.
 * @returns the number of the newest attempt that the journal had confirmed as written to disk
 */
async function writeUntilKilled({ context, page }: Opened, chain: number): Promise<number> {
  const kill = await armKill(context);
  let newest = 0;
  await page.exposeFunction('keyferrySaid', (id: number) => {
    newest = Math.max(newest, id);
  });
  page
    .evaluate((order) => {
      const { keyferrySaid } = globalThis as unknown as { keyferrySaid: (id: number) => void };
      return globalThis.keyferryJournal.writeForever(order, keyferrySaid);
    }, chain)
    .catch(() => undefined); // the kill closes the page
  while (newest === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 400));
  await kill();
  return newest;
}
