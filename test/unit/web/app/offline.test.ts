import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepOffline } from '#web/app/offline.ts';

const ORIGIN = 'https://as.example';
const openAt = (pathname: string): void =>
  void vi.stubGlobal('location', { href: ORIGIN + pathname, origin: ORIGIN, pathname });
beforeEach(() => openAt('/'));
afterEach(() => void vi.unstubAllGlobals());

describe('the service worker', () => {
  it.each([
    ['/', false, '/service-worker.js', '/'],
    ['/tools/keys/', false, '/tools/keys/service-worker.js', '/tools/keys/'],
    ['/tools/keys/index.html', false, '/tools/keys/service-worker.js', '/tools/keys/'],
    ['/demo.html', true, '/demo-service-worker.js', '/demo.html'],
    ['/tools/keys/demo.html', true, '/tools/keys/demo-service-worker.js', '/tools/keys/demo.html'],
    // A server that omits the extension of the page.
    ['/tools/keys/demo', true, '/tools/keys/demo-service-worker.js', '/tools/keys/demo'],
  ])('of %s is registered in the same folder', async (page, isDemo, script, scope) => {
    openAt(page);
    const pathOf = (url: string): string => new URL(url, location.href).pathname;
    const seen: string[][] = [];
    const register = async (url: string, options: RegistrationOptions) => {
      seen.push([pathOf(url), pathOf(options.scope ?? '')]);
      return { active: {}, waiting: null };
    };
    const container = Object.assign(new EventTarget(), { controller: null, register });
    const options = { isDemo, isUntouched: () => true, reload: () => undefined };
    await keepOffline(container as unknown as ServiceWorkerContainer, options);
    expect(seen).toEqual([[script, scope]]);
  });
});

describe('a newer build', () => {
  function containerOf(waiting: boolean) {
    const sent: unknown[] = [];
    const container = new EventTarget();
    const newer = waiting ? { postMessage: (message: unknown) => sent.push(message) } : null;
    const registration = { active: {}, waiting: newer };
    return { sent, container: Object.assign(container, { controller: null, register: async () => registration }) };
  }

  async function startPage(waiting: boolean, isUntouched: boolean) {
    const { sent, container } = containerOf(waiting);
    let reloads = 0;
    const before = { isDemo: false, isUntouched: () => isUntouched, reload: () => reloads++ };
    expect(await keepOffline(container as unknown as ServiceWorkerContainer, before)).toBe(true);
    container.dispatchEvent(new Event('controllerchange'));
    return { sent, reloads: () => reloads };
  }

  it('activates at the start of an untouched page', async () => {
    const { sent, reloads } = await startPage(true, true);
    expect([sent, reloads()]).toEqual([['activate'], 1]);
  });

  it('is not activated when the operator has already begun to work', async () => {
    const { sent, reloads } = await startPage(true, false);
    expect([sent, reloads()]).toEqual([[], 0]);
  });

  it('is not activated if no newer build is waiting', async () => {
    const { sent, reloads } = await startPage(false, true);
    expect([sent, reloads()]).toEqual([[], 0]);
  });

  it.each([
    ['installed', true],
    ['redundant', false],
  ])('at the first visit is cached only after its installation: worker %s, cached %s', async (state, cached) => {
    const worker = Object.assign(new EventTarget(), { state: 'installing' });
    const registration = { active: null, waiting: null, installing: worker };
    const container = Object.assign(new EventTarget(), { controller: null, register: async () => registration });
    const before = { isDemo: false, isUntouched: () => true, reload: () => undefined };
    const caching = keepOffline(container as unknown as ServiceWorkerContainer, before);
    let isSettled = false;
    void caching.finally(() => (isSettled = true));
    await new Promise((resolve) => setTimeout(resolve));
    expect(isSettled).toBe(false);
    worker.state = state;
    worker.dispatchEvent(new Event('statechange'));
    expect(await caching).toBe(cached);
  });

  it('is not cached when the browser refuses the service worker', async () => {
    const container = Object.assign(new EventTarget(), {
      controller: null,
      register: () => Promise.reject(new DOMException('no', 'SecurityError')),
    });
    const before = { isDemo: false, isUntouched: () => true, reload: () => undefined };
    await expect(keepOffline(container as unknown as ServiceWorkerContainer, before)).resolves.toBe(false);
  });

  it('is not cached in a browser without service workers', async () => {
    const before = { isDemo: false, isUntouched: () => true, reload: () => undefined };
    await expect(keepOffline(undefined, before)).resolves.toBe(false);
  });
});
