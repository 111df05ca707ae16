// The service worker caches one language of the page, and opens the page in it without a network.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hashOf, ORIGIN, PAGE, SCRIPT, start, TestScope } from './test-scope.ts';

let scope: TestScope;
afterEach(() => void vi.unstubAllGlobals());

describe('the service worker of a page in two languages', () => {
  const GERMAN = '<!doctype html><html lang="de">';
  const FILES = {
    'index.html': PAGE,
    'index.de.html': GERMAN,
    'assets/a.js': SCRIPT,
    'assets/de.js': 'de',
    'assets/en.js': 'en',
  };
  const LANGUAGES = { en: ['index.html', 'assets/en.js'], de: ['index.de.html', 'assets/de.js'] };

  /** Starts a worker of build `hash`, with the caches of an earlier one. */
  async function startBuild(
    hash: string,
    windows: readonly string[],
    stores = new Map<string, Map<string, Response>>(),
  ) {
    const started = new TestScope();
    for (const [name, store] of stores) started.stores.set(name, store);
    started.windows = windows;
    for (const [name, text] of Object.entries(FILES))
      started.served.set(name === 'index.html' ? '/' : `/${name}`, text);
    const files = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, hashOf(text)]));
    Object.assign(started.globals, { KEYFERRY_BUILD: { version: '0.2.0', hash, files, languages: LANGUAGES } });
    scope = started;
    await start(scope);
  }
  const cached = (hash: string): readonly string[] => [...(scope.stores.get(`keyferry-${hash}`)?.keys() ?? [])].sort();
  const open = async (path: string) => await (await scope.get(path))?.text();

  it('caches what all languages share, and the language of the open page', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    expect(cached('b2')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
  });

  it('opens the folder in the cached language, without a network', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    scope.served.clear();
    expect(await open('/')).toBe(GERMAN);
    expect(await open('/assets/de.js')).toBe('de');
  });

  it('caches English for a page in the folder, and keeps to it', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    expect(cached('b2')).toEqual(['/', '/assets/a.js', '/assets/en.js']);
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
  });

  it('caches another language when its page says so, and then deletes the first', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    await scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/index.de.html` } });
    expect(cached('b2')).toHaveLength(5);
    scope.windows = [];
    await scope.navigate('/');
    expect(cached('b2')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
    scope.served.clear();
    expect(await open('/')).toBe(GERMAN);
  });

  it('keeps the language if the new one cannot be cached', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    scope.served.delete('/assets/de.js');
    const message = scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/index.de.html` } });
    await expect(message).rejects.toThrow('/assets/de.js');
    expect(cached('b2')).not.toContain('/index.de.html');
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
  });

  it('opens the cached language if the page in another one cannot be fetched', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await (await scope.navigate('/index.html'))?.text()).toBe(GERMAN);
    // A script that fetches the page sees that it cannot be fetched.
    await expect(open('/index.html')).rejects.toThrow('Failed to fetch');
  });

  it('follows a link to English that the server redirects to the folder', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    expect(await open('/?language=en')).toBe(PAGE);
    await scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/?language=en` } });
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
    expect(await open('/?language=fr')).toBe(PAGE);
  });

  it('opens the cached language if a link to another one cannot be followed', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await (await scope.navigate('/?language=en'))?.text()).toBe(GERMAN);
  });

  it('caches a newer build in the same language', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    await startBuild('b3', ['/'], scope.stores);
    await scope.fire('install');
    expect(cached('b3')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
  });
});

describe('the service worker of the demo in two languages', () => {
  const GERMAN = '<!doctype html><html lang="de">';
  const FILES = {
    'demo.html': PAGE,
    'demo.de.html': GERMAN,
    'demo-assets/a.js': SCRIPT,
    'demo-assets/de.js': 'de',
    'demo-assets/en.js': 'en',
  };
  const languages = { en: ['demo.html', 'demo-assets/en.js'], de: ['demo.de.html', 'demo-assets/de.js'] };
  const cached = (hash: string): readonly string[] =>
    [...(scope.stores.get(`keyferrydemo-${hash}`)?.keys() ?? [])].sort();
  const IN_GERMAN = ['/demo-assets/a.js', '/demo-assets/de.js', '/demo.de.html'];

  async function startBuild(hash: string, windows: readonly string[], stores: TestScope['stores'] = new Map()) {
    const started = new TestScope('/', '/demo');
    for (const [name, store] of stores) started.stores.set(name, store);
    started.windows = windows;
    for (const [name, text] of Object.entries(FILES)) started.served.set(`/${name}`, text);
    const files = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, hashOf(text)]));
    Object.assign(started.globals, { KEYFERRY_BUILD: { version: '0.2.0', hash, files, languages } });
    scope = started;
    await start(scope);
  }
  const loseNetwork = (): void => void vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));

  it.each(['/demo.de.html', '/demo.de'])(
    'caches the language of the open page %s, also of a newer build',
    async (page) => {
      await startBuild('b2', [page]);
      await scope.fire('install');
      expect(cached('b2')).toEqual(IN_GERMAN);
      await startBuild('b3', ['/demo.html'], scope.stores);
      await scope.fire('install');
      expect(cached('b3')).toEqual(IN_GERMAN);
    },
  );

  it.each(['/demo.html', '/demo', '/demo.de.html', '/demo.de', '/demo.html?language=fr'])(
    'opens the cached language at %s without a network',
    async (path) => {
      await startBuild('b2', ['/demo.de.html']);
      await scope.fire('install');
      loseNetwork();
      expect(await (await scope.navigate(path))?.text()).toBe(GERMAN);
    },
  );

  it('caches another language when its page says so, and then deletes the first', async () => {
    await startBuild('b2', ['/demo.de.html']);
    await scope.fire('install');
    await scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/demo.html` } });
    scope.windows = ['/'];
    await scope.navigate('/demo.html');
    expect(cached('b2')).toEqual(['/demo-assets/a.js', '/demo-assets/en.js', '/demo.html']);
    loseNetwork();
    expect(await (await scope.navigate('/demo.de.html'))?.text()).toBe(PAGE);
  });

  it('counts the tabs of all languages, before an update, and answers no other page', async () => {
    await startBuild('b2', ['/demo.html', '/demo.de.html']);
    await scope.fire('install');
    expect(await scope.ask('activate')).toBe(false);
    scope.windows = ['/demo.de.html', '/', '/index.de.html', '/demonstration.html'];
    expect(await scope.ask('activate')).toBe(true);
    for (const path of ['/', '/index.de.html', '/demonstration.html', '/demo.fr.html'])
      expect(await scope.navigate(path)).toBeUndefined();
  });
});
