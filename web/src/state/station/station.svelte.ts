// The bench in front of the operator: which units are attached, which attempts of earlier stay open. Units that the operator permitted
// before appear by themselves.

import type { Services } from '../../app/services.ts';
import type { Sources } from '../../app/token-services.ts';
import type { Attempt } from '../../journal/attempt.ts';
import type { Link, LinkKind } from '../../transport/link.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { once } from '../common/once.ts';
import type { Orders } from '../orders/order-list.svelte.ts';
import type { Work } from '../page/inactivity.ts';
import type { Session } from '../session/session.svelte.ts';
import type { Lane } from './lane.svelte.ts';

/** A unit that restarts is back within this time. */
const RETURN_MS = 4_000;

/** How many of the newest attempts are looked through for what the last page left behind. */
const LOOKED_THROUGH = 25;

export type Platform = 'windows' | 'macos' | 'linux' | 'chromeos' | 'android' | 'other';

/** Works the units that come, while a work order is under way. */
export interface Attendant {
  /** A unit is there, read, and settled as far as it can be. */
  arrive(lane: Lane): Promise<void>;
  /** Somebody has signed in, and what could be found out about the unit was. */
  settled(lane: Lane): Promise<void>;
  /** A unit of a number that is here already. */
  twice(sn: string): Promise<void>;
  /** How far it has come, for every view. */
  readonly progress: Progress;
}

export interface Progress {
  readonly id: string;
  readonly done: number;
  readonly total: number;
  readonly failed: number;
}

export interface StationOptions {
  readonly session: Session;
  readonly works: () => Promise<Services>;
  readonly ticks: () => number;
  readonly random: () => Uint8Array;
  readonly platform: Platform;
  /** Which choosers this browser has. */
  readonly offers: Readonly<Record<LinkKind, boolean>>;
}

export class Station {
  lanes = $state.raw<readonly Lane[]>([]);
  /** What kept the last chooser from giving a unit. */
  refused = $state.raw<{ readonly kind: LinkKind; readonly failure: Failure } | undefined>();
  /** A chooser was closed without a choice: perhaps the unit was not in its list. */
  cancelled = $state.raw<LinkKind | undefined>();
  /** Attempts whose end is not known or not confirmed, oldest first. */
  open = $state.raw<readonly Attempt[]>([]);
  /** Attempts that the last page left before anything was written. */
  interrupted = $state.raw<readonly Attempt[]>([]);
  /** The journal cannot be read. */
  failure = $state.raw<Failure | undefined>();
  /** Where the demo page is, when one is served beside this one. */
  demo = $state.raw<string | undefined>();
  attendant = $state.raw<Attendant | undefined>();

  readonly busy: boolean = $derived(this.lanes.some((lane) => lane.busy));
  /** The screen is to stay on: units are worked, or one after the other is plugged in. */
  readonly awake: boolean = $derived(this.busy || this.attendant !== undefined);
  /** Open attempts of units that are not on the bench, or that another AS than the one in use has to settle. */
  readonly elsewhere: readonly Attempt[] = $derived.by(() => {
    const { state, origin } = this.session;
    return this.open.filter(
      ({ sn, service }) =>
        !this.lanes.some((lane) => lane.facts?.sn === sn) || (state.is === 'in' && service !== origin),
    );
  });

  readonly session: Session;
  readonly platform: Platform;
  readonly offers: Readonly<Record<LinkKind, boolean>>;
  readonly #parts: StationOptions;
  /** Links that are being opened or that the operator removed. */
  readonly #passedOver = new Set<number>();
  /** Told of each unit that comes and of each attempt that ends. */
  readonly #listeners = new Set<() => void>();
  readonly #orders = once(async () => (await this.#parts.works()).openOrders(this));
  readonly #sources = once(async () => {
    const work: Work = { isBusy: () => this.busy, onSign: (listener) => this.#onSign(listener) };
    return (await this.#parts.works()).openSources(this.session, work);
  });

  constructor(parts: StationOptions) {
    this.#parts = parts;
    this.session = parts.session;
    this.platform = parts.platform;
    this.offers = parts.offers;
  }

  /** At load: what the journal left open, then the units that are there already. */
  async start(): Promise<void> {
    const { links, leases, journal } = await this.#parts.works();
    links.onChange(() => void this.refresh());
    leases.onAsked((isAskedFor) => {
      for (const lane of this.lanes) if (isAskedFor(lane.link)) void lane.giveWay();
    });
    await this.readJournal();
    const newest = await journal.list(LOOKED_THROUGH);
    this.interrupted = newest.filter(
      ({ outcome, steps }) => outcome === 'failed' && steps.at(-1)?.step === 'interruption',
    );
    await this.refresh();
  }

