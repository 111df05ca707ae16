// Implements `npm run bench`, which prints our measurements with their limits. `npm run bench -- 2
// 4` runs only benchmarks 2 and 4. The packages of the peers have their own package.json in
// test/bench/peers and are installed on the first run. A value over its limit does not fail the
// run, because the values depend on the speed of the machine.
import { chromium } from '@playwright/test';
import { chromiumSwitches } from '#test/support/chromium.ts';
import { provideChromium } from '#test/support/install-chromium.ts';
import { runTool } from '#test/support/run-command.ts';
import { hostCost } from './host-cost.ts';
import { hostileBytes } from './hostile.ts';
import { journalCost } from './journal.ts';
import { roundTrips } from './round-trips.ts';
import { type Row, table } from './row.ts';
import { longList } from './rows.ts';
import { start } from './start.ts';
import { unlock } from './unlock.ts';
import { wireBytes } from './wire-bytes.ts';

const wanted = process.argv.slice(2);
const wants = (line: number): boolean => wanted.length === 0 || wanted.includes(String(line));

const found = await provideChromium(console.log);
if ('missing' in found) throw new Error(found.missing);
const browser = await chromium.launch({ executablePath: found.path, args: chromiumSwitches() });
const rows: Row[] = [];
try {
  if (wants(1)) rows.push(...(await roundTrips(browser)));
  if (wants(2)) rows.push(...(await wireBytes()));
  if (wants(3) || wants(7)) rows.push(...(await journalCost(found.path, [3, 7].filter(wants))));
  if (wants(4)) rows.push(...(await hostCost(browser)), ...hostileBytes());
  if (wants(6)) rows.push(...(await unlock(browser)));
  if (wants(8)) rows.push(...(await longList(browser)));
  if (wants(9)) {
    const { code, output } = await runTool('vite', 'vite', ['build']);
    if (code !== 0) throw new Error(output);
    rows.push(...(await start(browser)));
  }
} finally {
  await browser.close();
}
console.log(table(rows));
const over = rows.filter((one) => one.verdict === 'over').length;
console.log(`\n${rows.filter((one) => one.verdict !== '').length - over} within, ${over} over.`);
