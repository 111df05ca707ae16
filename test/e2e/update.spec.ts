// A newer build of the page: announced with both versions, never applied during a load, and applied
// as a whole. The second build has other names for all its files, and its server does not have those
// of the first.
import type { Page, Response } from '@playwright/test';
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import { readJournal } from './support/journal.ts';
import { issue, OrdersPage } from './support/orders-page.ts';
import { type Build, firstBuild, makeSecondBuild } from './support/second-build.ts';
import type { Service } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { StationPage } from './support/station-page.ts';
import { test as base, expect, unit } from './support/test.ts';
import { openViews } from './support/views.ts';
import { startAsBehind, WebServer } from './support/web-server.ts';

interface Builds {
  readonly first: Build;
  readonly second: Build;
}

interface Hosting {
  readonly web: WebServer;
  /** An AS to which the web server forwards requests. */
  readonly as: Service;
}

const test = base.extend<Hosting, Builds>({
  first: [async ({ browserName: _ }, use) => use(await firstBuild()), { scope: 'worker' }],
  second: [
    async ({ browserName: _ }, use) => {
      const { remove, ...build } = await makeSecondBuild();
      await use(build);
      await remove();
    },
    { scope: 'worker' },
  ],
  web: async ({ browserName: _ }, use) => {
    const web = await WebServer.start();
    web.folders = ['dist/app'];
    // Otherwise the browser could take a file of the first build from its HTTP cache.
    web.headers = { 'cache-control': 'no-store' };
    await use(web);
    await web.stop();
  },
  as: async ({ web, page }, use) => {
    const service = await startAsBehind(web);
    await use(service);
    await page.close();
    await service.stop();
  },
});

// One worker runs all tests of this file, so the second build is made once.
test.describe.configure({ mode: 'default' });
test.use({ serviceWorkers: 'allow' });
test.slow(); // the page is cached twice, and each test opens all views

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

const nameOf = ({ version, hash }: Build): string => `version ${version}, build ${hash.slice(0, 8)}`;
const noteOf = (page: Page) => page.getByRole('complementary', { name: 'Update' });
const buttonOf = (page: Page) => noteOf(page).getByRole('button', { name: 'Update now' });

/** Opens the first build. Its service worker then serves the page. */
async function openFirst(page: Page, web: WebServer): Promise<void> {
  await page.goto(web.url);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
}

/** As openFirst(), and signs in. */
async function openSignedIn(page: Page, web: WebServer, as: Service): Promise<StationPage> {
  await openFirst(page, web);
  const station = new StationPage(page);
  await station.signIn(as.token);
  return station;
}

/** Publishes the second build. The browser then finds it, as it does every hour. */
async function publish(page: Page, web: WebServer, { folder }: Build): Promise<void> {
  web.folders = [folder];
  await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
}

/** Names of the scripts and stylesheets that the page has loaded. */
const loadedBy = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => path.includes('/assets/'))
      .map((path) => path.slice(path.lastIndexOf('/assets/') + 1)),
  );

const filesIn = (page: Page): Promise<readonly string[]> =>
  page.evaluate(async () => {
    const list = (await (await fetch('build.json')).json()) as { readonly files: object };
    return Object.keys(list.files);
  });

/** Opens every view, and checks that the page has only files of this build. */
async function expectWhole(page: Page, build: Build): Promise<void> {
  const failed: string[] = [];
  const note = (response: Response): void => {
    if (!response.ok() && response.url().includes('/assets/')) failed.push(response.url());
  };
  page.on('response', note);
  await openViews(page);
  await expect(
    page.getByRole('heading', { level: 3, name: nameOf(build).replace('version', 'Version') }),
  ).toBeVisible();
  page.off('response', note);
  expect(failed).toEqual([]);
  const loaded = await loadedBy(page);
  expect(loaded.length).toBeGreaterThan(10);
  const files = await filesIn(page);
  expect(loaded.filter((path) => !files.includes(path))).toEqual([]);
}

