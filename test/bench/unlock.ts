// Benchmark 6: the time to derive the key of a vault from its passphrase. Compares Argon2id in the
// product's worker with noble's Argon2id in the same worker and with PBKDF2 of WebCrypto. If the
// reference implementation in C is installed, compares with it too. Also counts the long tasks of
// the page during our derivation.
import type { Browser, Page } from '@playwright/test';
import { VAULT_COST } from '#protocol/vault/passphrase.ts';
import { runCommand } from '#test/support/run-command.ts';
import { bundle } from './bundle.ts';
import { median, note, type Row, row } from './row.ts';

const ROUNDS = 5;
const ORIGIN = 'http://localhost:9/';
const NAMES = ['ours', 'noble', 'pbkdf2'] as const;
const LONG_TASK_MS = 50;

export async function unlock(browser: Browser): Promise<Row[]> {
  const page = await browser.newPage();
  // Opens a page on a secure origin. Playwright answers the request, so no server is needed.
  await page.route(`${ORIGIN}**`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await page.goto(ORIGIN);
  await startWorker(page, await bundle('argon2/worker.ts'));
  const times = new Map<string, number[]>(NAMES.map((name) => [name, []]));
  let longTasks = 0;
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of NAMES) {
      const { ms, tasks } = await derive(page, name);
      if (round < 0) continue;
      times.get(name)?.push(ms);
      if (name === 'ours') longTasks += tasks.filter((task) => task > LONG_TASK_MS).length;
    }
  }
  await page.close();
  const of = (name: string): readonly number[] => times.get(name) ?? [];
  const ratio = median(of('ours').map((ms, round) => ms / (of('noble')[round] ?? Number.NaN)));
  const { memoryKib, passes, lanes } = VAULT_COST;
  const cost = `${memoryKib / 1024} MiB, t=${passes}, p=${lanes}`;
  return [
    row(6, `unlock, Argon2id ${cost}, against noble`, ratio, 0.35, '×'),
    row(6, 'tasks of the page over 50 ms meanwhile', longTasks, 0, '', 0),
    note(6, '  hash-wasm, in a worker', `${median(of('ours')).toFixed(0)} ms`),
    note(6, '  noble, in a worker', `${median(of('noble')).toFixed(0)} ms`),
    note(6, '  WebCrypto, PBKDF2-SHA-256, 600,000 times', `${median(of('pbkdf2')).toFixed(0)} ms`),
    note(6, '  reference implementation in C', await native()),
  ];
}

async function startWorker(page: Page, script: string): Promise<void> {
  await page.evaluate((text) => {
    const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
    const tasks: number[] = [];
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) tasks.push(task.duration);
    }).observe({ type: 'longtask' });
    Object.assign(window, { keyferryUnlock: { worker, tasks } });
  }, script);
}

async function derive(page: Page, name: string): Promise<{ readonly ms: number; readonly tasks: readonly number[] }> {
  return await page.evaluate(async (one) => {
    const { worker, tasks } = (window as unknown as { keyferryUnlock: { worker: Worker; tasks: number[] } })
      .keyferryUnlock;
    tasks.length = 0;
    const ms = await new Promise<number>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
      worker.postMessage(one);
    });
    return { ms, tasks: [...tasks] };
  }, name);
}

/** Runs the program of the Debian package argon2, which prints the time that it took. */
async function native(): Promise<string> {
  const { memoryKib, passes, lanes } = VAULT_COST;
  const args = ['somesaltsomesalt', '-id', '-t', passes, '-k', memoryKib, '-p', lanes, '-l', 32].join(' ');
  const { code, output } = await runCommand('sh', ['-c', `printf passphrase | argon2 ${args}`]);
  const seconds = /([\d.]+) seconds/.exec(output)?.[1];
  if (code !== 0 || seconds === undefined) return 'not on this machine (Debian: argon2)';
  return `${(Number(seconds) * 1000).toFixed(0)} ms, ${lanes} threads`;
}
