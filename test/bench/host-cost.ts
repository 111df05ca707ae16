// Benchmark 4: the time that the host needs for one exchange, in Chromium, with a device that
// answers immediately. Runs our cases and those of other libraries (the peers) in turn. The speed
// of the machine changes between rounds. Therefore each round gives one ratio, and the result is
// the median of these ratios.
import { existsSync } from 'node:fs';
import type { Browser, Page } from '@playwright/test';
import { runCommand } from '#test/support/run-command.ts';
import { bundle } from './bundle.ts';
import { median, note, type Row, row } from './row.ts';

const ROUNDS = 15;
const COUNT = 400;
const PEERS = 'test/bench/peers';

export async function hostCost(browser: Browser): Promise<Row[]> {
  const page = await browser.newPage();
  const rows: Row[] = [];
  await page.addScriptTag({ content: await bundle('host-cost/page.ts') });
  const names = await page.evaluate(() => globalThis.keyferryBench.names('ours'));
  const missing = await providePeers();
  if (missing === undefined) {
    await page.addScriptTag({ content: await bundle('peers/page.ts') });
    names.push(...(await page.evaluate(() => globalThis.keyferryBench.names('peers'))));
  } else {
    rows.push(note(4, 'peers', `could not be had: ${missing}`));
  }
  const times = await measure(page, names);
  await page.close();

  const per = (name: string): number => median(times.get(name) ?? []);
  const ratio = (name: string, to: string): number => {
    const others = times.get(to) ?? [];
    return median((times.get(name) ?? []).map((time, round) => time / (others[round] ?? Number.NaN)));
  };
  rows.push(
    row(4, 'host cost, serial, against the raw stream', ratio('Keyferry, serial (T=1)', 'raw serial stream'), 2, '×'),
  );
  for (const [peer, limit] of [
    ['Improv serial SDK', 1 / 4],
    ['Ledger device-management-kit', 1 / 15],
    ['esptool-js', 1 / 15],
  ] as const) {
    if (times.has(peer))
      rows.push(row(4, `host cost, serial, against ${peer}`, ratio('Keyferry, serial (T=1)', peer), limit, '×', 3));
  }
  for (const name of names) rows.push(note(4, `  ${name}`, `${per(name).toFixed(1)} µs`));
  return rows;
}

async function measure(page: Page, names: readonly string[]): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    // Each round starts with a different case, so that no case is always the first or the last.
    const order = names.map((_, i) => names[(i + round + names.length) % names.length] ?? '');
    for (const name of order) {
      const ms = await page.evaluate(([one, count]) => globalThis.keyferryBench.time(one, count), [
        name,
        COUNT,
      ] as const);
      if (round >= 0) times.get(name)?.push((ms * 1000) / COUNT);
    }
  }
  return times;
}

/**
 * Installs the packages of the peers if they are missing.
 * @returns the reason why the installation failed; undefined if the packages are installed
 */
async function providePeers(): Promise<string | undefined> {
  if (existsSync(`${PEERS}/node_modules/esptool-js`)) return undefined;
  const { code, output } = await runCommand('npm', [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefix',
    PEERS,
  ]);
  return code === 0 ? undefined : (output.trim().split('\n').at(-1) ?? 'npm ci failed');
}
