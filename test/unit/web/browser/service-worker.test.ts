// The service worker caches a build completely or not at all, and never replaces a build while a
// page uses it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashOf, PAGE, SCRIPT, start, TestScope } from './test-scope.ts';

let scope: TestScope;
async function open(opened: TestScope): Promise<void> {
  scope = opened;
  await start(scope);
}
beforeEach(() => open(new TestScope()));
afterEach(() => void vi.unstubAllGlobals());

describe('the service worker', () => {
  it('serves the whole build without a network, with the page at the root', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('is not installed with a file of another build', async () => {
    scope.served.set('/assets/a.js', 'of another build');
    await expect(scope.fire('install')).rejects.toThrow('/assets/a.js is not of this build');
  });

  it('does not answer requests to the service, other methods or other origins', async () => {
    await scope.fire('install');
    expect(await scope.get('/v1/keys')).toBeUndefined();
    expect(await scope.get('/', { method: 'HEAD' })).toBeUndefined();
    const elsewhere = { request: new Request('https://elsewhere.example/') };
    expect(await scope.fire('fetch', elsewhere)).toBeUndefined();
  });

  it('uses the network when the browser has deleted the cache', async () => {
    await scope.fire('install');
    scope.stores.clear();
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('deletes older builds on activation, and no other caches', async () => {
    scope.windows = [];
    scope.stores.set('keyferry-b1', new Map()).set('of another program', new Map());
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b2', 'of another program']);
  });

  it('keeps the files of the older build for a page that is still open, until no page is', async () => {
    scope.stores.set('keyferry-b1', new Map([['/assets/b.js', new Response('of the older build')]]));
    await scope.fire('install');
    await scope.fire('activate');
    scope.served.clear();
    expect(await (await scope.get('/assets/b.js'))?.text()).toBe('of the older build');
    await scope.navigate('/');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b1', 'keyferry-b2']);
    scope.windows = ['/verify.html'];
    await scope.navigate('/');
    expect([...scope.stores.keys()]).toEqual(['keyferry-b2']);
    expect((await scope.get('/assets/b.js'))?.status).toBe(404);
  });

  it('answers with its own list of the build, and lets the server answer a query', async () => {
    const list = await scope.get('/build.json');
    expect(await list?.json()).toMatchObject({
      version: '0.2.0',
      hash: 'b2',
      files: { 'assets/a.js': hashOf(SCRIPT) },
    });
    expect(await scope.get('/build.json?offered')).toBeUndefined();
  });

  it('names its build', async () => {
    expect(await scope.ask('build')).toEqual({ version: '0.2.0', hash: 'b2' });
  });

  it('serves the page that installed it, without a reload', async () => {
    await scope.fire('install');
    expect(scope.claimed).toBe(0);
    await scope.fire('activate');
    expect(scope.claimed).toBe(1);
  });

  it('activates early only when the only tab requests it', async () => {
    scope.windows = ['/', '/#orders'];
    expect(await scope.ask('activate')).toBe(false);
    expect(scope.skipped).toBe(0);
    scope.windows = ['/'];
    expect(await scope.ask('something else')).toBeUndefined();
    expect(scope.skipped).toBe(0);
    expect(await scope.ask('activate')).toBe(true);
    expect(scope.skipped).toBe(1);
  });

  it('serves the page at the address of its file too', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/index.html'))?.text()).toBe(PAGE);
  });

  it('caches a file that the server redirects, and serves it as if it was not redirected', async () => {
    scope.served.set('/a', SCRIPT);
    scope.redirects.set('/assets/a.js', '/a');
    await scope.fire('install');
    const response = await scope.get('/assets/a.js');
    expect([response?.redirected, await response?.text()]).toEqual([false, SCRIPT]);
  });
});

describe('the service worker of a page below a path', () => {
  beforeEach(() => open(new TestScope('/tools/keys/')));

  it('serves the files of its folder, and nothing outside it', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/tools/keys/'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/tools/keys/index.html'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/tools/keys/assets/a.js'))?.text()).toBe(SCRIPT);
    for (const path of ['/', '/index.html', '/assets/a.js', '/tools/keys', '/tools/keys/v1/keys'])
      expect(await scope.get(path)).toBeUndefined();
  });

  it('deletes no cache of another page of the same origin', async () => {
    const others = ['keyferry-b1', 'keyferrydemo-b1', 'keyferrytools/keys/demo-b1', 'keyferrytools/keys/-x/-b1'];
    for (const name of [...others, 'keyferrytools/keys/-b1']) scope.stores.set(name, new Map());
    scope.windows = ['/tools/keys/demo.html'];
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual([...others, 'keyferrytools/keys/-b2'].sort());
  });

  it('waits for other tabs with the page, not for other pages of the server', async () => {
    scope.windows = ['/', '/tools/', '/tools/keys/', '/tools/keys/demo.html', '/tools/keys/verify.html'];
    expect(await scope.ask('activate')).toBe(true);
    scope.windows = ['/tools/keys/index.html', '/tools/keys/#history'];
    expect(await scope.ask('activate')).toBe(false);
    expect(scope.skipped).toBe(1);
  });
});

describe('the service worker of the demo below a path', () => {
  beforeEach(() => open(new TestScope('/tools/keys/', '/tools/keys/demo')));

  it('has a cache of its own, and deletes no cache of the product', async () => {
    for (const name of ['keyferrytools/keys/-b1', 'keyferrytools/keys/demo-b1']) scope.stores.set(name, new Map());
    scope.windows = ['/tools/keys/'];
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferrytools/keys/-b1', 'keyferrytools/keys/demo-b2']);
  });
});
