// The browser's own choosers, answered with the keyboard by nobody but an X server: headed, without any policy.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { startBrowser } from './support/browser.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

/** From the page's button into the chooser's list, to the first unit, and yes. */
const KEYS = ['shift+Tab', 'shift+Tab', 'Down', 'Return'];
const BETWEEN_KEYS_MS = 200;
const CHOOSER_MS = 1500;

interface Display {
  readonly name: string;
  readonly server: ChildProcess;
}

/** A free display, named by the server itself. */
async function startDisplay(): Promise<Display> {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1200x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const told = server.stdio[3];
  if (told === null || told === undefined) throw new Error('the X server tells nothing');
  const [number] = (await once(told, 'data')) as [Buffer];
  return { name: `:${number.toString().trim()}`, server };
}

for (const kind of ['USB', 'Serial'] as const) {
  test(`the chooser for ${kind} gives the unit to the page`, async ({ bring, service, machine, desk }) => {
    const one = await bring(unit(undefined, { link: kind === 'USB' ? 'usb' : 'serial' }));
    const display = await startDisplay();
    const { browser, close } = await startBrowser({ machine, devices: desk, display: display.name });
    try {
      const page = await browser.newPage();
      await page.goto(service.url);
      const station = new StationPage(page);
      await expect(station.lanes).toHaveCount(0);
      await page.getByRole('button', { name: kind, exact: true }).click();
      await sleep(CHOOSER_MS);
      for (const key of KEYS) {
        execFileSync('xdotool', ['key', key], { env: { ...process.env, DISPLAY: display.name } });
        await sleep(BETWEEN_KEYS_MS);
      }
      await station.lane(one.sn).expectWord('Ready');
    } finally {
      await close();
      display.server.kill();
    }
  });
}
