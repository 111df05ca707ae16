// Registers the service worker, which serves this page without a network. Activates a newer build
// only while a reload of the page loses nothing.
import { ownScript } from '../browser/trusted-script.ts';

export interface OfflineOptions {
  /** True for the page of the demo. Its service worker serves that page only. */
  readonly isDemo: boolean;
  /** True while a reload loses nothing: no unit is attached and no operator is signed in. */
  readonly isUntouched: () => boolean;
  readonly reload: () => void;
}

/**
 * Resolves to true if this browser has cached a build, otherwise to false. On the first visit,
 * waits until the build is cached or the caching has failed. Never rejects, because the page works
 * online without a service worker.
 */
export async function keepOffline(
  container: Pick<ServiceWorkerContainer, 'register' | 'addEventListener' | 'controller'> | undefined,
  { isDemo, isUntouched, reload }: OfflineOptions,
): Promise<boolean> {
  const script = isDemo ? 'demo-service-worker.js' : 'service-worker.js';
  const scope = isDemo ? location.pathname : '.';
  const registration = await container?.register(ownScript(script), { scope }).catch(() => undefined);
  if (!container || !registration) return false;
  // A waiting worker has cached a newer build. On request it activates, but only if no other tab is
  // open.
  if (registration.waiting && isUntouched()) {
    container.addEventListener('controllerchange', () => {
      if (isUntouched()) reload();
    });
    registration.waiting.postMessage('activate');
  }
  return registration.active !== null || (await isFetched(registration.installing));
}

/** Resolves to true once the first build is cached, or to false if it could not be cached. */
function isFetched(worker: ServiceWorker | null): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (): void => {
      if (worker?.state !== 'installing') resolve(worker !== null && worker.state !== 'redundant');
    };
    worker?.addEventListener('statechange', settle);
    settle();
  });
}
