import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepOffline } from '#web/app/offline.ts';

beforeEach(() => void vi.stubGlobal('location', { href: 'https://as.example/', origin: 'https://as.example' }));
afterEach(() => void vi.unstubAllGlobals());

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
    const before = { isUntouched: () => isUntouched, reload: () => reloads++ };
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
    const before = { isUntouched: () => true, reload: () => undefined };
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
    const before = { isUntouched: () => true, reload: () => undefined };
    await expect(keepOffline(container as unknown as ServiceWorkerContainer, before)).resolves.toBe(false);
  });

  it('is not cached in a browser without service workers', async () => {
    const before = { isUntouched: () => true, reload: () => undefined };
    await expect(keepOffline(undefined, before)).resolves.toBe(false);
  });
});
