// Registers the service worker, which serves this page without a network, and activates a newer build only before a load.
import { ownScript } from '../browser/trusted-script.ts';

const SERVICE_WORKER = '/service-worker.js';

export interface ReloadOptions {
  /** True while a reload loses nothing: no unit is attached and no operator is signed in. */
  readonly isUntouched: () => boolean;
  readonly reload: () => void;
}

/**
 * Resolves to true when a build is cached, at the first visit after it has been fetched; to false without a service
 * worker. Never rejects: without a service worker the page works while there is a network.
 */
export async function keepOffline(
  container: Pick<ServiceWorkerContainer, 'register' | 'addEventListener' | 'controller'>,
  { isUntouched, reload }: ReloadOptions,
): Promise<boolean> {
  const registration = await container.register(ownScript(SERVICE_WORKER)).catch(() => undefined);
  if (!registration) return false;
  // A newer build that was fetched while another tab was open; it may be activated in the only tab.
  if (registration.waiting && isUntouched()) {
    container.addEventListener('controllerchange', () => {
      if (isUntouched()) reload();
    });
    registration.waiting.postMessage('activate');
  }
  return registration.active !== null || (await isFetched(registration.installing));
}

/** Resolves when the first build is cached (true) or could not be fetched (false). */
function isFetched(worker: ServiceWorker | null): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (): void => {
      if (worker?.state !== 'installing') resolve(worker !== null && worker.state !== 'redundant');
    };
    worker?.addEventListener('statechange', settle);
    settle();
  });
}
