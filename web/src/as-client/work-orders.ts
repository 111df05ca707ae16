// Lists, opens, reports and closes the work orders of an AS that is a service (docs/protocol.md
// clause 6). Verifies the signature of each order. The page loads this module with the first work
// order.
import { ProtocolError } from '#protocol/errors.ts';
import * as shape from '#protocol/json/read.ts';
import type { Balance, Outcome, UnitOutcome } from '#protocol/orders/balance.ts';
import type { OrderState, OrderUnitJson, StationReportJson } from '#protocol/orders/messages.ts';
import { decodeWorkOrder, orderId, serialNumber, WORK_ORDER_TYPE, type WorkOrder } from '#protocol/orders/order.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { fromService, member } from './decode-answer.ts';
import type { RemoteAs } from './remote-as.ts';

/** One entry of the service's list of work orders. */
export interface ListedOrder {
  readonly id: string;
  readonly title: string;
  readonly count: number;
  readonly state: OrderState;
  readonly notBefore: string;
  readonly until: string;
  readonly dryRun: boolean;
}

export interface RemoteOrder {
  /** JSON text of the envelope that the AS signed. */
  readonly document: string;
  readonly order: WorkOrder;
  readonly state: OrderState;
  /** Reason of the revocation; null if the order is not revoked. */
  readonly reason: string | null;
  /** Exports and proven loads of each unit, from all stations. */
  readonly units: readonly OrderUnitJson[];
}

export interface Closing {
  readonly closed: boolean;
  readonly balance: Pick<
    Balance,
    'total' | 'done' | 'failed' | 'unknown' | 'absent' | 'missing' | 'unlisted' | 'mayClose'
  >;
}

/** Limits for an order of 20,000 units with several verdicts each, which takes time to sign. */
const LONG = { mostBytes: 96 * 1024 * 1024, deadlineMs: 120_000 };

const natural = shape.integer(0, Number.MAX_SAFE_INTEGER);
const outcome = shape.oneOf<Outcome>('done', 'failed', 'unknown', 'absent');
const unitOutcome = shape.object<UnitOutcome>({
  sn: serialNumber,
  outcome,
  reason: shape.nullable(shape.printable(500)),
});
const state = shape.oneOf<OrderState>('open', 'revoked', 'closed');
const unit = shape.object<OrderUnitJson>({ sn: serialNumber, exports: natural, proven: natural });

/** Every method throws ProtocolError (SourceErrorCode). */
export class WorkOrders {
  readonly #as: Pick<RemoteAs, 'ask' | 'open'>;

  constructor(as: Pick<RemoteAs, 'ask' | 'open'>) {
    this.#as = as;
  }

  /** Lists the work orders that have a signed document, in the sequence of the service. */
  async list(): Promise<readonly ListedOrder[]> {
    const answer = await this.#as.ask('GET', '/v1/work-orders', undefined, LONG);
    const listed: shape.Read<ListedOrder | undefined> = (value) => {
      const order = member(value, 'order', (given) => given);
      if (order === null) return undefined;
      return {
        id: member(value, 'workOrder', orderId),
        title: member(order, 'title', shape.printable(200)),
        count: member(order, 'count', natural),
        state: member(order, 'state', state),
        notBefore: member(order, 'notBefore', shape.time),
        until: member(order, 'until', shape.time),
        dryRun: member(order, 'dryRun', shape.boolean),
      };
    };
    const all = fromService(() => member(answer, 'workOrders', shape.array(listed, 0, 100_000)));
    return all.filter((order) => order !== undefined);
  }

  async read(id: string): Promise<RemoteOrder> {
    const answer = await this.#as.ask('GET', `/v1/work-orders/${encodeURIComponent(id)}`, undefined, LONG);
    const envelope = fromService(() => member(answer, 'order', shape.envelope));
    const order = await this.#open(envelope);
    if (order.id !== id)
      throw new ProtocolError('service-nonsense', `asked for order ${id}, answered with ${order.id}`);
    return fromService(() => ({
      document: JSON.stringify(envelope),
      order,
      state: member(answer, 'state', state),
      reason: member(answer, 'reason', shape.nullable(shape.printable(500))),
      units: member(answer, 'units', shape.array(unit, 0, 100_000)),
    }));
  }

  /**
   * Opens an order from a file or from the journal. `document` is the JSON text of its envelope.
   * @throws ProtocolError file-refused, service-changed
   */
  async open(document: string): Promise<WorkOrder> {
    return decodeWorkOrder(await this.#openValue(shape.envelope(shape.parseJson(document, 'the file'), 'the file')));
  }

  /** Sends the station report. With `close` in it, the AS closes the order if it balances. */
  async report(id: string, word: StationReportJson): Promise<Closing> {
    const answer = await this.#as.ask('POST', `/v1/work-orders/${encodeURIComponent(id)}/report`, word, LONG);
    return fromService(() => {
      const balance = member(answer, 'balance', (given) => given);
      return {
        closed: member(answer, 'closed', shape.boolean),
        balance: {
          total: member(balance, 'total', natural),
          done: member(balance, 'done', natural),
          failed: member(balance, 'failed', natural),
          unknown: member(balance, 'unknown', natural),
          absent: member(balance, 'absent', natural),
          missing: member(balance, 'missing', shape.array(unitOutcome, 0, 100_000)),
          unlisted: member(balance, 'unlisted', shape.array(serialNumber, 0, 100_000)),
          mayClose: member(balance, 'mayClose', shape.boolean),
        },
      };
    });
  }

  /** Returns the report of a closed order as the text of its file. Does not verify the report. */
  async reportFile(id: string): Promise<string> {
    return JSON.stringify(
      await this.#as.ask('GET', `/v1/work-orders/${encodeURIComponent(id)}/report`, undefined, LONG),
    );
  }

  async #open(envelope: Envelope): Promise<WorkOrder> {
    const value = await this.#openValue(envelope);
    return fromService(() => decodeWorkOrder(value));
  }

  #openValue(envelope: Envelope): Promise<unknown> {
    return this.#as.open(envelope, WORK_ORDER_TYPE, 'work-order');
  }
}
