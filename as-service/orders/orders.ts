// Work orders (docs/protocol.md clauses 6.1 and 9): issued and signed, revoked, reported on by the stations that work them, closed once
// they balance. Every change is in the audit log, durable, before anyone hears of it. Knows nothing of HTTP or terminals.
import { Mutex } from '#protocol/async/mutex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type Balance, balance, type UnitOutcome } from '#protocol/orders/balance.ts';
import type { NewOrderJson, OrderJson, OrderUnitJson, StationReportJson } from '#protocol/orders/messages.ts';
import { lists, type WorkOrder } from '#protocol/orders/order.ts';
import type { Report } from '#protocol/orders/report.ts';
import type { WorkOrderJson } from '#protocol/service/messages.ts';
import type { AuditEvent, AuditLog } from '../audit-log/audit-log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { visibleSets } from '../sets/policy.ts';
import type { Signatures } from '../signing/signing.ts';
import type { OperatorState, State } from '../storage/state.ts';
import type { VaultLedger } from '../vaults/vault-ledger.ts';
import { draftOrder, writeOrder } from './draft-order.ts';
import { encodePart, ORDER_EVENTS, type OrderBook, type OrderEntry } from './order-ledger.ts';
import { OrderLoads } from './order-loads.ts';
import { makeReport } from './order-report.ts';

export interface OrdersOptions {
  readonly book: OrderBook;
  readonly ledger: Ledger;
  readonly vaults: VaultLedger;
  readonly log: AuditLog;
  readonly state: () => State;
  readonly signatures: () => Signatures;
  readonly demoMode: boolean;
  readonly now: () => Date;
}

/** Who acts: an operator of the service, or, without an account, whoever holds its data folder. */
export interface Actor {
  readonly name: string;
  readonly account?: OperatorState;
}

export class Orders {
  readonly #options: OrdersOptions;
  /** Changes happen one after another, so that what was checked still holds when it is written. */
  readonly #mutex = new Mutex();
  #newest: { readonly name: string; readonly report: Promise<Report> } | undefined;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /** @throws ProtocolError order-unknown: it is not there, or for a set that this operator may not see */
  find(id: string, { account }: Actor): OrderEntry {
    const entry = this.#options.book.find(id);
    if (entry !== undefined && this.#maySee(entry.order.set, account)) return entry;
    throw new ProtocolError('order-unknown', `There is no work order ${id}.`);
  }

  /** Newest first: the orders that may be seen, and with them the numbers that exports named, of one operator or all. */
  list(actor: Actor, named: readonly Omit<WorkOrderJson, 'order'>[]): WorkOrderJson[] {
    const counts = new Map(named.map((each) => [each.workOrder, each]));
    const orders = [...this.#options.book.all()].filter(({ order }) => this.#maySee(order.set, actor.account));
    const rows = orders.map(({ order, state }): WorkOrderJson => {
      const { id, title, set, count, lines, options, issued, notBefore, until } = order;
      const found = counts.get(id) ?? { workOrder: id, exports: 0, receipts: 0, time: issued };
      counts.delete(id);
      const facts = { title, set, count, lines: lines.length, state, notBefore, until, dryRun: options.dryRun };
      return { ...found, order: facts };
    });
    const others = [...counts.values()].map((each): WorkOrderJson => ({ ...each, order: null }));
    return [...rows, ...others].sort((a, b) => (a.time < b.time ? 1 : -1));
  }

  view({ envelope, order, state, reason }: OrderEntry): Omit<OrderJson, 'auditHead'> {
    const loads = this.#loadsOf(order);
    const units = [...loads.units()].map((sn): OrderUnitJson => ({ sn, ...loads.of(sn) }));
    return { order: envelope, state, reason, units };
  }

  /** @throws ProtocolError request-refused, set-unknown, key-unknown, slot-not-permitted, unit-not-listed, demo-refused */
  async issue(given: NewOrderJson, actor: Actor): Promise<OrderEntry> {
    return this.#mutex.run(async () => {
      const { book, state, demoMode, now, signatures, log } = this.#options;
      if (book.find(given.id) !== undefined) {
        throw new ProtocolError(
          'request-refused',
          `There is a work order ${given.id} already: a new one takes a new number.`,
        );
      }
      const order = draftOrder(given, { state: state(), demoMode, now: now(), account: actor.account });
      const envelope = await signatures().signOrder(writeOrder(order));
      const { id: workOrder, title, set, count, lines, until } = order;
      await log.append({
        event: ORDER_EVENTS.issued,
        actor: actor.name,
        details: { workOrder, title, set, units: count, lines: lines.length, until },
        record: encodePart(envelope),
      });
      book.issue(envelope);
      return this.find(given.id, actor);
    });
  }

