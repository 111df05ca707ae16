import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepOffline } from '#web/app/offline.ts';
import { watchUpdates } from '#web/app/updates.ts';

vi.mock(import('#web/app/updates.ts'), () => ({ watchUpdates: vi.fn(async () => undefined) }));

const ORIGIN = 'https://as.example';
const openAt = (pathname: string): void =>
  void vi.stubGlobal('location', { href: ORIGIN + pathname, origin: ORIGIN, pathname });
const SUBJECTS = {} as Parameters<typeof keepOffline>[2];

/** Fakes a registration with the given workers. `update` counts how often the browser looks for a newer build. */
function registrationOf(workers: Partial<Record<'active' | 'waiting' | 'installing', object>>) {
  const update = vi.fn(async () => undefined);
  return Object.assign(new EventTarget(), { active: null, waiting: null, installing: null, ...workers, update });
}

const containerOf = (register: (url: string, options?: RegistrationOptions) => Promise<object>) =>
  ({ register }) as unknown as ServiceWorkerContainer;

beforeEach(() => {
  vi.useFakeTimers();
  openAt('/');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.clearAllMocks();
});

describe('the service worker', () => {
  it.each([
    ['/', false, '/service-worker.js', '/'],
    ['/tools/keys/', false, '/tools/keys/service-worker.js', '/tools/keys/'],
    ['/tools/keys/index.html', false, '/tools/keys/service-worker.js', '/tools/keys/'],
    ['/demo.html', true, '/demo-service-worker.js', '/demo'],
    ['/demo.de.html', true, '/demo-service-worker.js', '/demo'],
    ['/tools/keys/demo.html', true, '/tools/keys/demo-service-worker.js', '/tools/keys/demo'],
    // A server that omits the extension of the page.
    ['/tools/keys/demo', true, '/tools/keys/demo-service-worker.js', '/tools/keys/demo'],
  ])('of %s is registered in the same folder', async (page, isDemo, script, scope) => {
    openAt(page);
    const pathOf = (url: string): string => new URL(url, location.href).pathname;
    const seen: string[][] = [];
    const container = containerOf(async (url, options) => {
      seen.push([pathOf(url), pathOf(options?.scope ?? '')]);
      return registrationOf({ active: {} });
    });
    await keepOffline(container, isDemo, SUBJECTS);
    expect(seen).toEqual([[script, scope]]);
  });

  it.each([
    ['installed', true],
    ['redundant', false],
  ])('at the first visit caches the page only after its installation: worker %s, cached %s', async (state, cached) => {
    const worker = Object.assign(new EventTarget(), { state: 'installing' });
    const registration = registrationOf({ installing: worker });
    const caching = keepOffline(
      containerOf(async () => registration),
      false,
      SUBJECTS,
    );
    let isSettled = false;
    void caching.finally(() => (isSettled = true));
    await vi.advanceTimersByTimeAsync(0);
    registration.dispatchEvent(new Event('updatefound'));
    expect(isSettled).toBe(false);
    worker.state = state;
    worker.dispatchEvent(new Event('statechange'));
    expect(await caching).toBe(cached);
    expect(watchUpdates).not.toHaveBeenCalled();
  });

  it.each([
    ['a page in several languages', 'en,de', false, ['language']],
    ['a page in English only', undefined, false, []],
    ['the demo in several languages', 'en,de', true, ['language']],
  ])('caches the language of %s', async (_, languages, isDemo, messages) => {
    vi.stubEnv('KEYFERRY_LANGUAGES', languages);
    const sent: unknown[] = [];
    const active = { postMessage: (message: unknown) => void sent.push(message) };
    await keepOffline(
      containerOf(async () => registrationOf({ active })),
      isDemo,
      SUBJECTS,
    );
    vi.unstubAllEnvs();
    expect(sent).toEqual(messages);
  });

  it('caches nothing when the browser refuses it', async () => {
    const refusing = containerOf(() => Promise.reject(new DOMException('no', 'SecurityError')));
    await expect(keepOffline(refusing, false, SUBJECTS)).resolves.toBe(false);
  });

  it('caches nothing in a browser without service workers', async () => {
    await expect(keepOffline(undefined, false, SUBJECTS)).resolves.toBe(false);
  });
});

describe('a newer build', () => {
  const start = async (workers: Parameters<typeof registrationOf>[0]) => {
    const registration = registrationOf({ active: {}, ...workers });
    expect(
      await keepOffline(
        containerOf(async () => registration),
        false,
        SUBJECTS,
      ),
    ).toBe(true);
    return registration;
  };
  /** Waits until the code for updates is loaded. */
  const watched = (): Promise<void> => vi.waitFor(() => expect(watchUpdates).toHaveBeenCalled());

  it.each([{ waiting: {} }, { installing: {} }])(
    'is watched when the page finds it at its start: %o',
    async (workers) => {
      const registration = await start(workers);
      await watched();
      expect(watchUpdates).toHaveBeenCalledExactlyOnceWith(registration, SUBJECTS, registration.waiting);
    },
  );

  it('is watched when the browser finds it later, and only once', async () => {
    const registration = await start({});
    expect(watchUpdates).not.toHaveBeenCalled();
    registration.dispatchEvent(new Event('updatefound'));
    registration.dispatchEvent(new Event('updatefound'));
    await watched();
    expect(watchUpdates).toHaveBeenCalledOnce();
  });

  it('is watched at the next one if the code for this could not be fetched', async () => {
    vi.mocked(watchUpdates).mockRejectedValueOnce(
      new TypeError('Failed to fetch dynamically imported module: https://as.example/assets/updates.js'),
    );
    const registration = await start({ waiting: {} });
    await watched();
    await vi.advanceTimersByTimeAsync(0);
    registration.dispatchEvent(new Event('updatefound'));
    await vi.waitFor(() => expect(watchUpdates).toHaveBeenCalledTimes(2));
    registration.dispatchEvent(new Event('updatefound'));
    await vi.advanceTimersByTimeAsync(0);
    expect(watchUpdates).toHaveBeenCalledTimes(2);
  });

  it('is looked for every hour, also after the network failed', async () => {
    const registration = await start({});
    registration.update.mockRejectedValueOnce(new TypeError('failed to fetch'));
    await vi.advanceTimersByTimeAsync(2 * 3_600_000);
    expect(registration.update).toHaveBeenCalledTimes(2);
  });
});
