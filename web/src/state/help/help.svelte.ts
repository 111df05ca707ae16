// Collects the facts for the view Help, computes the findings, and executes their actions. The facts
// are those of the last check; nothing is polled.
import type { Site } from '#protocol/site/site.ts';
import type { Roots } from '../../as-client/trust.ts';
import type { Attempt } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import { readQuota, requestPersistence } from '../../journal/storage-quota.ts';
import type { Platform } from '../../transport/platform.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { Task } from '../common/task.svelte.ts';
import type { LanguageChoice } from '../page/language-choice.svelte.ts';
import type { PageHealth } from '../page/page-health.svelte.ts';
import type { AsClock } from '../session/as-clock.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Station } from '../station/station.svelte.ts';
import { browserOf } from './browser.ts';
import type {
  BuildFacts,
  Facts,
  JournalFacts,
  PastAttempt,
  PastFailure,
  SelfTestFacts,
  ServiceFacts,
  StorageFacts,
} from './facts.ts';
import { type Finding, findingsOf } from './findings.ts';
import { pastAttempts } from './past-attempts.ts';
import { type DeviceSources, readDevices, type SeenDevice, type SeenDevices } from './read-devices.ts';
import type { ReleaseCheck } from './release-check.svelte.ts';
import type { SendingByHandOptions } from './sending-by-hand.svelte.ts';
import { type SupportFile, supportFile } from './support-file.ts';
import type { Traces } from './traces.ts';

/** Number of attempts, newest first, whose failures are listed. */
const RECENT_ATTEMPTS = 25;

export interface HelpOptions extends Omit<DeviceSources, 'lanes'> {
  readonly station: Station;
  readonly health: PageHealth;
  readonly asClock: AsClock;
  readonly journal: Pick<Journal, 'list' | 'unsettled' | 'lostAt'>;
  readonly traces: Pick<Traces, 'list'>;
  readonly roots: Roots;
  readonly storage: StorageManager | undefined;
  readonly platform: Platform;
  readonly userAgent: string;
  readonly isOnline: () => boolean;
  /** Address of this page, without its fragment. */
  readonly address: string;
  readonly isSecure: boolean;
  /** Why the page has halted; undefined if it works. */
  readonly halted?: Failure | undefined;
  readonly readBuild: () => Promise<BuildFacts>;
  readonly runSelfTest: () => Promise<SelfTestFacts>;
  /** State of the permission for the local network; undefined if the AS does not need it. */
  readonly readLocalNetwork: () => Promise<PermissionState | undefined>;
  readonly release: ReleaseCheck;
  /** Undefined if the page is built in one language. */
  readonly language?: LanguageChoice | undefined;
  /** The settings of the site; undefined if this station uses no site file. */
  readonly site: () => Site | undefined;
  /** Whether the console offers to send commands by hand. */
  readonly sendsByHand: () => boolean;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  readonly reload: () => void;
}

type JournalResults = {
  readonly journal: JournalFacts;
  readonly failures: readonly PastFailure[];
  readonly attempts: readonly PastAttempt[];
};

export class Help {
  #facts = $state.raw<Facts | undefined>();
  #file = $state.raw<SupportFile | undefined>();
  #devices: readonly SeenDevice[] = [];
  #isPersistenceRefused = false;
  readonly #options: HelpOptions;
  readonly #task = new Task();
  readonly findings: readonly Finding[] = $derived(this.#facts ? findingsOf(this.#facts) : []);

  constructor(options: HelpOptions) {
    this.#options = options;
  }

  /** The facts of the last check; undefined before the first. */
  get facts(): Facts | undefined {
    return this.#facts;
  }

  /** The lanes of the station, whose traces the console shows. */
  get lanes(): readonly Lane[] {
    return this.#options.station.lanes;
  }

  get isBusy(): boolean {
    return this.#task.isBusy;
  }

  /** The settings of the site; undefined if this station uses no site file. */
  get site(): Site | undefined {
    return this.#options.site();
  }

  /** What the console needs to send commands by hand; undefined if it does not offer this. */
  get byHand(): SendingByHandOptions | undefined {
    const { station, asClock, sendsByHand } = this.#options;
    return sendsByHand() ? { station, now: () => asClock.now() } : undefined;
  }

  get release(): ReleaseCheck {
    return this.#options.release;
  }

  get language(): LanguageChoice | undefined {
    return this.#options.language;
  }

  /** The support file that is shown before it is saved; undefined if none was made. */
  get file(): SupportFile | undefined {
    return this.#file;
  }

  reload(): void {
    this.#options.reload();
  }

  /** Collects all facts again. The shown support file is then outdated and is removed. */
  async check(): Promise<void> {
    await this.#task.run(() => this.#read());
  }

  /** Reads the devices again, because a unit was attached, read or unplugged. */
  async updateDevices(): Promise<void> {
    if (!this.#facts || this.isBusy) return;
    const { access, devices } = await this.#readDevices();
    this.#devices = devices;
    this.#file = undefined;
    const { refused } = this.#options.station;
    this.#facts = { ...this.#facts, access, refused, devices: devices.map(({ facts }) => facts) };
  }

  /** Tries again to open the link to a device and to read its identity. */
  async retryDevice(id: number): Promise<void> {
    const { station } = this.#options;
    const lane = this.#devices.find(({ facts }) => facts.id === id)?.lane;
    if (lane === undefined || lane.busy) return await this.check();
    await this.#task.run(async () => {
      await station.reread(lane);
      await this.#read();
    });
  }