test('a newer build waits for a load, and then replaces the page as a whole', async ({
  page,
  web,
  as,
  first,
  second,
}) => {
  const slow = unit(SHARED, { link: 'usb', latency: { identity: 0, challenge: 0, importKey: 9_000 } });
  await injectSimulator(page, [slow]);
  const station = await openSignedIn(page, web, as);
  const lane = await station.attach('USB', slow.sn);
  await publish(page, web, second);
  await expect(buttonOf(page)).toBeEnabled();
  await lane.load(FIELD_KEY.label, 1);
  await expect(noteOf(page)).toContainText('Finish the load before you update.');
  await expect(noteOf(page)).toContainText(`New: ${nameOf(second)}. This page: ${nameOf(first)}.`);
  await expect(buttonOf(page)).toBeDisabled();
  await expect(page.getByRole('link', { name: 'Help update' })).toBeVisible();
  await expectAccessible(page, 'the line about an update, during a load');
  await lane.expectWord('Unplug');
  await expect(noteOf(page)).toContainText(
    'Update this page when it suits you. The page reloads, and you sign in again.',
  );
  const before = await readJournal(page);
  await buttonOf(page).click();
  await expect(station.token).toBeVisible();
  await expect(noteOf(page)).toBeHidden();
  await expectWhole(page, second);
  const after = await readJournal(page);
  expect(after.breaks).toEqual([]);
  expect(after.attempts).toEqual(before.attempts);
  expect(after.attempts.map(({ steps }) => steps.at(-1))).toEqual(['verify confirmed']);
});

test('a newer build waits for the run of an order, even between two units', LONG, async ({ page, web, as, second }) => {
  const one = unit(SHARED);
  await injectSimulator(page, [one]);
  await openSignedIn(page, web, as);
  const orders = new OrdersPage(page);
  await orders.open(await issue(as, { units: [one.sn, unit(SHARED).sn], set: SHARED }));
  await orders.start();
  await publish(page, web, second);
  await expect(noteOf(page)).toContainText('Pause the order before you update.');
  await expect(buttonOf(page)).toBeDisabled();
  await page.getByRole('button', { name: 'Pause order' }).click();
  await expect(buttonOf(page)).toBeEnabled();
});

test('a newer build waits for the other tabs of the page, and no tab mixes two builds', async ({
  page,
  context,
  web,
  as,
  first,
  second,
}) => {
  await openSignedIn(page, web, as);
  const other = await context.newPage();
  await other.goto(web.url);
  await publish(page, web, second);
  await buttonOf(page).click();
  await expect(noteOf(page)).toContainText('Close the other tabs of this page');
  // A tab with the verifier does not count.
  await other.goto(`${web.url}verify.html`);
  await expectWhole(page, first);
  await buttonOf(page).click();
  await expect(noteOf(page)).toBeHidden();
  await expectWhole(page, second);
});

test(
  'a page whose reload is prevented continues with the files of its own build',
  LONG,
  async ({ page, web, as, first, second }) => {
    await openSignedIn(page, web, as);
    await publish(page, web, second);
    await expect(buttonOf(page)).toBeEnabled();
    // Another program activates the newer build, and the page is not reloaded.
    await page.evaluate(async () => {
      const { waiting } = await navigator.serviceWorker.ready;
      const activated = new Promise<void>((resolve) => {
        waiting?.addEventListener('statechange', () => waiting.state === 'activated' && resolve());
      });
      waiting?.postMessage('activate');
      await activated;
    });
    await openViews(page);
    // A build in several languages also has a cache with the name of the language.
    const caches = () =>
      page.evaluate(async () =>
        (await window.caches.keys()).flatMap((name) => (name.endsWith('-language') ? [] : [name.slice(-64)])),
      );
    expect(await caches()).toEqual([first.hash, second.hash]);
    await buttonOf(page).click();
    await expectWhole(page, second);
    // When the page is opened and no tab has it open, the files of the first build are deleted. The
    // browser may take a moment to forget a page that was left.
    await expect(async () => {
      await page.goto('about:blank');
      await page.goto(web.url);
      await expect.poll(caches, { timeout: 3_000 }).toEqual([second.hash]);
    }).toPass({ timeout: 30_000 });
  },
);

test('a page that cannot start changes to the newer build at Reload', LONG, async ({ page, web, second }) => {
  await openFirst(page, web);
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
  });
  await page.reload();
  const reload = page.getByRole('alert').getByRole('button', { name: 'Reload' });
  await expect(reload).toBeVisible();
  await publish(page, web, second);
  const isWaiting = () => page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null);
  await expect.poll(isWaiting).toBe(true);
  await Promise.all([page.waitForEvent('load'), reload.click()]);
  await expect(reload).toBeVisible();
  expect(await page.evaluate(async () => (await (await fetch('build.json')).json()).hash)).toBe(second.hash);
  const files = await filesIn(page);
  expect((await loadedBy(page)).filter((path) => !files.includes(path))).toEqual([]);
});

test('a newer build that is cached replaces the page when the page is opened', async ({ page, web, second }) => {
  await openFirst(page, web);
  await publish(page, web, second);
  await expect(noteOf(page)).toBeVisible();
  await page.reload();
  await expect(noteOf(page)).toBeHidden();
  await expectWhole(page, second);
});
