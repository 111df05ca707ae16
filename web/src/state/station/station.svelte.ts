// Manages one lane for each attached unit, and the attempts in the journal that are not settled.
// Attaches a unit without a click if the operator has chosen it in the browser's device chooser
// before.

import type { Attempt } from '../../journal/attempt.ts';
import type { Link, LinkKind } from '../../transport/link.ts';
import type { Platform } from '../../transport/platform.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Session } from '../session/session.svelte.ts';
import type { Lane } from './lane.svelte.ts';
import type { StationServices } from './station-services.ts';
import type { UnitLoader } from './unit-loader.ts';

/**
 * Time in which a unit that restarts must return. After this time its lane is removed.
 */
const RETURN_MS = 4_000;

/** Number of attempts, newest first, among which start() looks for interrupted ones. */
const RECENT_ATTEMPTS = 25;

/** A device choice that failed, and why. */
export interface RefusedAttachment {
  readonly kind: LinkKind;
  readonly failure: Failure;
}

export interface StationOptions {
  readonly session: Session;
  readonly services: () => Promise<StationServices>;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Returns 16 random bytes. */
  readonly random: () => Uint8Array;
  readonly platform: Platform;
  /** Which device choosers this browser has. */
  readonly offers: Readonly<Record<LinkKind, boolean>>;
}

export class Station {
  #lanes = $state.raw<readonly Lane[]>([]);
  #refused = $state.raw<RefusedAttachment | undefined>();
  #cancelled = $state.raw<LinkKind | undefined>();
  #open = $state.raw<readonly Attempt[]>([]);
  #interrupted = $state.raw<readonly Attempt[]>([]);
  #failure = $state.raw<Failure | undefined>();
  #hasDemo = $state(false);
  #loader = $state.raw<UnitLoader | undefined>();