  /**
   * Opens the browser's chooser; needs a click or a key. A cancelled chooser is no failure. `all` shows every USB device, so that one
   * that no unit looks like is judged by its descriptors.
   */
  async attach(kind: LinkKind, all = false): Promise<void> {
    this.refused = undefined;
    this.cancelled = undefined;
    const { links } = await this.#parts.works();
    try {
      const link = await (kind === 'usb' ? links.chooseUsb(all) : links.chooseSerial());
      if (!link) {
        this.cancelled = kind;
        return;
      }
      this.#passedOver.delete(link.id);
      await this.#arrive(link);
    } catch (error) {
      this.refused = { kind, failure: failureOf(error) };
    }
  }

  /** Attaches every permitted unit that is there and has no lane yet. */
  async refresh(): Promise<void> {
    const { links } = await this.#parts.works();
    const remembered = await links.remembered();
    await Promise.all(remembered.map((link) => this.#arrive(link)));
  }

  /** Tries again to read a unit that could not be read; then it is worked as one that was just plugged in. */
  async reread(lane: Lane): Promise<void> {
    await lane.retry();
    if (lane.isReachable) await this.#place(lane);
  }

  async remove(lane: Lane): Promise<void> {
    if (lane.busy) throw new RangeError('a unit is not removed in mid-run');
    this.lanes = this.lanes.filter((other) => other !== lane);
    this.#passedOver.add(lane.link.id);
    await lane.close();
  }

  /** Everything that this station wrote down. */
  async journal(): Promise<Services['journal']> {
    return (await this.#parts.works()).journal;
  }

  /** The work orders at this station; always the same ones. */
  orders(): Promise<Orders> {
    return this.#orders();
  }

  /** The vaults and the card at this station; always the same ones. */
  sources(): Promise<Sources> {
    return this.#sources();
  }

  /** Settles what can be settled: after signing in, and whenever a unit comes back. */
  async settle(): Promise<void> {
    if (!this.session.in) return;
    await Promise.all(
      this.lanes.map(async (lane) => {
        await this.#settleOn(lane);
        await this.attendant?.settled(lane);
      }),
    );
  }

  async readJournal(): Promise<void> {
    const { journal } = await this.#parts.works();
    try {
      this.open = await journal.unsettled();
      this.failure = undefined;
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  /** The page goes away: let go of every unit. */
  close(): void {
    for (const lane of this.lanes) void lane.close();
  }

  async #arrive(link: Link): Promise<void> {
    if (this.#passedOver.has(link.id) || this.lanes.some((lane) => lane.link.id === link.id && lane.attached)) return;
    this.#passedOver.add(link.id);
    this.#sign();
    const lane = await this.#makeLane(link);
    const awaited = this.lanes.some((other) => !other.attached && other.link.kind === link.kind);
    if (!awaited) this.lanes = [...this.lanes, lane];
    await lane.open();
    this.#passedOver.delete(link.id);
    await this.#place(lane);
  }

  /** A unit that was here before goes back to its lane; one that is here by its other port stays there. */
  async #place(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    const same = this.lanes.find((other) => other !== lane && sn !== undefined && other.facts?.sn === sn);
    if (same?.attached) {
      await this.remove(lane);
      // Its other port is no second unit.
      if (sn && same.link.kind === lane.link.kind) await this.attendant?.twice(sn);
      return;
    }
    const others = this.lanes.filter((other) => other !== lane);
    if (same) {
      this.lanes = others;
      await same.adopt(lane);
      await this.#settleOn(same);
      await this.attendant?.arrive(same);
      return;
    }
    // Of one that went before it could be read nothing is known, and nothing is lost.
    const finished = (other: Lane): boolean =>
      !other.attached && (other.phase.is === 'done' || other.phase.is === 'away' || !other.facts);
    const stays = this.lanes.filter((other) => other === lane || !finished(other));
    this.lanes = stays.includes(lane) ? stays : [...stays, lane];
    await this.#settleOn(lane);
    await this.attendant?.arrive(lane);
  }

  async #makeLane(link: Link): Promise<Lane> {
    const { makeLane, ...works } = await this.#parts.works();
    return makeLane(link, {
      ...this.#parts,
      ...works,
      onAway: (lane) => setTimeout(() => lane.phase.is === 'away' && void this.remove(lane), RETURN_MS),
      onJournal: () => {
        this.#sign();
        return this.readJournal();
      },
    });
  }

  #onSign(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #sign(): void {
    for (const listener of this.#listeners) listener();
  }

  async #settleOn(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    await this.readJournal();
    for (const attempt of [...this.open, ...(await this.#leftRunning(lane))]) {
      if (attempt.sn !== sn || attempt.service !== this.session.origin || lane.busy || !lane.attached) continue;
      await lane.settle(attempt);
    }
  }

  /** The lane's attempt whose end could not be written: as the journal has it, it is still under way. */
  async #leftRunning({ phase }: Lane): Promise<readonly Attempt[]> {
    if (phase.is !== 'unknown' && phase.is !== 'unverified') return [];
    try {
      const attempt = await (await this.journal()).get(phase.attempt);
      return attempt?.outcome === 'running' ? [attempt] : [];
    } catch (error) {
      this.failure = failureOf(error);
      return [];
    }
  }
}
