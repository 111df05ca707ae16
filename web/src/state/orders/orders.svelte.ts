// The work orders that the operator can open, from the AS, from a file or from the journal of this
// station, and the one that is open.
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { ListedOrder, RemoteOrder, WorkOrders } from '../../as-client/work-orders.ts';
import type { EndedAs, OrderRecord } from '../../journal/order-record.ts';
import { BYTES_PER_LOAD, MIN_FREE_BYTES, requestPersistence, type StorageQuota } from '../../journal/storage-quota.ts';
import type { Counts } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';
import { Task } from '../common/task.svelte.ts';
import { accountName, type OrderRow, orderName, orderRows } from '../order-list/order-rows.ts';
import { OrderSearch } from '../order-list/order-search.svelte.ts';
import { readDocument, readStored, type StoredOrder } from '../order-list/stored-order.ts';
import type { Feedback } from '../page/feedback.svelte.ts';
import type { Presence } from '../page/inactivity.ts';
import type { Verification } from '../report/verification.svelte.ts';
import { LAST_ORDER } from './last-order.ts';
import { OpenOrder, type OpenOrderOptions } from './open-order.svelte.ts';

/**
 * Interval at which the page checks the validity period of the open order and asks the AS for the
 * progress of the order.
 */
const CHECK_MS = 10_000;

/** State of an order at the AS. `units` is present only if the AS was asked for this one order. */
type OrderStatus = Pick<RemoteOrder, 'state'> & Partial<Pick<RemoteOrder, 'units'>>;

export interface OrdersOptions
  extends Pick<
    OpenOrderOptions,
    'station' | 'store' | 'journal' | 'now' | 'ticks' | 'app' | 'wordsOf' | 'head' | 'scansLabels'
  > {
  readonly remote: Pick<WorkOrders, 'list' | 'find' | 'read' | 'open' | 'report' | 'reportFile' | 'progress'>;
  /** Whether the run of an order starts as soon as the order is opened, without a click. */
  readonly startsAlone?: (() => boolean) | undefined;
  readonly feedback: Feedback;
  readonly verification: Verification;
  readonly storage: StorageManager | undefined;
  /** Settings of this browser. */
  readonly settings: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /**
   * The document of the page. A hidden page asks the AS at regular intervals only if the run waits
   * for an answer.
   */
  readonly presence: Pick<Presence, 'visibilityState' | 'addEventListener'>;
  /** Calls `listener` when the browser reports that the network has returned. */
  readonly onOnline: (listener: () => void) => void;
}

export class Orders {
  /** The orders of the AS, and the name of the account for which the AS listed them. */
  #listed = $state.raw<{ readonly account: string; readonly orders: readonly ListedOrder[] } | undefined>();
  /** Number of refreshes so far. An earlier refresh must not replace what a later one has read. */
  #refreshes = 0;
  #stored = $state.raw<readonly StoredOrder[]>([]);
  #current = $state.raw<OpenOrder | undefined>();
  #report = $state.raw<string | undefined>();
  #space = $state.raw<StorageQuota | undefined>();
  readonly #task: Task;

