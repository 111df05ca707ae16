// The page in two languages: opened in the language of the browser or of the operator, read from
// right to left, and used without a network. The translations are test texts
// (support/translated-build.ts).
import type { Page } from '@playwright/test';
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import type { Service } from './support/service.ts';
import { DIVERSIFIED } from './support/sets.ts';
import { StationPage } from './support/station-page.ts';
import { test as base, expect, unit } from './support/test.ts';
import { buildTranslated, type TranslatedBuild } from './support/translated-build.ts';
import { startAsBehind, WebServer } from './support/web-server.ts';

const test = base.extend<{ readonly web: WebServer; readonly as: Service }, { readonly build: TranslatedBuild }>({
  build: [
    async ({ browserName: _ }, use) => {
      const build = await buildTranslated();
      await use(build);
      await build.remove();
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  web: async ({ build }, use) => {
    const web = await WebServer.start();
    web.folders = [build.folder];
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

/** Text that only a translation contains. */
const TRANSLATED = '~~';

const expectLanguage = (page: Page, language: string): Promise<void> =>
  expect(page.locator('html')).toHaveAttribute('lang', language);

// One worker runs all tests of this file, so the two languages are built once.
test.describe.configure({ mode: 'default' });

test.describe('in a browser in Arabic', () => {
  test.use({ locale: 'ar-EG' });

  test('opens the page from right to left, and loads a key', async ({ page, web, as }) => {
    const one = unit(DIVERSIFIED);
    await injectSimulator(page, [one]);
    await page.goto(`${web.url}#station`);
    await expectLanguage(page, 'ar');
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
    await expect(page).toHaveURL(`${web.url}index.ar.html#station`);
    await expect(page.getByRole('navigation').first()).toContainText(TRANSLATED);

    const station = new StationPage(page);
    await station.token.fill(as.token);
    const button = page.getByRole('button', { name: /^(Sign in|Trust AS and sign in)/ });
    await page.getByRole('checkbox', { name: 'All eight groups are the same' }).check();
    await button.click();
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    await page.evaluate((choice) => window.keyferrySimulator?.nextChoice(choice), one.sn);
    await page.getByRole('button', { name: /^USB/ }).click();
    const lane = station.lane(one.sn);
    await lane.root.getByRole('radio', { name: /^Slot ~* 2\b.* Field key/ }).check();
    await lane.root.getByRole('button', { name: /^Load into slot 2/ }).click();
    await expect(lane.word).toContainText('Unplug');
    await expectAccessible(page, 'the station in Arabic');
  });

  test('is followed by the choice of the operator at the sign-in', async ({ page, web, as: _ }) => {
    const links = page.locator('main nav.languages').getByRole('link');
    await page.goto(web.url);
    await expectLanguage(page, 'ar');
    await expect(page.getByLabel(/^Access code/)).toBeVisible();
    await expect(links).toHaveText(['English']);
    await links.click();
    await expect(page).toHaveURL(`${web.url}index.html`);
    await expectLanguage(page, 'en');
    await page.goto(web.url);
    await expectLanguage(page, 'en');
    await expect(page).toHaveURL(web.url);

    // A page that cannot start has the links too.
    web.contents = new Map([['site.json', '{}']]);
    await page.reload();
    await expect(page.getByRole('alert').getByRole('button', { name: 'Reload' })).toBeVisible();
    await expect(links).toHaveText(['العربية']);
    await links.click();
    await expect(page).toHaveURL(`${web.url}index.ar.html`);
    await expectLanguage(page, 'ar');
    await expect(page.getByRole('alert')).toBeVisible();
    await expectAccessible(page, 'a page that cannot start, in Arabic');
  });

  test('stays in English if the server has no page in Arabic', async ({ page, web }) => {
    web.contents = new Map([['index.ar.html', '<!doctype html><html lang="en"><title>Not here</title>']]);
    await page.goto(web.url);
    await expect(page).toHaveTitle('Not here');
    await page.goto(web.url);
    await expectLanguage(page, 'en');
    await expect(page.getByLabel('Access code')).toBeVisible();
  });
});

test.describe('with a service worker', () => {
  test.use({ serviceWorkers: 'allow' });

  test('changes the language under Help, and opens in it without a network', async ({ page, context, web, as: _ }) => {
    await page.goto(`${web.url}#help`);
    await expectLanguage(page, 'en');
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    const languages = page.getByRole('region', { name: /^Language/ });
    await languages.getByRole('button').nth(1).click();
    await expect(page).toHaveURL(`${web.url}index.ar.html#help`);
    await expectLanguage(page, 'ar');
    await expect(languages).toContainText(TRANSLATED);
    await expect.poll(() => cachedLanguage(page)).toBe('ar');

    // The network is off in the page, and the server does not answer the service worker either.
    await context.setOffline(true);
    web.isDown = true;
    await expect(async () => {
      await page.goto('about:blank');
      await page.goto(`${web.url}#help`);
      await expectLanguage(page, 'ar');
      // The page in English is deleted from the cache when no tab has the page open.
      expect(await isCached(page, web.url)).toBe(false);
    }).toPass();
    await expect(languages.getByRole('button').nth(1)).toHaveAttribute('aria-current', 'true');
    expect(await page.evaluate(() => document.querySelectorAll('[dir=rtl]').length)).toBe(1);

    const opened = page.waitForEvent('popup');
    await page.locator('main a[href^="guide/"]').first().click();
    const guide = await opened;
    await expect(guide).toHaveURL(`${web.url}guide/ar/engineer.html`);
    await expectLanguage(guide, 'ar');
    await guide.close();
    expect(await isCached(page, `${web.url}guide/ar/stations.html`)).toBe(true);
    expect(await isCached(page, `${web.url}guide/stations.html`)).toBe(false);

    await languages.getByRole('button', { name: 'English' }).click();
    await expect(languages.getByRole('status')).toContainText('could not be fetched');
    await expectLanguage(page, 'ar');

    await context.setOffline(false);
    web.isDown = false;
    await languages.getByRole('button', { name: 'English' }).click();
    await expect(page).toHaveURL(`${web.url}index.html#help`);
    await expectLanguage(page, 'en');
    await expect.poll(() => cachedLanguage(page)).toBe('en');
    await page.goto(web.url);
    await expectLanguage(page, 'en');
  });

  test('opens the demo in the language that was open last, without a network', async ({
    page,
    context,
    web,
    build,
  }) => {
    web.folders = [build.folder, build.demo];
    await page.goto(`${web.url}demo.html`);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await page.goto(`${web.url}demo.ar.html?language=ar`);
    await expectLanguage(page, 'ar');
    await expect.poll(() => cachedLanguage(page)).toBe('ar');
    const scopes = await page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope),
    );
    expect(scopes).toEqual([`${web.url}demo`]);

    await context.setOffline(true);
    web.isDown = true;
    await expect(async () => {
      await page.goto('about:blank');
      await page.goto(`${web.url}demo.html`);
      await expectLanguage(page, 'ar');
      expect(await isCached(page, `${web.url}demo.html`)).toBe(false);
    }).toPass();
    await expect(page.getByRole('button', { name: /^USB/ })).toBeEnabled();
    await context.setOffline(false);
  });
});

/** Whether the service worker has cached the file of its build at this address. */
async function isCached(page: Page, url: string): Promise<boolean> {
  return await page.evaluate(async (wanted) => {
    const [name = ''] = (await caches.keys()).filter((each) => !each.endsWith('-language'));
    return (await (await caches.open(name)).match(wanted)) !== undefined;
  }, url);
}

/** Returns the language that the service worker has cached. */
async function cachedLanguage(page: Page): Promise<string | undefined> {
  return await page.evaluate(async () => {
    const name = (await caches.keys()).find((each) => each.endsWith('-language'));
    if (name === undefined) return undefined;
    const cache = await caches.open(name);
    const [request] = await cache.keys();
    return request && (await (await cache.match(request))?.text());
  });
}
