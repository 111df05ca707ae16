// Issues, revokes, balances and closes work orders, and records station reports (docs/protocol.md
// clause 6.1). Each change resolves after its audit log entry is durable.
import { randomBytes } from 'node:crypto';
import { Mutex } from '#protocol/async/mutex.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type Balance, balance, type UnitOutcome } from '#protocol/orders/balance.ts';
import type {
  NamedOrderJson,
  OrderJson,
  OrderProgressJson,
  OrderUnitJson,
  WorkOrderJson,
} from '#protocol/orders/messages.ts';
import { lists, type WorkOrder } from '#protocol/orders/order.ts';
import type { Report } from '#protocol/orders/report.ts';
import type { NewOrderJson, StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { findUnits, type UnitsFound } from '#protocol/orders/units.ts';
import type { AuditHeadJson, SignedLogJson } from '#protocol/service/messages.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import type { AuditEvent, AuditLog } from '../audit-log/audit-log.ts';
import type { SharedLock } from '../common/shared-lock.ts';
import { Turns } from '../common/turns.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { visibleSets } from '../sets/set-access.ts';
import type { Signatures } from '../signing/signing.ts';
import type { OperatorState, State } from '../storage/state.ts';
import type { VaultLedger } from '../vaults/vault-ledger.ts';
import type { ReceiptCheck } from '../vaults/vault-receipts.ts';
import { draftOrder, encodeOrder } from './draft-order.ts';
import { encodePart, ORDER_EVENTS, type OrderEntry, type OrderLedger } from './order-ledger.ts';
import { OrderLoads } from './order-loads.ts';
import { makeReport } from './order-report.ts';

/** Number of orders whose loads are counted in one turn of the event loop. */
const ORDERS_PER_TURN = 1;

export interface OrdersOptions {
  readonly orders: OrderLedger;
  readonly ledger: Ledger;
  readonly vaults: VaultLedger;
  readonly check: ReceiptCheck;
  readonly log: AuditLog;
  readonly lock: SharedLock;
  readonly state: () => State;
  readonly signatures: () => Signatures;
  readonly demoMode: boolean;
  readonly now: () => Date;
}

/**
 * The actor of a change: an operator, or the command line, which has no account and may use every
 * set.
 */
export interface Actor {
  readonly name: string;
  readonly account?: OperatorState;
  /** @throws ProtocolError signed-out when the access code has expired or was revoked */
  readonly requireSignedIn?: () => void;
}

export class Orders {
  readonly #options: OrdersOptions;
  /** Serialises changes, so that each check still holds when its change is recorded. */
  readonly #mutex = new Mutex();
  /** Identifies this start of the service in the versions that progress() returns. */
  readonly #started = randomBytes(6).toString('hex');
  /**
   * Key: id of the order. Value: the number of units that are done, and the version of progress()
   * for which it was computed.
   */
  readonly #done = new Map<string, { readonly version: string; readonly count: number }>();
  /**
   * The last report. `name` contains the id of the order and how many exports and receipts it has.
   */
  #cache: { readonly name: string; readonly report: Promise<Report> } | undefined;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /**
   * Finds an order by its id. `id` may be another form of the same text.
   * @throws ProtocolError order-unknown, also when the operator may not use the set of the order
   */
  find(id: string, { account }: Actor): OrderEntry {
    const entry = this.#options.orders.find(id);
    if (entry !== undefined && this.#mayUse(entry.order.set, account)) return entry;
    throw new ProtocolError('order-unknown', `There is no work order ${id}.`);
  }

  /** Whether the set has a work order in any state. */
  hasOrderOf(set: number): boolean {
    return [...this.#options.orders.all()].some(({ order }) => order.set === set);
  }

  /**
   * Lists the orders of the sets that the actor may use, newest first. `named` contains the order
   * numbers of exports, with their counts. A number that belongs to none of these orders is listed
   * too, with `order` null. If `digits` is given, lists only the orders of units whose SN matches
   * them.
   */
  async list(actor: Actor, named: readonly NamedOrderJson[], digits?: string): Promise<WorkOrderJson[]> {
    const counts = new Map(named.map((each) => [each.workOrder, each]));
    const orders = [...this.#options.orders.all()].filter(({ order }) => this.#mayUse(order.set, actor.account));
    const rows: WorkOrderJson[] = [];
    const turns = new Turns(ORDERS_PER_TURN);
    for (const entry of orders) {
      const { id, issued } = entry.order;
      const found = counts.get(id) ?? { workOrder: id, exports: 0, receipts: 0, time: issued };
      counts.delete(id);
      const units = digits === undefined ? undefined : findUnits(entry.order.units, digits);
      if (digits !== undefined && units === undefined) continue;
      rows.push({ ...found, ...this.#factsOf(entry, units) });
      await turns.next();
    }
    const others = digits === undefined ? [...counts.values()] : [];
    const all = [...rows, ...others.map((each): WorkOrderJson => ({ ...each, order: null, unit: null }))];
    return all.sort((a, b) => (a.time < b.time ? 1 : -1));
  }

  /** Returns the facts of the order and of the unit. Collects the loads at most once. */
  #factsOf({ order, state }: OrderEntry, units: UnitsFound | undefined): Pick<WorkOrderJson, 'order' | 'unit'> {
    const { title, set, count, lines, options, notBefore, until } = order;
    const loads = units && this.#loadsOf(order);
    const done = this.#countDone(order, loads);
    const facts = { title, set, count, lines: lines.length, done, state, notBefore, until, dryRun: options.dryRun };
    return { order: facts, unit: units && loads ? { ...units, ...loads.of(units.sn) } : null };
  }

  view({ envelope, order, state, reason }: OrderEntry): Omit<OrderJson, keyof SignedLogJson> {
    const loads = this.#loadsOf(order);
    const units = [...loads.units()].map((sn): OrderUnitJson => ({ sn, ...loads.of(sn) }));
    return { order: envelope, state, reason, units };
  }

  /**
   * Returns the state of the order, and the units that changed since `seen`, which is the version
   * in an earlier answer. If `seen` is undefined, returns all units with exports.
   */
  progress({ order, state, reason }: OrderEntry, seen: string | undefined): OrderProgressJson {
    const { list, changes, version } = this.#versionOf(order);
    const common = { state, reason, time: this.#options.now().toISOString(), version };
    const since = seen?.startsWith(`${list}-`) ? Number(seen.slice(list.length + 1)) : undefined;
    if (since === changes.length) return { ...common, done: this.#countDone(order), units: [] };
    const loads = this.#loadsOf(order);
    const done = this.#countDone(order, loads);
    const units = since === undefined ? loads.units() : new Set(changes.slice(since).flatMap((xc) => this.#unitOf(xc)));
    return { ...common, done, units: [...units].map((sn) => ({ sn, ...loads.of(sn) })) };
  }

  /**
   * Returns the version of a progress: the name of a list of changes, and the length of the list.
   */
  #versionOf({ id }: WorkOrder) {
    const { ledger, vaults } = this.#options;
    const changes = ledger.changesOf(id);
    // A returned vault journal can change any unit, and so can a restart. After either, the answer
    // contains all units again.
    const list = `${this.#started}-${vaults.countLoads(id)}`;
    return { list, changes, version: `${list}-${changes.length}` };
  }

  /** Number of units that are done. Counts again only after a change. */
  #countDone(order: WorkOrder, loads?: OrderLoads): number {
    const { version } = this.#versionOf(order);
    const cached = this.#done.get(order.id);
    if (cached?.version === version) return cached.count;
    const count = (loads ?? this.#loadsOf(order)).done;
    this.#done.set(order.id, { version, count });
    return count;
  }

  #unitOf(xc: number): string[] {
    const entry = this.#options.ledger.findByCounter(xc);
    return entry === undefined ? [] : [toHex(decodeHeader(entry.data).sn)];
  }

  /**
   * @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted,
   * unit-not-listed, demo-refused
   */
  async issue(request: NewOrderJson, actor: Actor): Promise<OrderEntry> {
    return this.#mutex.run(async () => {
      const { orders, state, demoMode, now, signatures } = this.#options;
      if (orders.find(request.id) !== undefined) {
        throw new ProtocolError(
          'request-refused',
          `There is already a work order ${request.id}. Choose another number.`,
        );
      }
      // The lock keeps the set and its keys as they are until the order is in the log.
      await this.#options.lock.shared(async () => {
        const order = draftOrder(request, { state: state(), demoMode, now: now(), account: actor.account });
        const envelope = await signatures().signOrder(encodeOrder(order));
        const { id: workOrder, title, set, count, lines, until } = order;
        const details = { workOrder, title, set, units: count, lines: lines.length, until };
        await this.#append(ORDER_EVENTS.issued, actor, details, encodePart(envelope));
        orders.issue(envelope);
      });
      return this.find(request.id, actor);
    });
  }

  /**
   * Revokes the order, which then permits no more exports. Its report contains the earlier exports.
   * @throws ProtocolError order-unknown, order-ended
   */
  async revoke(typed: string, reason: string, actor: Actor): Promise<OrderEntry> {
    return this.#alone(async () => {
      const entry = this.find(typed, actor);
      const { id } = entry.order;
      requireNotClosed(entry);
      await this.#append(ORDER_EVENTS.revoked, actor, { workOrder: id, reason });
      this.#options.orders.revoke(id, reason);
      return this.find(id, actor);
    });
  }

  /**
   * Records a station report.
   * @throws ProtocolError order-unknown, unit-not-listed, request-refused
   */
  async report(typed: string, request: Omit<StationReportJson, 'close'>, actor: Actor): Promise<void> {
    await this.#mutex.run(async () => {
      const { order, reported, state } = this.find(typed, actor);
      const { id } = order;
      if (state === 'closed') return;
      const unlisted = request.units.find(({ sn }) => !lists(order, sn));
      if (unlisted !== undefined) {
        throw new ProtocolError('unit-not-listed', `Unit ${unlisted.sn} is not on work order ${id}.`);
      }
      await this.#requireHead(request.head);
      const { app, head, absentReason } = request;
      // Records only changes, because a station may repeat its whole report after each unit.
      const units = request.units
        .map((unit) => combine(reported.get(unit.sn), unit))
        .filter((unit) => JSON.stringify(reported.get(unit.sn)) !== JSON.stringify(unit));
      const part = { app, head, units, absentReason };
      const details = { workOrder: id, units: units.length, build: app.build };
      await this.#options.lock.shared(async () => {
        const { time } = await this.#append(ORDER_EVENTS.reported, actor, details, encodePart(part));
        this.#options.orders.report(id, actor.name, part, time);
      });
    });
  }

  /** Computes the balance over all stations from the receipts. */
  balance(id: string, actor: Actor, absentReason: string | null = null): Balance {
    const entry = this.find(id, actor);
    return balance(entry.order, this.#outcomes(entry, this.#loadsOf(entry.order)), absentReason ?? entry.absentReason);
  }

  /**
   * Yields the outcomes of the units with exports or station reports. A unit is done only if the AS
   * has its receipts.
   */
  *#outcomes({ order, reported }: OrderEntry, loads: OrderLoads): Generator<UnitOutcome> {
    const units = new Set([...loads.units(), ...reported.keys()]);
    for (const sn of units) {
      const { proven } = loads.of(sn);
      const report = reported.get(sn);
      const reason = report?.reason ?? null;
      if (!lists(order, sn)) continue;
      if (proven === order.lines.length) yield { sn, outcome: 'done', reason: null };
      else if (report !== undefined && report.outcome !== 'done') yield { sn, outcome: report.outcome, reason };
      else yield { sn, outcome: 'unknown', reason };
    }
  }

  /**
   * Closes the order if it balances. Closing a closed order changes nothing.
   * @throws ProtocolError order-unknown
   */
  async close(
    typed: string,
    absentReason: string | null,
    actor: Actor,
  ): Promise<{ closed: boolean; balance: Balance }> {
    return this.#alone(async () => {
      const sum = this.balance(typed, actor, absentReason);
      const { order, state } = this.find(typed, actor);
      const { id } = order;
      if (state === 'closed' || !sum.mayClose) return { closed: state === 'closed', balance: sum };
      const { done, failed, unknown, absent } = sum;
      const details = { workOrder: id, done, failed, unknown, absent, absentReason };
      const head = await this.#append(ORDER_EVENTS.closed, actor, details);
      this.#options.orders.close(id, actor.name, absentReason, head);
      return { closed: true, balance: sum };
    });
  }

  /**
   * Makes the report of a closed order. Caches the last report until another export or receipt is
   * recorded. The cache serves clients that retry because making a long report took longer than
   * their timeout.
   * @throws ProtocolError order-unknown, receipt-refused; request-refused while the order is open
   */
  async makeReport(typed: string, actor: Actor): Promise<Report> {
    const entry = this.find(typed, actor);
    const { id } = entry.order;
    if (entry.closed === null) {
      throw new ProtocolError('request-refused', `Work order ${id} is not closed yet, so it has no report.`);
    }
    const { log, state, signatures, now } = this.#options;
    const loads = this.#loadsOf(entry.order);
    const name = JSON.stringify([id, loads.total]);
    if (this.#cache?.name === name) return this.#cache.report;
    const options = { loads, log, now, state: state(), signatures: signatures() };
    const report = makeReport(entry, this.#outcomes(entry, loads), options);
    this.#cache = { name, report };
    report.catch(() => {
      if (this.#cache?.report === report) this.#cache = undefined;
    });
    return report;
  }

  #loadsOf(order: WorkOrder): OrderLoads {
    return new OrderLoads(order, this.#options.ledger, this.#options.vaults, this.#options.check);
  }

  /**
   * Requires that the log contains the audit head that the station saw.
   * @throws ProtocolError request-refused
   */
  async #requireHead(head: StationReportJson['head']): Promise<void> {
    if (head === null) return;
    const { log } = this.#options;
    const [record] = head.sequence > log.head.sequence ? [] : await log.read(head.sequence, head.sequence);
    if (record?.hash === toBase64url(fromBase64url(head.hash))) return;
    throw new ProtocolError(
      'request-refused',
      `Entry ${head.sequence} of the audit log is not the one that this station saw. Inform an auditor.`,
    );
  }

  /**
   * Runs a change that ends all exports of an order. No export is in progress meanwhile, so a
   * balance that the change computes contains every export.
   */
  #alone<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(() => this.#options.lock.exclusive(action));
  }

  #append(
    event: string,
    { name, requireSignedIn }: Actor,
    details: AuditEvent['details'],
    record?: Uint8Array,
  ): Promise<AuditHeadJson> {
    requireSignedIn?.();
    return this.#options.log.append({ event, actor: name, details, ...(record === undefined ? {} : { record }) });
  }

  #mayUse(set: number, account: OperatorState | undefined): boolean {
    if (account === undefined) return true;
    const { state, demoMode } = this.#options;
    return visibleSets(state(), demoMode, account).some((each) => each.set === set);
  }
}

/**
 * Combines a report on a unit with the earlier one. A report without a reason does not remove the
 * reason of an equal outcome. A failure without `begun` means that the station has not loaded the
 * attached unit. Such a report replaces only the outcome `absent`.
 */
function combine(before: StationUnitJson | undefined, unit: StationUnitJson): StationUnitJson {
  const { outcome, reason, begun, ended } = unit;
  if (before === undefined || reason !== null) return unit;
  if (before.outcome === outcome)
    return { ...unit, reason: before.reason, begun: begun ?? before.begun, ended: ended ?? before.ended };
  const isUnloaded = outcome === 'failed' && begun === null;
  return isUnloaded && before.outcome !== 'absent' ? before : unit;
}

function requireNotClosed({ order, state }: OrderEntry): void {
  if (state === 'closed') throw new ProtocolError('order-ended', `Work order ${order.id} is closed.`);
}
