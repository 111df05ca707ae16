// A newer build of the page: who offers it, when it is activated, and what a reload would interrupt.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reloadNewest, type UpdateSubjects, watchUpdates } from '#web/app/updates.ts';
import { PageHealth } from '#web/state/page/page-health.svelte.ts';
import type { ReloadObstacle } from '#web/state/page/page-update.svelte.ts';

const OWN = { version: '0.1.0', hash: 'a'.repeat(64), files: { 'assets/main-1.js': 'x' } };
const NEWER = { version: '0.2.0', hash: 'b'.repeat(64) };

type State = 'installing' | 'installed' | 'activated' | 'redundant';

/** Fakes a service worker that has cached a newer build. */
class TestWorker extends EventTarget {
  state: State;
  /** Whether no other tab has the page open; undefined for a worker of an earlier version, which does not reply. */
  readonly isAlone: boolean | undefined;
  readonly asked: string[] = [];
  /** Called before the worker activates. */
  beforeActivation: () => void = () => undefined;

  constructor(state: State, isAlone: boolean | undefined) {
    super();
    this.state = state;
    this.isAlone = isAlone;
  }

  postMessage(question: string, [port]: readonly MessagePort[]): void {
    this.asked.push(question);
    if (this.isAlone !== undefined) port?.postMessage(question === 'build' ? NEWER : this.isAlone);
    if (question !== 'activate' || this.isAlone === false) return;
    this.beforeActivation();
    this.become('activated');
  }

