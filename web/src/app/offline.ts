// Registers the service worker, which serves this page without a network, and looks for newer builds
// of the page (docs/adr/0055).
import { ownScript } from '../browser/trusted-script.ts';
import { once } from '../state/common/once.ts';
import { ignoreFetchFailure } from '../transport/lazy-part.ts';
import type { UpdateSubjects } from './updates.ts';

/** A station may stay open for days, and the browser looks for a newer build only when it opens a page. */
const CHECK_MS = 3_600_000;

/**
 * Resolves to true if this browser has cached a build, otherwise to false. On the first visit,
 * waits until the build is cached or the caching has failed. Never rejects, because the page works
 * online without a service worker. `isDemo` is true for the page of the demo, whose service worker
 * serves that page in each language, and nothing else.
 */
export async function keepOffline(
  container: Pick<ServiceWorkerContainer, 'register'> | undefined,
  isDemo: boolean,
  subjects: UpdateSubjects,
): Promise<boolean> {
  const script = isDemo ? 'demo-service-worker.js' : 'service-worker.js';
  // A scope is the beginning of a path: demo.html, demo.de.html.
  const scope = isDemo ? 'demo' : '.';
  const registration = await container?.register(ownScript(script), { scope }).catch(() => undefined);
  if (!registration) return false;
  if (import.meta.env.KEYFERRY_LANGUAGES) registration.active?.postMessage('language');
  const { waiting } = registration;
  const watch = once(async () => (await import('./updates.ts')).watchUpdates(registration, subjects, waiting));
  /** Loads the code for updates when the browser has found the first update. */
  const onUpdate = (): void => {
    // On the first visit, the worker that is being installed is not an update.
    if (registration.active) watch().catch(ignoreFetchFailure);
  };
  registration.addEventListener('updatefound', onUpdate);
  if (waiting ?? registration.installing) onUpdate();
  setInterval(() => registration.update().catch(() => undefined), CHECK_MS);
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