  readonly feedback: Feedback;
  readonly verification: Verification;
  readonly search: OrderSearch;
  readonly #options: OrdersOptions;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: OrdersOptions) {
    this.#options = options;
    this.#task = new Task((failure) => options.station.session.endOn(failure));
    options.presence.addEventListener('visibilitychange', () => void this.#check());
    options.onOnline(() => void this.#current?.remote.reconnect());
    this.feedback = options.feedback;
    this.verification = options.verification;
    this.search = new OrderSearch({
      ...options,
      stored: () => this.#stored,
      account: () => options.station.session.signedIn,
      endOn: (failure) => options.station.session.endOn(failure),
    });
  }

  /**
   * The orders of the AS. Undefined until they are read, or if no operator is signed in to a
   * service.
   */
  get listed(): readonly ListedOrder[] | undefined {
    const account = this.#options.station.session.signedIn;
    return account && this.#listed?.account === accountName(account) ? this.#listed.orders : undefined;
  }

  /** Whether the search covers every order of this station and of the AS of the session. */
  get isSearchComplete(): boolean {
    const { signedIn } = this.#options.station.session;
    return this.search.failure === undefined && (signedIn?.kind !== 'remote' || this.listed !== undefined);
  }

  /** The rows of the list: the orders of this station, and those that only the AS lists. */
  get rows(): ReturnType<typeof orderRows> {
    const { current } = this;
    return orderRows({
      stored: this.#stored,
      listed: withFound(this.listed ?? [], this.search.listed),
      service: this.#options.station.session.signedIn?.service,
      current: current && orderName({ ...current.order, name: current.order.service }, current.order.id),
    });
  }

  /** The open order. */
  get current(): OpenOrder | undefined {
    return this.#current;
  }

  /** The report file of a closed order, after readReport(). */
  get report(): string | undefined {
    return this.#report;
  }

  /** Space that the browser offers for the journal. */
  get space(): StorageQuota | undefined {
    return this.#space;
  }

  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  get isBusy(): boolean {
    return this.#task.isBusy;
  }

  /**
   * Reads the orders of this station and, if an operator is signed in to a service, those of the
   * AS.
   */
  async refresh(): Promise<void> {
    const refresh = ++this.#refreshes;
    await this.#task.run(async () => {
      try {
        await this.#refresh(() => refresh === this.#refreshes);
      } catch (error) {
        // The failure of an earlier refresh is ignored: its account may have signed out.
        if (refresh === this.#refreshes) throw error;
        failureOf(error);
      }
    });
    if (refresh === this.#refreshes) this.search.search(this.search.text);
  }

  async #refresh(isCurrent: () => boolean): Promise<void> {
    const { store, remote, station, storage } = this.#options;
    const account = station.session.signedIn;
    const [space, stored] = [await requestPersistence(storage), await readStored(store)];
    if (!isCurrent()) return;
    [this.#space, this.#stored] = [space, stored];
    if (account?.kind !== 'remote') return;
    const orders = await remote.list();
    if (isCurrent()) this.#listed = { account: accountName(account), orders };
  }

  /** Opens an order of this station, or of the AS. */
  async open({ id, stored, state }: OrderRow): Promise<void> {
    await this.#task.run(async () => {
      if (stored) return await this.#open(stored.record.document, stored.order, { state });
      const remote = await this.#options.remote.read(id);
      await this.#open(remote.document, remote.order, remote);
    });
  }

  /** Verifies the signature of an order in a file, then opens the order. */
  async openFile(file: OpenedFile): Promise<void> {
    await this.#task.run(async () => {
      const text = await readFile(file);
      await this.#open(text, await this.#options.remote.open(text));
    });
  }

  /** Opens the order that was open before a reload. Its run is paused. */
  async reopen(): Promise<void> {
    const chain = this.#options.settings.getItem(LAST_ORDER);
    if (chain === null || this.#current) return;
    await this.#task.run(async () => {
      const record = (await this.#options.store.list()).find(({ order }) => String(order) === chain);
      if (record && record.endedAs === undefined && record.report === undefined)
        await this.#open(record.document, readDocument(record.document));
    });
  }

  /** Leaves the open order. Loads in progress are completed. */
  async leave(): Promise<void> {
    const { station, settings } = this.#options;
    await this.#current?.run.pause();
    settings.removeItem(LAST_ORDER);
    clearInterval(this.#timer);
    station.assign(undefined);
    this.#current = undefined;
    await this.refresh();
  }

  /** Reads the report of a closed order from the journal, or from the AS. */
  async readReport({ id, stored }: OrderRow): Promise<void> {
    this.#report = undefined;
    await this.#task.run(async () => {
      this.#report = stored?.record.report ?? (await this.#options.remote.reportFile(id));
    });
  }

  clearReport(): void {
    this.#report = undefined;
  }

  async #open(document: string, order: WorkOrder, status?: OrderStatus): Promise<void> {
    const { station, store, journal, settings, storage } = this.#options;
    // If an order is already open, its run must not start another load.
    await this.#current?.run.pause();
    const space = await requestPersistence(storage);
    const name = orderName({ ...order, name: order.service }, order.id);
    const record = await store.save(name, document);
    const counts = await store.counts(record.order);
    const opened = new OpenOrder({
      ...this.#options,
      order,
      record,
      counts,
      elsewhere: doneUnits(order, status),
      endedAs: endOf(record) ?? (status?.state === 'open' ? undefined : status?.state),
      lacksSpace: space.freeBytes !== undefined && space.freeBytes < spaceFor(order, counts),
    });
    const { run } = opened;
    await run.reconcile();
    await run.exportsLeft.read();
    await journal.note(record.order, { step: 'order-opened', operator: station.session.signedIn?.operator ?? '' });
    settings.setItem(LAST_ORDER, String(record.order));
    station.assign(run);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#space = space;
    this.#report = undefined;
    this.#current = opened;
    // Reads the attached units. Nothing is loaded before the run starts.
    await Promise.all(station.lanes.map((lane) => run.arrive(lane)));
    if (this.#options.startsAlone?.()) await run.start();
    await opened.remote.follow();
  }

  async #check(): Promise<void> {
    const { current } = this;
    await current?.run.checkValidity();
    if (current === undefined || current.report !== undefined) return;
    const isHidden = this.#options.presence.visibilityState === 'hidden';
    if (!isHidden || current.remote.isAwaited) await current.remote.follow();
  }
}

/** Returns the listed orders and those that the search found, which can be newer. */
function withFound(listed: readonly ListedOrder[], found: readonly ListedOrder[]): readonly ListedOrder[] {
  return [...new Map([...listed, ...found].map((order) => [order.id, order])).values()];
}

/** Returns how the order ended according to its record; undefined if the record has no end. */
function endOf({ endedAs, report }: OrderRecord): EndedAs | undefined {
  return report === undefined ? endedAs : 'closed';
}

/** Returns how many bytes the journal needs for the units that are not done. */
function spaceFor({ count, lines }: WorkOrder, { done }: Counts): number {
  return MIN_FREE_BYTES + Math.max(0, count - done) * lines.length * BYTES_PER_LOAD;
}

/**
 * Returns the serial numbers of the units for which the AS has a verified receipt of every line.
 */
function doneUnits({ lines }: WorkOrder, status: OrderStatus | undefined): ReadonlySet<string> {
  const done = status?.units?.filter(({ proven }) => proven >= lines.length) ?? [];
  return new Set(done.map(({ sn }) => sn));
}
