// Serves the page from a place other than the root of its AS: below a path of another web server,
// with the demo, the verifier and the offline cache, and on an origin other than that of the AS.
import type { Page } from '@playwright/test';
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import { Service, type ServiceOptions } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { StationPage } from './support/station-page.ts';
import { test as base, expect, unit } from './support/test.ts';
import { startAsBehind, WebServer } from './support/web-server.ts';

interface Hosting {
  readonly web: WebServer;
  /** Starts an AS to which the web server forwards requests. */
  readonly startAs: (options?: ServiceOptions) => Promise<Service>;
}

const test = base.extend<Hosting>({
  web: async ({ browserName: _ }, use) => {
    const web = await WebServer.start();
    await use(web);
    await web.stop();
  },
  startAs: async ({ web, page }, use) => {
    let service: Service | undefined;
    await use(async (options = {}) => {
      service = await startAsBehind(web, options);
      return service;
    });
    // Closes the page before the AS stops. Otherwise the page could not load its remaining parts.
    await page.close();
    await service?.stop();
  },
});

/** Returns the scopes of the active service workers of this origin. */
async function activeScopes(): Promise<readonly string[]> {
  const all = await navigator.serviceWorker.getRegistrations();
  return all.filter(({ active }) => active !== null).map(({ scope }) => scope);
}

const STUCK = 'Its scripts have not started.';

test('loads keys over USB and serial below a path', async ({ page, station, web, startAs, watch }) => {
  const service = await startAs();
  const units = [unit(SHARED, { link: 'usb' }), unit(SHARED, { link: 'serial' })] as const;
  await injectSimulator(page, units);
  await page.goto(web.url);
  await station.signIn(service.token);
  for (const [kind, { sn }] of [['USB', units[0]] as const, ['Serial', units[1]] as const]) {
    const lane = await station.attach(kind, sn);
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');
  }
  for (const view of ['History', 'Orders', 'Tokens']) {
    await page.getByRole('link', { name: view, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name: view })).toBeVisible();
  }
  // The page asks for nothing outside its folder.
  expect(watch.requests.map((each) => each.split(' ')[1]).filter((url) => !url?.startsWith(web.url))).toEqual([]);
});

test('the verifier and the demo are in the folder of the page', { tag: '@long' }, async ({ page, web, startAs }) => {
  const service = await startAs({ demo: true, bare: true });
  await page.goto(`${web.url}#report`);
  const verifier = page.getByRole('link', { name: 'Open verifier' });
  await expect(verifier).toHaveJSProperty('href', `${web.url}verify.html`);
  await page.goto(`${web.url}verify.html`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Keyferry report verifier');

  await page.goto(`${web.url}demo.html`);
  const demo = new StationPage(page);
  await demo.signIn(service.token);
  await page.getByRole('button', { name: 'USB', exact: true }).click();
  const chooser = page.getByRole('dialog');
  await chooser.getByRole('option').or(chooser.getByRole('radio')).first().click();
  await chooser.getByRole('button', { name: 'Connect' }).click();
  const lane = demo.onlyLane();
  await lane.load('Data encryption key', 1);
  await lane.expectWord('Unplug');
  const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(names).toContain('demo-keyferry');
});

test('an AS behind a proxy that removes the path serves the page, and the page finds the demo', {
  tag: '@long',
}, async ({ page, station, web, startAs }) => {
  const service = await startAs({ demo: true, bare: true });
  web.forwards = 'all';
  await page.goto(web.url);
  await station.signIn(service.token);
  const link = page.getByRole('link', { name: 'Try it with simulated units' });
  await link.click();
  await expect(page).toHaveURL(`${web.url}demo.html`);
  await expect(page.getByRole('heading', { name: 'Simulated bench' })).toBeVisible();
  await expect(station.token).toBeVisible();
});

test.describe('without a network', () => {
  test.use({ serviceWorkers: 'allow' });

  test('the page, the verifier and the demo open below a path', { tag: '@long' }, async ({
    page,
    context,
    web,
    startAs,
  }) => {
    await startAs({ demo: true, bare: true });
    const opened = [
      [web.url, page.getByLabel('Access code'), web.url],
      [`${web.url}demo.html`, page.getByRole('heading', { name: 'Simulated bench' }), `${web.url}demo`],
    ] as const;
    for (const [url, content, scope] of opened) {
      await page.goto(url);
      await expect(content).toBeVisible();
      await expect.poll(() => page.evaluate(activeScopes)).toContain(scope);
    }
    await web.stop();
    await context.setOffline(true);
    const verifier = page.getByRole('heading', { name: 'Keyferry report verifier' });
    const index = [`${web.url}index.html`, opened[0][1]] as const;
    for (const [url, content] of [...opened, index, [`${web.url}verify.html`, verifier] as const]) {
      await page.goto(url);
      await expect(content).toBeVisible();
    }
    await context.setOffline(false);
  });
});

test.describe('a page whose scripts do not start', () => {
  for (const file of ['', 'demo.html']) {
    test(`says what to check, when its scripts are not sent: ${file || 'index.html'}`, async ({ page, web }) => {
      await page.route('**/*.js', (route) => route.abort());
      await page.goto(web.url + file);
      await expect(page.getByText(STUCK)).toBeVisible();
      await expectAccessible(page, 'the page without its scripts');
    });
  }

  test('says what to check, at an address without the slash of its folder', { tag: '@long' }, async ({ page, web }) => {
    await page.goto(web.url.slice(0, -1));
    await expect(page.getByText(STUCK)).toBeVisible();
    await expect(page.getByText('needs a slash at its end')).toBeVisible();
  });

  test('says that it needs JavaScript, in a browser that blocks it', async ({ browser, web }) => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    for (const file of ['', 'demo.html']) {
      await page.goto(web.url + file);
      // Uses a selector, because getByText() ignores noscript.
      const sentence = page.locator('noscript p');
      await expect(sentence).toBeVisible();
      await expect(sentence).toContainText('Allow JavaScript for this site');
      await expect(page.getByText(STUCK)).toBeHidden();
    }
    await page.goto(`${web.url}verify.html`);
    await expect(page.locator('noscript p')).toBeVisible();
    await expect(page.locator('noscript p')).toContainText('The verifier needs JavaScript.');
    await context.close();
  });
});