  /** Ends the permission of this page to use a device. */
  async forgetDevice(id: number): Promise<void> {
    const { station } = this.#options;
    const device = this.#devices.find(({ facts }) => facts.id === id);
    if (device === undefined || device.lane?.busy) return;
    await this.#task.run(async () => {
      if (device.lane) await station.remove(device.lane);
      await device.handle.forget();
      await this.#read();
    });
  }

  /** Asks the browser to keep the data of this page when the disk is full. */
  async keepStorage(): Promise<void> {
    await this.#task.run(async () => {
      const { isPersistent } = await requestPersistence(this.#options.storage);
      this.#isPersistenceRefused = !isPersistent;
      await this.#read();
    });
  }

  async runSelfTest(): Promise<void> {
    await this.#task.run(async () => {
      const selfTest = await this.#options.runSelfTest();
      if (this.#facts) this.#facts = { ...this.#facts, selfTest };
      this.#file = undefined;
    });
  }

  /** Builds the support file from the facts of the last check, for the preview. */
  makeFile(): void {
    if (!this.#facts) return;
    const traces = this.#options.station.lanes.map(({ facts, trace }) => {
      return { sn: facts?.sn, exchanges: trace.exchanges };
    });
    this.#file = supportFile(this.#facts, this.findings, traces);
  }

  async #read(): Promise<void> {
    const { station, health, asClock, readBuild, isOnline, ...options } = this.#options;
    if (!options.halted) await station.readJournal();
    const service = await readService(this.#options); // also sets the clock of the page
    const [build, { access, devices }, storage, ofJournal, exportsLeft] = await Promise.all([
      readBuild(),
      this.#readDevices(),
      this.#readStorage(),
      this.#readJournal(),
      this.#readExportsLeft(),
    ]);
    const { session } = station;
    const { state } = session;
    this.#devices = devices;
    this.#file = undefined;
    this.#facts = {
      at: asClock.now().toISOString(),
      build,
      browser: browserOf(options.userAgent),
      platform: options.platform,
      address: options.address,
      isOnline: isOnline(),
      page: {
        isBroken: health.isBroken,
        isSuperseded: health.isSuperseded,
        isCutOff: health.isCutOff,
        hasLostJournal: health.hasLostJournal,
        halted: options.halted,
      },
      isSecure: options.isSecure,
      access,
      refused: station.refused,
      devices: devices.map(({ facts }) => facts),
      service,
      clock: { offsetMs: asClock.offsetMs, differs: asClock.differs },
      session: {
        kind: session.signedIn?.kind ?? 'none',
        exportsLeft,
        failure: state.is === 'out' ? state.failure : undefined,
      },
      storage,
      ...ofJournal,
      selfTest: this.#facts?.selfTest,
    };
  }

  #readDevices(): Promise<SeenDevices> {
    const { station } = this.#options;
    return readDevices({ ...this.#options, lanes: () => station.lanes });
  }

  async #readStorage(): Promise<StorageFacts> {
    const quota = await readQuota(this.#options.storage);
    return { ...quota, isRefused: this.#isPersistenceRefused && !quota.isPersistent };
  }

  async #readJournal(): Promise<JournalResults> {
    const { journal, traces, station } = this.#options;
    try {
      const [newest, open, lostAt, stored] = await Promise.all([
        journal.list(RECENT_ATTEMPTS),
        journal.unsettled(),
        journal.lostAt(),
        traces.list(),
      ]);
      return {
        journal: { attempts: newest[0]?.id ?? 0, open: open.length, lostAt },
        failures: newest.flatMap(failuresOf),
        attempts: pastAttempts(newest, stored, station.lanes),
      };
    } catch (error) {
      return { journal: { attempts: 0, open: 0, failure: failureOf(error) }, failures: [], attempts: [] };
    }
  }

  /** Undefined if there is no limit, or if the vault or card does not answer. */
  async #readExportsLeft(): Promise<number | undefined> {
    try {
      return await this.#options.station.session.local?.exportsLeft?.();
    } catch (error) {
      failureOf(error);
      return undefined;
    }
  }
}

async function readService({
  roots,
  ticks,
  readLocalNetwork,
}: Pick<HelpOptions, 'roots' | 'ticks' | 'readLocalNetwork'>): Promise<ServiceFacts> {
  const began = ticks();
  try {
    const { pinned, shown } = await roots.compare();
    return {
      is: 'reached',
      ms: ticks() - began,
      comparedAt: pinned?.at,
      isPinnedRoot: pinned === undefined || pinned.fingerprint === shown.fingerprint,
    };
  } catch (error) {
    return { is: 'failed', failure: failureOf(error), localNetwork: await readLocalNetwork() };
  }
}

/** The failures of an attempt, newest first. */
function failuresOf({ link, sn, steps }: Attempt): PastFailure[] {
  const failures: PastFailure[] = [];
  for (const step of steps) {
    const { at } = step;
    if (step.step === 'failure') failures.unshift({ at, link, sn, failure: step.failure });
    if (step.step === 'interruption') failures.unshift({ at, link, sn, failure: undefined });
  }
  return failures;
}
