// The work orders that the operator can take up: from the AS, from a file, or those that this station holds already; and the one that is on the desk.
// Knows no lanes but through the order at work.

import { fromBase64url } from '#protocol/bytes/text.ts';
import * as shape from '#protocol/json/read.ts';
import type { OrderState } from '#protocol/orders/messages.ts';
import { decodeWorkOrderPayload, type WorkOrder } from '#protocol/orders/order.ts';
import type { ListedOrder, RemoteOrder, WorkOrders } from '../../as-client/work-orders.ts';
import type { Journal } from '../../journal/journal.ts';
import type { OrderRecord } from '../../journal/order-record.ts';
import { askForRoom, MIN_OCTETS, OCTETS_PER_LOAD, type Room } from '../../journal/storage-quota.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Feedback } from '../page/feedback.svelte.ts';
import type { Verification } from '../report/verification.svelte.ts';
import type { Station } from '../station/station.svelte.ts';
import { ON_THE_DESK } from './last-open.ts';
import { OpenOrder, type PreferencesOptions } from './open-order.svelte.ts';

/** So often it is looked whether an order has begun, or is over. */
const CLOCK_MS = 10_000;

export type { ListedOrder } from '../../as-client/work-orders.ts';

/** An order that this station holds, with where its units stand here. */
export interface HeldOrder {
  readonly record: OrderRecord;
  readonly order: WorkOrder;
  readonly counts: Counts;
}

/** What the AS says of an order that is taken up. */
type Told = Pick<RemoteOrder, 'state'> & Partial<Pick<RemoteOrder, 'units'>>;

export interface OrdersOptions {
  readonly station: Station;
  readonly remote: Pick<WorkOrders, 'list' | 'read' | 'open' | 'report' | 'reportFile'>;
  readonly store: WorkOrderStore;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly signals: Feedback;
  readonly verification: Verification;
  readonly storage: StorageManager | undefined;
  readonly kept: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly now: () => Date;
  readonly ticks: () => number;
  readonly head: PreferencesOptions['head'];
  /** Hash and version of this page's build. */
  readonly app: () => Promise<{ readonly version: string; readonly build: string }>;
}

export class Orders {
  listed = $state.raw<readonly ListedOrder[] | undefined>();
  held = $state.raw<readonly HeldOrder[]>([]);
  desk = $state.raw<OpenOrder | undefined>();
  /** The report of a closed order, as the AS gave it. */
  report = $state.raw<string | undefined>();
  room = $state.raw<Room | undefined>();
  failure = $state.raw<Failure | undefined>();
  busy = $state.raw(false);

  readonly signals: Feedback;
  readonly verification: Verification;
  readonly #parts: OrdersOptions;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(parts: OrdersOptions) {
    this.#parts = parts;
    this.signals = parts.signals;
    this.verification = parts.verification;
  }

  /** What there is: here, and at the AS when someone is signed in there. */
  async refresh(): Promise<void> {
    const { store, remote, station, storage } = this.#parts;
    await this.#try(async () => {
      this.room = await askForRoom(storage);
      const records = await store.list();
      this.held = await Promise.all(
        records.map(async (record) => ({
          record,
          order: readDocument(record.document),
          counts: await store.counts(record.order),
        })),
      );
      this.listed = station.session.in?.kind === 'remote' ? await remote.list() : undefined;
    });
  }

  /** From the AS. */
  async open(id: string): Promise<void> {
    await this.#try(async () => {
      const found = await this.#parts.remote.read(id);
      await this.#lay(found.document, found.order, found);
    });
  }

  /** The report of an order that was closed, whoever closed it. */
  async readReport(id: string): Promise<void> {
    this.report = undefined;
    await this.#try(async () => {
      this.report = await this.#parts.remote.reportFile(id);
    });
  }

  /** A file that the AS signed: verified by the key that this station trusts. */
  async openFile(text: string): Promise<void> {
    await this.#try(async () => this.#lay(text, await this.#parts.remote.open(text)));
  }

  /** One that is here: it was verified when it came. */
  async openHeld({ record, order }: HeldOrder): Promise<void> {
    await this.#try(() => this.#lay(record.document, order, { state: this.#stateOf(order) }));
  }

  /** After a reload: the order that was on the desk lies there again, at rest. */
  async reopen(): Promise<void> {
    const left = this.#parts.kept.getItem(ON_THE_DESK);
    if (left === null || this.desk) return;
    await this.#try(async () => {
      const record = (await this.#parts.store.list()).find(({ order }) => String(order) === left);
      if (record && record.report === undefined) await this.#lay(record.document, readDocument(record.document));
    });
  }

  /** Takes the order from the desk; its units are let go of when what is under way has ended. */
  async leave(): Promise<void> {
    const { station, kept } = this.#parts;
    await this.desk?.run.pause();
    kept.removeItem(ON_THE_DESK);
    clearInterval(this.#clock);
    station.attendant = undefined;
    this.desk = undefined;
    await this.refresh();
  }

  /** As the AS had it when it was asked last. */
  #stateOf({ id, asNumber }: WorkOrder): OrderState {
    const account = this.#parts.station.session.in;
    const listed = account?.service.asNumber === asNumber ? this.listed?.find((each) => each.id === id) : undefined;
    return listed?.state ?? 'open';
  }

  async #lay(document: string, order: WorkOrder, remote?: Told): Promise<void> {
    const { station, store, journal, kept, storage } = this.#parts;
    this.room = await askForRoom(storage);
    const name = `${order.service} ${order.asNumber} ${order.id}`;
    const record = await store.hold(name, document);
    const counts = await store.counts(record.order);
    const desk = new OpenOrder({ ...this.#parts, order, record, counts, elsewhere: provenIn(order, remote) });
    await desk.run.reconcile();
    await desk.run.exportsLeft.read();
    await journal.note(record.order, { step: 'order-opened', operator: station.session.in?.operator ?? '' });
    kept.setItem(ON_THE_DESK, String(record.order));
    desk.lacksRoom = this.room.left !== undefined && this.room.left < needed(order, counts);
    desk.closedBefore = remote?.state === 'open' ? undefined : remote?.state;
    station.attendant = desk.run;
    clearInterval(this.#clock);
    this.#clock = setInterval(() => void desk.run.lookAtClock(), CLOCK_MS);
    this.report = undefined;
    this.desk = desk;
    // What is attached already is looked at; nothing is loaded before the operator says so.
    await Promise.all(station.lanes.map((lane) => desk.run.arrive(lane)));
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.failure = undefined;
    try {
      await act();
    } catch (error) {
      this.failure = failureOf(error);
      this.#parts.station.session.heed(this.failure);
    } finally {
      this.busy = false;
    }
  }
}

function readDocument(document: string): WorkOrder {
  const { payload } = shape.envelope(shape.parseJson(document, 'the order'), 'the order');
  return decodeWorkOrderPayload(fromBase64url(payload));
}

/** Octets that the rest of the order will take in the journal. */
function needed({ count, lines }: WorkOrder, { done }: Counts): number {
  return MIN_OCTETS + Math.max(0, count - done) * lines.length * OCTETS_PER_LOAD;
}

/** Units that are done by the AS's word, whichever station worked them. */
function provenIn({ lines }: WorkOrder, remote: Told | undefined): ReadonlySet<string> {
  const done = remote?.units?.filter(({ proven }) => proven >= lines.length) ?? [];
  return new Set(done.map(({ sn }) => sn));
}
