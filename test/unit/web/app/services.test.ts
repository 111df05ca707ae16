// A station that has accepted no site file: what waits until the web server has answered the
// request for one.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SITE, signSiteFile } from '#test/support/site.ts';
import type { Environment } from '#web/app/environment.ts';
import { type Services, startServices } from '#web/app/services.ts';
import { openSettings } from '#web/app/storage.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';

/** Fakes navigator.locks of a browser with one page. */
const locks = {
  request: async (name: string, callback: (lock: Lock) => unknown) => await callback({ name, mode: 'exclusive' }),
  query: async () => ({ held: [], pending: [] }),
};

let requests: string[];
beforeEach(() => {
  requests = [];
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  vi.stubGlobal('location', { search: '', pathname: '/', hash: '' });
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => undefined });
  vi.stubGlobal('fetch', async (url: string) => {
    requests.push(url);
    throw new TypeError('no network');
  });
});
afterEach(() => vi.unstubAllGlobals());

async function start() {
  let answer: (response: Response | undefined) => void = () => undefined;
  const unused = (): void => undefined;
  const environment = {
    browser: { locks, userAgent: '', onLine: true },
    platform: 'linux',
    asBase: ['https://page.example'],
    siteAnswer: new Promise<Response | undefined>((resolve) => {
      answer = resolve;
    }),
    settings: openSettings(''),
    storagePrefix: '',
    now: () => new Date(),
    ticks: () => 0,
    ...{ onAsTime: unused, onSuperseded: unused, onJournalFailure: unused, onReach: unused },
  } as unknown as Environment;
  const services: Services = await startServices(environment);
  return { services, answer };
}

it('units do not wait for the answer, and requests to the AS do', async () => {
  const { services, answer } = await start();
  expect(await services.links.remembered()).toEqual([]);
  const signingIn = expect(services.as.signIn('code')).rejects.toMatchObject({ code: 'service-unreachable' });
  const comparing = expect(services.as.roots.compare()).rejects.toThrow();
  await new Promise((resolve) => setImmediate(resolve));
  expect(requests).toEqual([]);
  answer(new Response(await signSiteFile()));
  await Promise.all([signingIn, comparing]);
  expect(requests.every((url) => url === `${SITE.as[0]}/v1/trust`)).toBe(true);
  const site = await services.site;
  expect([site?.asBase, site?.profiles]).toEqual([SITE.as, PROFILES]);
});

it('without a site file, the AS is in the folder of the page', async () => {
  const { services, answer } = await start();
  answer(new Response('', { status: 404 }));
  expect(await services.site).toBeUndefined();
  expect(await services.as.roots.isPinned()).toBe(false);
  await expect(services.as.signIn('code')).rejects.toMatchObject({ code: 'service-unreachable' });
  expect(requests[0]).toBe('https://page.example/v1/trust');
});

it('with a damaged file, requests to the AS are refused', async () => {
  const { services, answer } = await start();
  const refused = { code: 'site-unreadable' };
  const closing = expect(services.site).rejects.toMatchObject(refused);
  answer(new Response('{'));
  await closing;
  await expect(services.as.signIn('code')).rejects.toMatchObject(refused);
  await expect(services.as.roots.isPinned()).rejects.toMatchObject(refused);
  expect(requests).toEqual([]);
});
