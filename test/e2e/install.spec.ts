// The page as an installed app: Chromium accepts its manifest at the root of the AS and below a path,
// installs it, and opens it without a network.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from '@playwright/test';
import { launchProfile } from './support/profile.ts';
import { test as base, expect } from './support/test.ts';
import { WebServer } from './support/web-server.ts';

interface Manifest {
  readonly icons: readonly { readonly src: string; readonly sizes: string; readonly type: string }[];
  readonly shortcuts: readonly { readonly name: string; readonly url: string }[];
}

/** A context without a profile is a private window, in which Chromium installs no app. */
const test = base.extend<{ readonly profile: BrowserContext; readonly web: WebServer }>({
  profile: async ({ browserName: _ }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'kf-install-'));
    const { context } = await launchProfile(folder, { serviceWorkers: 'allow' });
    await use(context);
    await context.close();
    await rm(folder, { recursive: true, force: true });
  },
  web: async ({ browserName: _ }, use) => {
    const web = await WebServer.start();
    await use(web);
    await web.stop();
  },
});

const views = (page: Page) => page.getByRole('navigation', { name: 'Views' });

test('can be installed from the AS and from a web server below a path, as two apps', async ({
  profile,
  service,
  web,
}) => {
  const page = await profile.newPage();
  const session = await profile.newCDPSession(page);
  for (const url of [`${service.url}/`, web.url]) {
    await page.goto(url);
    const { errors, url: from } = await session.send('Page.getAppManifest');
    expect([errors, from]).toEqual([[], `${url}manifest.json`]);
    expect((await session.send('Page.getInstallabilityErrors')).installabilityErrors).toEqual([]);
    // The address of the page is the id of the app.
    expect((await session.send('Page.getAppId')).appId).toBe(url);
  }
});

test('opens as an installed app without a network', { tag: '@long' }, async ({ profile, web }) => {
  const page = await profile.newPage();
  await page.goto(web.url);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const session = await profile.newCDPSession(page);
  const manifestId = web.url;
  await session.send('PWA.install', { manifestId, installUrlOrBundleUrl: web.url });
  await page.close();
  await web.stop();
  const other = await profile.newCDPSession(profile.pages()[0] ?? (await profile.newPage()));
  const [app] = await Promise.all([profile.waitForEvent('page'), other.send('PWA.launch', { manifestId })]);
  await expect(app).toHaveURL(web.url);
  await expect(views(app).getByRole('link', { name: 'Station' })).toBeVisible();
  await expect(app.getByLabel('Access code')).toBeVisible();
  await other.send('PWA.uninstall', { manifestId });
});

test('has icons of the sizes that the manifest says, and shortcuts to views that exist', async ({ page, service }) => {
  await page.goto(service.url);
  const manifest = (await (await page.request.get(`${service.url}/manifest.json`)).json()) as Manifest;
  for (const { src, sizes, type } of manifest.icons) {
    const answer = await page.request.get(`${service.url}/${src}`);
    expect(answer.headers()['content-type'], src).toBe(type);
    const size = await page.evaluate(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    if (sizes !== 'any') expect(size, src).toBe(sizes);
  }
  for (const { name, url } of manifest.shortcuts) {
    await page.goto(new URL(url, `${service.url}/`).href);
    const title = url.includes('#') ? name : 'Keyferry report verifier';
    await expect(page.getByRole('heading', { level: 1, name: title, exact: true })).toBeVisible();
  }
});

test('fetches neither the manifest nor its icons before the operator signs in', async ({ page, service, watch }) => {
  await page.goto(service.url);
  await expect(page.getByLabel('Access code')).toBeVisible();
  expect(watch.requests.filter((request) => /manifest|icon-/.test(request))).toEqual([]);
});
