// Has this page kept for days without a network, and newer builds of it taken over only before a run. Is handed navigator.serviceWorker.
import { ownScript } from '../browser/trusted-script.ts';

const SERVICE_WORKER = '/service-worker.js';

export interface Before {
  /** True while a reload would lose nothing: nobody has begun anything on this page. */
  readonly isUntouched: () => boolean;
  readonly reload: () => void;
}

/**
 * True where a build of the page is kept already, false as well while the first one is still being fetched. Never rejects: without it the
 * page works as long as there is a network.
 */
export async function keepOffline(
  container: Pick<ServiceWorkerContainer, 'register' | 'addEventListener' | 'controller'>,
  { isUntouched, reload }: Before,
): Promise<boolean> {
  const registration = await container.register(ownScript(SERVICE_WORKER)).catch(() => undefined);
  if (!registration) return false;
  // A newer build that was fetched while the last tab was open: it takes over where this is the only tab.
  if (registration.waiting && isUntouched()) {
    container.addEventListener('controllerchange', () => {
      if (isUntouched()) reload();
    });
    registration.waiting.postMessage('activate');
  }
  return registration.active !== null;
}