  /** True during a load and while an attempt is being settled. */
  readonly busy: boolean = $derived(this.#lanes.some((lane) => lane.busy));
  /** True while the screen must stay on: when the station is busy or an order is open. */
  readonly awake: boolean = $derived(this.busy || this.#loader !== undefined);
  /**
   * Open attempts that no lane can settle, because their unit has no lane or they belong to an AS
   * other than that of the session.
   */
  readonly elsewhere: readonly Attempt[] = $derived.by(() => {
    const { session } = this;
    return this.#open.filter(
      ({ sn, service }) =>
        !this.#lanes.some((lane) => lane.facts?.sn === sn) ||
        (session.signedIn !== undefined && !session.isNamed(service)),
    );
  });

  readonly session: Session;
  readonly platform: Platform;
  readonly offers: Readonly<Record<LinkKind, boolean>>;
  readonly #options: StationOptions;
  /** Ids of links that are being opened or that the operator has removed. */
  readonly #ignoredLinks = new Set<number>();
  readonly #activityListeners = new Set<() => void>();

  constructor(options: StationOptions) {
    this.#options = options;
    this.session = options.session;
    this.platform = options.platform;
    this.offers = options.offers;
  }

  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** The last device choice, if it failed. */
  get refused(): RefusedAttachment | undefined {
    return this.#refused;
  }

  /**
   * The kind of the chooser that the operator closed without a choice, perhaps because the unit was
   * not listed.
   */
  get cancelled(): LinkKind | undefined {
    return this.#cancelled;
  }

  /** Attempts with an unknown outcome or an unverified receipt, oldest first. */
  get open(): readonly Attempt[] {
    return this.#open;
  }

  /** Recent attempts that were interrupted before the import. */
  get interrupted(): readonly Attempt[] {
    return this.#interrupted;
  }

  /** Why the journal could not be read the last time; undefined if it could. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Whether the service has a demo page. */
  get hasDemo(): boolean {
    return this.#hasDemo;
  }

  /** The run of the open order. */
  get loader(): UnitLoader | undefined {
    return this.#loader;
  }

  /** Reads the open attempts from the journal, then attaches the units that are present. */
  async start(): Promise<void> {
    const { links, leases, journal } = await this.#options.services();
    links.onChange(() => void this.refresh());
    leases.onRequest((isRequested) => {
      for (const lane of this.#lanes) if (isRequested(lane.link)) void lane.closeForOtherTab();
    });
    await this.readJournal();
    const newest = await journal.list(RECENT_ATTEMPTS);
    this.#interrupted = newest.filter(
      ({ outcome, steps }) => outcome === 'failed' && steps.at(-1)?.step === 'interruption',
    );
    await this.refresh();
  }

  offerDemo(): void {
    this.#hasDemo = true;
  }

  dismissInterrupted(): void {
    this.#interrupted = [];
  }

  /** Sets the run that loads the attached units; undefined removes the run. */
  assign(loader: UnitLoader | undefined): void {
    this.#loader = loader;
  }

  /**
   * Opens the browser's device chooser, which needs a user gesture. With `all` the chooser lists
   * every USB device, so that the operator can choose a unit that no device profile matches.
   */
  async attach(kind: LinkKind, all = false): Promise<void> {
    this.#refused = undefined;
    this.#cancelled = undefined;
    const { links } = await this.#options.services();
    try {
      const link = await (kind === 'usb' ? links.chooseUsb(all) : links.chooseSerial());
      if (!link) {
        this.#cancelled = kind;
        return;
      }
      this.#ignoredLinks.delete(link.id);
      await this.#openLane(link);
    } catch (error) {
      this.#refused = { kind, failure: failureOf(error) };
    }
  }

  /** Attaches every unit that is plugged in, that the browser permits and that has no lane. */
  async refresh(): Promise<void> {
    const { links } = await this.#options.services();
    const remembered = await links.remembered();
    await Promise.all(remembered.map((link) => this.#openLane(link)));
  }

  /** Retries a unit that could not be read. After a success, treats the unit as just attached. */
  async reread(lane: Lane): Promise<void> {
    await lane.retry();
    if (lane.isReachable) await this.#place(lane);
  }

  /**
   * Removes the lane and closes its link. The unit gets a lane again when the operator chooses it
   * or plugs it in again.
   * @throws RangeError during a load
   */
  async remove(lane: Lane): Promise<void> {
    if (lane.busy) throw new RangeError('a unit cannot be removed during a load');
    this.#lanes = this.#lanes.filter((other) => other !== lane);
    this.#ignoredLinks.add(lane.link.id);
    await lane.close();
  }

  async journal(): Promise<StationServices['journal']> {
    return (await this.#options.services()).journal;
  }

  /** Settles the open attempts of all attached units. Called after each sign-in. */
  async settle(): Promise<void> {
    if (!this.session.signedIn) return;
    await Promise.all(this.#lanes.map((lane) => this.#settleOn(lane)));
    await this.#loader?.recover();
  }

  async readJournal(): Promise<void> {
    const { journal } = await this.#options.services();
    try {
      this.#open = await journal.unsettled();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = failureOf(error);
    }
  }

  /**
   * Calls `listener` when a unit is attached and when an attempt begins or ends. Returns a function
   * that unsubscribes.
   */
  onActivity(listener: () => void): () => void {
    this.#activityListeners.add(listener);
    return () => void this.#activityListeners.delete(listener);
  }

  /** Closes every link. Called when the page is closed. */
  close(): void {
    for (const lane of this.#lanes) void lane.close();
  }

  async #openLane(link: Link): Promise<void> {
    if (this.#ignoredLinks.has(link.id) || this.#lanes.some((lane) => lane.link.id === link.id && lane.attached))
      return;
    this.#ignoredLinks.add(link.id);
    this.#reportActivity();
    const lane = await this.#makeLane(link);
    const mayReturn = this.#lanes.some((other) => !other.attached && other.link.kind === link.kind);
    if (!mayReturn) this.#lanes = [...this.#lanes, lane];
    await lane.open();
    this.#ignoredLinks.delete(link.id);
    await this.#place(lane);
  }

  /**
   * Decides which lane shows the unit that was just read. A unit that returns gets its former lane.
   * If the unit is already attached through another port, removes `lane`.
   */
  async #place(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    const same = this.#lanes.find((other) => other !== lane && sn !== undefined && other.facts?.sn === sn);
    if (same?.attached) {
      await this.remove(lane);
      // A USB interface and a serial port with the same SN belong to one unit. Two links of the
      // same kind with the same SN belong to two units.
      if (sn && same.link.kind === lane.link.kind) await this.#loader?.refuseDuplicate(sn);
      return;
    }
    const others = this.#lanes.filter((other) => other !== lane);
    if (same) {
      this.#lanes = others;
      await same.adopt(lane);
      await this.#settleOn(same);
      await this.#loader?.arrive(same);
      return;
    }
    // A lane whose unit was unplugged before it was read has nothing to show.
    const isFinished = (other: Lane): boolean =>
      !other.attached && (other.phase.is === 'done' || other.phase.is === 'away' || !other.facts);
    const remaining = this.#lanes.filter((other) => other === lane || !isFinished(other));
    this.#lanes = remaining.includes(lane) ? remaining : [...remaining, lane];
    await this.#settleOn(lane);
    await this.#loader?.arrive(lane);
  }

  async #makeLane(link: Link): Promise<Lane> {
    const { makeLane, ...services } = await this.#options.services();
    const lane = makeLane(link, {
      ...this.#options,
      ...services,
      onAway: () => setTimeout(() => lane.phase.is === 'away' && void this.remove(lane), RETURN_MS),
      onJournalChange: () => {
        this.#reportActivity();
        return this.readJournal();
      },
    });
    return lane;
  }

  #reportActivity(): void {
    for (const listener of this.#activityListeners) listener();
  }

  async #settleOn(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    await this.readJournal();
    for (const attempt of [...this.#open, ...(await this.#unfinishedOf(lane))]) {
      if (attempt.sn !== sn || !this.session.isNamed(attempt.service) || lane.busy || !lane.attached) continue;
      await lane.settle(attempt);
    }
  }

  /**
   * Returns the lane's attempt if its ending could not be written and the journal therefore still
   * lists the attempt as running.
   */
  async #unfinishedOf({ phase }: Lane): Promise<readonly Attempt[]> {
    if (phase.is !== 'unknown' && phase.is !== 'unverified') return [];
    try {
      const attempt = await (await this.journal()).get(phase.attempt);
      return attempt?.outcome === 'running' ? [attempt] : [];
    } catch (error) {
      this.#failure = failureOf(error);
      return [];
    }
  }
}