  /** Nobody exports for it from now on; what was exported stays in its report. @throws ProtocolError order-unknown, order-ended */
  async revoke(id: string, reason: string, actor: Actor): Promise<OrderEntry> {
    return this.#mutex.run(async () => {
      requireNotClosed(this.find(id, actor));
      await this.#append(ORDER_EVENTS.revoked, actor, { workOrder: id, reason });
      this.#options.book.revoke(id, reason);
      return this.find(id, actor);
    });
  }

  /** Keeps what a station says. @throws ProtocolError order-unknown, unit-not-listed, request-refused */
  async report(id: string, given: Omit<StationReportJson, 'close'>, actor: Actor): Promise<void> {
    await this.#mutex.run(async () => {
      const { order, words, state } = this.find(id, actor);
      if (state === 'closed') return;
      const stranger = given.units.find(({ sn }) => !lists(order, sn));
      if (stranger !== undefined) {
        throw new ProtocolError('unit-not-listed', `Unit ${stranger.sn} is not on work order ${id}.`);
      }
      await this.#requireHead(given.head);
      const { app, head, absentReason } = given;
      // What a station says again is known: a laptop may report after each unit without filling the log.
      const units = given.units.filter((unit) => JSON.stringify(words.get(unit.sn)) !== JSON.stringify(unit));
      const part = { app, head, units, absentReason };
      const { time } = await this.#append(
        ORDER_EVENTS.reported,
        actor,
        { workOrder: id, units: units.length, build: app.build },
        encodePart(part),
      );
      this.#options.book.report(id, actor.name, part, time);
    });
  }

  /** Of all stations together, by what the receipts prove. */
  balance(id: string, actor: Actor, absentReason: string | null = null): Balance {
    const entry = this.find(id, actor);
    return balance(entry.order, this.#outcomes(entry, this.#loadsOf(entry.order)), absentReason ?? entry.absentReason);
  }

  /** Of each unit that anything is known of. Done is what the receipts prove, whatever a station says. */
  *#outcomes({ order, words }: OrderEntry, loads: OrderLoads): Generator<UnitOutcome> {
    const known = new Set([...loads.units(), ...words.keys()]);
    for (const sn of known) {
      const { exports, proven } = loads.of(sn);
      const said = words.get(sn);
      const reason = said?.reason ?? null;
      if (!lists(order, sn)) continue;
      if (proven === order.lines.length) yield { sn, outcome: 'done', reason: null };
      else if (said !== undefined && said.outcome !== 'done') yield { sn, outcome: said.outcome, reason };
      else if (exports > 0 || said !== undefined) yield { sn, outcome: 'unknown', reason };
    }
  }

  /** Closes it if it balances, and says so; closing again changes nothing. @throws ProtocolError order-unknown */
  async close(id: string, absentReason: string | null, actor: Actor): Promise<{ closed: boolean; balance: Balance }> {
    return this.#mutex.run(async () => {
      const sum = this.balance(id, actor, absentReason);
      const { state } = this.find(id, actor);
      if (state === 'closed' || !sum.mayClose) return { closed: state === 'closed', balance: sum };
      const { done, failed, unknown, absent } = sum;
      const details = { workOrder: id, done, failed, unknown, absent, absentReason };
      const head = await this.#append(ORDER_EVENTS.closed, actor, details);
      this.#options.book.close(id, actor.name, absentReason, head);
      return { closed: true, balance: sum };
    });
  }

  /**
   * The newest one is kept as long as nothing else is proven: a long one may take longer than a client waits, who then asks again.
   * @throws ProtocolError order-unknown, request-refused while it is open
   */
  async makeReport(id: string, actor: Actor): Promise<Report> {
    const entry = this.find(id, actor);
    if (entry.closed === null) {
      throw new ProtocolError('request-refused', `Work order ${id} is not closed yet: its report comes when it is.`);
    }
    const { log, state, signatures, now } = this.#options;
    const loads = this.#loadsOf(entry.order);
    const name = JSON.stringify([id, loads.total]);
    if (this.#newest?.name === name) return this.#newest.report;
    const source = { loads, log, now, state: state(), signatures: signatures() };
    const report = makeReport(entry, this.#outcomes(entry, loads), source);
    this.#newest = { name, report };
    report.catch(() => {
      if (this.#newest?.report === report) this.#newest = undefined;
    });
    return report;
  }

  #loadsOf(order: WorkOrder): OrderLoads {
    return new OrderLoads(order, this.#options.ledger, this.#options.vaults);
  }

  /** The log still holds the entry that the station saw. @throws ProtocolError request-refused */
  async #requireHead(head: StationReportJson['head']): Promise<void> {
    if (head === null) return;
    const { log } = this.#options;
    const [record] = head.sequence > log.head.sequence ? [] : await log.read(head.sequence, head.sequence);
    if (record?.hash === toBase64url(fromBase64url(head.hash))) return;
    throw new ProtocolError(
      'request-refused',
      `Entry ${head.sequence} of the audit log is not the one that this station saw: tell an auditor.`,
    );
  }

  #append(event: string, { name }: Actor, details: AuditEvent['details'], record?: Uint8Array) {
    return this.#options.log.append({ event, actor: name, details, ...(record === undefined ? {} : { record }) });
  }

  #maySee(set: number, account: OperatorState | undefined): boolean {
    if (account === undefined) return true;
    const { state, demoMode } = this.#options;
    return visibleSets(state(), demoMode, account).some((each) => each.set === set);
  }
}

function requireNotClosed({ order, state }: OrderEntry): void {
  if (state === 'closed') throw new ProtocolError('order-ended', `Work order ${order.id} is closed.`);
}
