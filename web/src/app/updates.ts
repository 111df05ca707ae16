// Offers a newer build of the page to the operator once the browser has cached it, and activates it on
// request. Loaded when the browser has found a newer build.
import type { PageHealth } from '../state/page/page-health.svelte.ts';
import { type Activation, type BuildName, PageUpdate, type ReloadObstacle } from '../state/page/page-update.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import { readApp } from './build-info.ts';

export interface UpdateSubjects {
  readonly station: Pick<Station, 'lanes' | 'loader' | 'busy' | 'session'>;
  readonly health: PageHealth;
}

type Registration = Pick<ServiceWorkerRegistration, 'waiting' | 'installing' | 'addEventListener'>;

/**
 * Time in ms within which a service worker replies. Service workers of earlier versions never
 * reply.
 */
const REPLY_MS = 2_000;
/** Time in ms within which the browser activates a newer build. */
const ACTIVATION_MS = 15_000;

/**
 * Offers each newer build that is cached. `waiting` is a build that was cached before the page
 * started. Activates that build at once if no unit is attached and no operator is signed in.
 */
export async function watchUpdates(
  registration: Registration,
  subjects: UpdateSubjects,
  waiting: ServiceWorker | null,
): Promise<void> {
  const { station, health } = subjects;
  const update = new PageUpdate({
    current: await readApp(),
    obstacle: () => obstacleOf(subjects),
    activate: () => activate(registration.waiting),
    reload: () => location.reload(),
  });
  const offer = async (worker: ServiceWorker): Promise<void> => {
    update.offer(await nameOf(worker));
    health.offerUpdate(update);
  };
  const watchInstallation = (): void => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed') void offer(worker);
    });
  };
  registration.addEventListener('updatefound', watchInstallation);
  watchInstallation();
  const isUntouched = (): boolean => station.lanes.length === 0 && station.session.state.is === 'out';
  if (waiting && isUntouched()) await update.apply(isUntouched);
  const cached = waiting ?? registration.waiting;
  if (cached) await offer(cached);
}

/**
 * Activates the newer build if one waits and no other tab has the page open. Then reloads the page.
 * Called on a page that could not start. Such a page does not watch for updates, and a newer build
 * may be able to start.
 */
export async function reloadNewest(
  container: Pick<ServiceWorkerContainer, 'getRegistration'> | undefined,
): Promise<void> {
  const registration = await container?.getRegistration().catch(() => undefined);
  if (registration?.waiting) await activate(registration.waiting);
  location.reload();
}

function obstacleOf({ station, health }: UpdateSubjects): ReloadObstacle | undefined {
  if (station.loader?.progress.isRunning) return 'run';
  if (station.busy) return 'load';
  if (station.lanes.some(({ phase }) => phase.is === 'reading')) return 'unit';
  return health.parts.map(({ obstacle }) => obstacle).find((each) => each !== undefined);
}

async function nameOf(worker: ServiceWorker): Promise<BuildName | undefined> {
  const reply = await ask(worker, 'build');
  if (reply === undefined) return undefined;
  const { version, hash } = reply as { readonly version: string; readonly hash: string };
  return { version, build: hash };
}

/** `worker` is null if another tab has activated the newer build. */
async function activate(worker: ServiceWorker | null): Promise<Activation> {
  if (worker === null) return 'activated';
  const activation = new Promise<Activation>((resolve) => {
    setTimeout(resolve, ACTIVATION_MS, 'failed');
    const settle = (): void => {
      if (worker.state === 'activated') resolve('activated');
      if (worker.state === 'redundant') resolve('failed');
    };
    worker.addEventListener('statechange', settle);
    settle();
  });
  if ((await ask(worker, 'activate')) === false) return 'other-tabs';
  return await activation;
}

/** Resolves to undefined if the worker does not reply. */
function ask(worker: ServiceWorker, question: string): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  return new Promise<unknown>((resolve) => {
    setTimeout(resolve, REPLY_MS);
    port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
    worker.postMessage(question, [port2]);
  }).finally(() => port1.close());
}