test('a page of a listed origin calls an AS of another origin, and a page of another origin cannot', async ({
  browser,
  page,
  web,
}) => {
  const stranger = await WebServer.start();
  const service = await Service.start({ bare: true, args: ['--allow-origin', web.origin] });
  try {
    const ask = async (from: Page, { url }: WebServer) => {
      await from.goto(url);
      return await from.evaluate(
        async ({ as, code }) => {
          const authorization = `Bearer ${code}`;
          const init = { credentials: 'omit', redirect: 'manual', cache: 'no-store' } as const;
          const send = async (path: string, more: RequestInit) => {
            const answer = await fetch(`${as}/v1/${path}`, { ...init, ...more }).catch(() => undefined);
            if (answer === undefined) return 'no answer';
            const { type } = (await answer.json()) as { readonly type?: string };
            return { status: answer.status, type, date: answer.headers.has('date') };
          };
          return [
            await send('whoami', { headers: { authorization } }),
            await send('exports', {
              method: 'POST',
              headers: { authorization, 'content-type': 'application/json' },
              body: '{}',
            }),
          ];
        },
        { as: service.url, code: service.token },
      );
    };
    for (const server of [web, stranger]) server.policyNames = [service.url];
    expect(await ask(page, web)).toEqual([
      { status: 200, date: true },
      { status: 400, type: 'urn:keyferry:problem:request-refused', date: true },
    ]);
    // Uses a page without the fixture `watch`, because the browser logs the refusals as errors.
    const other = await browser.newPage();
    expect(await ask(other, stranger)).toEqual(['no answer', 'no answer']);
    await other.close();
  } finally {
    await service.stop();
    await stranger.stop();
  }
});

test('serves the guides below a path, and Help leads to them', { tag: '@long' }, async ({
  page,
  web,
  startAs,
  context,
}) => {
  await startAs({ bare: true });
  await page.goto(web.url);
  await page.getByRole('link', { name: 'Help', exact: true }).click();
  const opened = context.waitForEvent('page');
  await page.getByRole('region', { name: 'Guides' }).getByRole('link', { name: 'Loading keys' }).click();
  const guide = await opened;
  await guide.setViewportSize({ width: 320, height: 800 });
  await expect(guide.getByRole('heading', { level: 1, name: 'Loading keys' })).toBeVisible();
  const picture = guide.getByRole('img').first();
  await picture.scrollIntoViewIfNeeded();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  expect(await guide.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await expectAccessible(guide, 'a guide');
  await guide.getByRole('link', { name: 'Setting up a station' }).click();
  await expect(guide.getByRole('heading', { level: 2, name: 'Linux', exact: true })).toBeVisible();
  expect(await guide.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await expectAccessible(guide, 'the guide to stations');
});
