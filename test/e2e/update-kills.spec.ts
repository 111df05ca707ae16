// Kills the browser while it installs or activates a newer build of the page. The page that is opened
// next is wholly of one build, and the journal is whole.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { injectSimulator } from './support/inject.ts';
import { readJournal } from './support/journal.ts';
import { launchProfile } from './support/profile.ts';
import { makeSecondBuild } from './support/second-build.ts';
import { FIELD_KEY } from './support/sets.ts';
import { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';
import { openViews } from './support/views.ts';
import { startAsBehind, WebServer } from './support/web-server.ts';

const find = (page: Page): Promise<void> =>
  page.evaluate(() => {
    void navigator.serviceWorker.ready.then((registration) => registration.update());
  });

/** The build of a page whose files are all of that build. */
async function buildOf(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const { version, files } = (await (await fetch('build.json')).json()) as { version: string; files: object };
    const paths = performance
      .getEntriesByType('resource')
      .map(({ name }) => /\/(assets\/.*)$/.exec(new URL(name).pathname)?.[1])
      .filter((path) => path !== undefined);
    const foreign = paths.filter((path) => !(path in files));
    return foreign.length === 0 && paths.length > 10 ? version : `${version}, and ${paths.length} files: ${foreign}`;
  });
}

/** Makes the server never send these files of the page. Resolves when it is asked for one of them. */
function holdAt(web: WebServer, isHeld: (path: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    web.beforeFile = async (path) => {
      if (path === 'service-worker.js' || !isHeld(path)) return;
      resolve();
      await new Promise<void>(() => undefined);
    };
  });
}

/** Makes the server send nothing. Returns a function that makes it send everything. */
function holdAll(web: WebServer): () => void {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  web.beforeFile = () => released;
  return release;
}

const MOMENTS = ['before the first file', 'before the last file', 'during the activation'] as const;

for (const moment of MOMENTS) {
  test(`the page and its journal are whole after a kill ${moment} of a newer build`, { tag: '@long' }, async () => {
    test.slow(); // starts two browsers and a service
    const profile = await mkdtemp(join(tmpdir(), 'kf-update-'));
    const second = await makeSecondBuild();
    const web = await WebServer.start();
    web.folders = ['dist/app'];
    web.headers = { 'cache-control': 'no-store' };
    const service = await startAsBehind(web);
    try {
      const before = await launchProfile(profile, { serviceWorkers: 'allow' });
      const page = await before.context.newPage();
      const one = unit();
      await injectSimulator(page, [one]);
      await page.goto(web.url);
      await page.evaluate(async () => void (await navigator.serviceWorker.ready));
      const station = new StationPage(page);
      await station.signIn(service.token);
      const lane = await station.attach('USB', one.sn);
      await lane.load(FIELD_KEY.label, 1);
      await lane.expectWord('Unplug');
      const journal = await readJournal(page);
      const first = await page.evaluate(async () => (await (await fetch('build.json')).json()).version as string);

      web.folders = [second.folder];
      if (moment === 'during the activation') {
        await find(page);
        await page.getByRole('button', { name: 'Update now' }).click({ noWaitAfter: true });
      } else {
        const reached = holdAt(web, (path) => moment === 'before the first file' || path === 'verify.html');
        await find(page);
        await reached;
      }
      await before.kill();

      // While the server does not answer, the page is wholly one of the two builds.
      const release = holdAll(web);
      const after = await launchProfile(profile, { serviceWorkers: 'allow' });
      const again = await after.context.newPage();
      await again.goto(web.url);
      await openViews(again);
      const versions = moment === 'during the activation' ? [first, second.version] : [first];
      expect(versions).toContain(await buildOf(again));
      expect(await readJournal(again)).toMatchObject({ attempts: journal.attempts, breaks: [] });

      // The server answers again: the newer build is installed, and replaces the page when it is opened.
      release();
      await find(again);
      await expect(async () => {
        await again.goto(web.url);
        await openViews(again);
        expect(await buildOf(again)).toBe(second.version);
      }).toPass();
      expect(await readJournal(again)).toMatchObject({ attempts: journal.attempts, breaks: [] });
      await after.context.close();
    } finally {
      await service.stop();
      await web.stop();
      await second.remove();
      await rm(profile, { recursive: true, force: true });
    }
  });
}
