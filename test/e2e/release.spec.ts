// The served page compared with a release: in the view Help, and by the command verify-deployment.
import type { Page } from '@playwright/test';
import { verifyDeployment } from '#as-service/release/verify-deployment.ts';
import { digestsIn, signRelease } from '#test/support/release.ts';
import { expectAccessible } from './support/accessible.ts';
import { test as base, expect } from './support/test.ts';
import { startAsBehind, WebServer } from './support/web-server.ts';

interface Fixtures {
  /** A web server with the page, and an AS behind it. */
  readonly web: WebServer;
}

const test = base.extend<Fixtures>({
  web: async ({ page }, use) => {
    const web = await WebServer.start();
    const service = await startAsBehind(web, { bare: true });
    await use(web);
    // Without the AS, the page could not load its remaining parts.
    await page.close();
    await service.stop();
    await web.stop();
  },
});
test.use({ serviceWorkers: 'allow' });

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

const DIGESTS = digestsIn('dist', ['app', 'demo']);
const release = (version = '1.2.3'): Promise<string> => signRelease(DIGESTS, { version });

async function openHelp(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Check again' })).toBeEnabled();
}

/** The page compares hundreds of files, one after the other. */
const compared = expect.configure({ timeout: 90_000 });
const panel = (page: Page) => page.getByRole('region', { name: 'Release' });
async function openRelease(page: Page, text: string): Promise<void> {
  await panel(page)
    .getByLabel('Open release file')
    .setInputFiles({ name: 'release.json', mimeType: 'application/json', buffer: Buffer.from(text) });
}

test('Help says which release the page is, and refuses other files', async ({ page, web }) => {
  await page.goto(web.url);
  await openHelp(page);
  await openRelease(page, await release());
  await compared(panel(page)).toContainText('This page is release 1.2.3');
  await expect(panel(page)).toContainText(/ ([\dA-F]{4} ){7}[\dA-F]{4}/);
  await expectAccessible(page, 'help, the page is the release');
  await openRelease(page, '{"format":"keyferry-site-1"}');
  await expect(panel(page).getByRole('alert')).toContainText('This file is not the statement of a release.');
  await compared(panel(page)).not.toContainText('This page is release');
  await openRelease(page, (await release()).replace(/"sig":"./, '"sig":"/'));
  await expect(panel(page).getByRole('alert')).toContainText('This statement was changed after it was signed.');
});

test('the demo is compared with its own files', LONG, async ({ page, web }) => {
  await page.goto(`${web.url}demo.html`);
  await openHelp(page);
  await openRelease(page, await release());
  await compared(panel(page)).toContainText('This page is release 1.2.3');
});

test('one changed file is found, at the server and in the cache of the browser', async ({ page, web }) => {
  const verify = async () =>
    verifyDeployment({ command: 'verify-deployment', url: web.url, release: await release(), key: null });
  await page.goto(web.url);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload(); // now the service worker answers from its cache
  const script = await page.evaluate(async () => {
    const stored = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    const [found] = stored.flat().flatMap(({ url }) => /assets\/history-[\w-]+\.js$/.exec(url) ?? []);
    return found ?? '';
  });
  expect((await verify()).isEqual).toBe(true);

  web.contents = new Map([[script, 'export const changed = 1;']]);
  const { isEqual, lines } = await verify();
  expect(isEqual).toBe(false);
  expect(lines.filter((line) => line.startsWith('changed'))).toEqual(
    ['br', 'gzip', 'identity'].map((encoding) => `changed     ${script} (encoding ${encoding})`),
  );
  await openHelp(page);
  await openRelease(page, await release());
  await compared(panel(page)).toContainText('This page is release 1.2.3, and the server has other files');
  const list = panel(page).getByRole('list', { name: 'Files that differ' });
  await expect(list.getByRole('listitem')).toHaveText([`${script} changed, at the server`]);
  await expectAccessible(page, 'help, the server has other files');

  web.contents = new Map();
  await page.evaluate(async (path) => {
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      const url = new URL(path, location.href).pathname;
      if (await cache.match(url)) await cache.put(url, new Response('export const changed = 1;'));
    }
  }, script);
  await openRelease(page, await release());
  await expect(panel(page)).toContainText('This browser does not use release 1.2.3');
  await expect(list.getByRole('listitem')).toHaveText([`${script} changed, in this browser`]);
});

test('without a network, Help compares the copies in the browser', LONG, async ({ page, web, context }) => {
  await page.goto(web.url);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.reload();
  await openHelp(page);
  await context.setOffline(true);
  await openRelease(page, await release());
  await expect(panel(page)).toContainText('This browser uses release 1.2.3');
  await expect(panel(page)).toContainText('The server could not be reached, so its files were not compared.');
  await context.setOffline(false);
});

test('the comparison fits a phone', LONG, async ({ page, web }) => {
  await page.setViewportSize({ width: 320, height: 3000 });
  web.contents = new Map([['favicon.svg', '<svg/>']]);
  await page.goto(web.url);
  await openHelp(page);
  await openRelease(page, await release('1.2.3-release-candidate.10'));
  await compared(panel(page)).toContainText('This page is not release 1.2.3-release-candidate.10');
  await expectAccessible(page, 'help, release at 320 px');
});