  become(state: State): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

class TestStation {
  lanes: { phase: { is: string } }[] = [];
  loader: { progress: { isRunning: boolean } } | undefined;
  busy = false;
  session: { state: { is: string } } = { state: { is: 'out' } };
}

let station: TestStation;
let health: PageHealth;
let reloads: number;
beforeEach(() => {
  [station, health, reloads] = [new TestStation(), new PageHealth(), 0];
  vi.stubEnv('KEYFERRY_VERSION', OWN.version);
  vi.stubGlobal('fetch', async () => Response.json(OWN));
  vi.stubGlobal('document', { scripts: [{ type: 'module', src: 'https://keys.example/assets/main-1.js' }] });
  vi.stubGlobal('location', { reload: () => reloads++ });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

async function watch(workers: { readonly waiting?: TestWorker; readonly installing?: TestWorker }) {
  const registration = Object.assign(new EventTarget(), { waiting: null, installing: null, ...workers });
  const found = registration as unknown as ServiceWorkerRegistration & EventTarget;
  await watchUpdates(found, { station, health } as unknown as UpdateSubjects, found.waiting);
  return registration;
}

describe('a newer build that is cached while the page starts to watch', () => {
  it('is only offered, because the page may be in use', async () => {
    const worker = new TestWorker('installed', true);
    const registration = Object.assign(new EventTarget(), { waiting: worker, installing: null });
    await watchUpdates(
      registration as unknown as ServiceWorkerRegistration,
      { station, health } as unknown as UpdateSubjects,
      null,
    );
    expect([reloads, health.update !== undefined]).toEqual([0, true]);
  });
});

describe('a newer build that is cached when the page starts', () => {
  it('is activated at once if nothing has begun', async () => {
    const waiting = new TestWorker('installed', true);
    await watch({ waiting });
    expect(waiting.asked[0]).toBe('activate');
    expect(reloads).toBe(1);
  });

  it.each<[string, () => void]>([
    ['a unit is attached', () => (station.lanes = [{ phase: { is: 'ready' } }])],
    ['an operator is signed in', () => (station.session = { state: { is: 'in' } })],
  ])('is only offered if %s', async (_, begin) => {
    begin();
    const waiting = new TestWorker('installed', true);
    await watch({ waiting });
    expect(waiting.asked).toEqual(['build']);
    expect(reloads).toBe(0);
    expect(health.update?.offered).toEqual({ version: '0.2.0', build: NEWER.hash });
    expect(health.update?.current).toEqual({ version: '0.1.0', build: OWN.hash });
  });

  it('is only offered while another tab has the page open', async () => {
    await watch({ waiting: new TestWorker('installed', false) });
    expect(reloads).toBe(0);
    expect(health.update?.refusal).toBe('other-tabs');
  });
});

describe('a newer build that is found later', () => {
  it('is offered when it is cached, and not before', async () => {
    const installing = new TestWorker('installing', true);
    await watch({ installing });
    expect(health.update).toBeUndefined();
    installing.become('installed');
    await vi.waitFor(() => expect(health.update?.offered?.version).toBe('0.2.0'));
    expect(installing.asked).toEqual(['build']);
    expect(reloads).toBe(0);
  });

  it('is not offered if it could not be cached', async () => {
    const installing = new TestWorker('installing', true);
    const registration = await watch({ installing });
    installing.become('redundant');
    registration.installing = new TestWorker('installing', true) as never;
    registration.dispatchEvent(new Event('updatefound'));
    expect(health.update).toBeUndefined();
    (registration.installing as unknown as TestWorker).become('installed');
    await vi.waitFor(() => expect(health.update).toBeDefined());
    expect(installing.asked).toEqual([]);
  });
});

describe('the reload of a page that could not start', () => {
  const containerOf = (waiting: TestWorker | null) =>
    ({ getRegistration: async () => ({ waiting }) }) as unknown as ServiceWorkerContainer;

  it('activates a newer build that waits', async () => {
    const waiting = new TestWorker('installed', true);
    waiting.beforeActivation = () => expect(reloads).toBe(0);
    await reloadNewest(containerOf(waiting));
    expect([waiting.state, reloads]).toEqual(['activated', 1]);
  });

  it.each([
    ['while another tab has the page open', containerOf(new TestWorker('installed', false))],
    ['if no newer build waits', containerOf(null)],
    ['in a browser without service workers', undefined],
  ])('only reloads %s', async (_, container) => {
    await reloadNewest(container);
    expect(reloads).toBe(1);
  });
});

describe('Update now', () => {
  /** Offers a build while a unit is attached. */
  async function offered(isAlone: boolean | undefined = true) {
    station.lanes = [{ phase: { is: 'ready' } }];
    const waiting = new TestWorker('installed', isAlone);
    const registration = await watch({ waiting });
    const { update } = health;
    if (!update) throw new Error('no update is offered');
    return { waiting, registration, update };
  }

  it('activates the build, then reloads the page', async () => {
    const { waiting, update } = await offered();
    await update.apply();
    expect(waiting.state).toBe('activated');
    expect(reloads).toBe(1);
  });

  const part = (obstacle: ReloadObstacle) => (): void => health.addPart({ obstacle });
  it.each<[ReloadObstacle, string, () => void]>([
    ['run', 'the run of an order', () => (station.loader = { progress: { isRunning: true } })],
    ['load', 'a load', () => (station.busy = true)],
    ['unit', 'the reading of a unit', () => (station.lanes = [{ phase: { is: 'reading' } }])],
    ['token', 'a request to a vault or card', part('token')],
    ['journal', 'an unsaved journal', part('journal')],
  ])('waits for %s: %s', async (obstacle, _, begin) => {
    const { waiting, update } = await offered();
    begin();
    expect(update.obstacle).toBe(obstacle);
    await update.apply();
    expect([waiting.asked, waiting.state, reloads]).toEqual([['build'], 'installed', 0]);
  });

  it('does not reload if a load begins during the activation, and reloads when it has ended', async () => {
    const { waiting, registration, update } = await offered();
    waiting.beforeActivation = () => (station.busy = true);
    await update.apply();
    expect([waiting.state, reloads]).toEqual(['activated', 0]);
    registration.waiting = null as never;
    station.busy = false;
    await update.apply();
    expect(reloads).toBe(1);
  });

  it('says that another tab has the page open, and may be pressed again', async () => {
    const { waiting, update } = await offered(false);
    await update.apply();
    expect([update.refusal, update.isApplying, waiting.state, reloads]).toEqual(['other-tabs', false, 'installed', 0]);
  });

  it('works with an earlier version that does not reply', async () => {
    vi.useFakeTimers();
    const offering = offered(undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    const { update } = await offering;
    expect(update.offered).toBeUndefined();
    const applying = update.apply();
    await vi.advanceTimersByTimeAsync(2_000);
    await applying;
    expect(reloads).toBe(1);
  });

  it('ends if the browser does not activate the build', async () => {
    const { waiting, update } = await offered();
    vi.useFakeTimers();
    waiting.become = () => undefined;
    const applying = update.apply();
    await vi.advanceTimersByTimeAsync(15_000);
    await applying;
    expect([update.refusal, reloads]).toEqual(['failed', 0]);
  });
});
