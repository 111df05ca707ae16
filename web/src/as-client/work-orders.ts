// Lists, reads, reports on and closes the work orders of a service (docs/protocol.md clause 6.1).
// Uses RemoteAs. Verifies the signature of each order that it reads or opens.
import { ProtocolError } from '#protocol/errors.ts';
import { readEnvelope } from '#protocol/json/document.ts';
import type { Balance } from '#protocol/orders/balance.ts';
import {
  type FoundUnitJson,
  type OrderProgressJson,
  type OrderState,
  type OrderUnitJson,
  orderProgressSchema,
  orderSchema,
  reportFormatSchema,
  stationReportAnswerSchema,
  workOrdersSchema,
} from '#protocol/orders/messages.ts';
import { decodeWorkOrder, WORK_ORDER_TYPE, type WorkOrder } from '#protocol/orders/order.ts';
import type { StationReportJson } from '#protocol/orders/requests.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { readResponse } from './answer.ts';
import type { RemoteAs } from './remote-as.ts';

/** A work order in the list of the service. */
export interface ListedOrder {
  readonly id: string;
  readonly title: string;
  readonly count: number;
  /** Number of keys for each unit. */
  readonly lines: number;
  /** Number of units that are done, over all stations. */
  readonly done: number;
  /** The unit that find() has found; null in a result of list(). */
  readonly unit: FoundUnitJson | null;
  readonly state: OrderState;
  readonly notBefore: string;
  readonly until: string;
  readonly dryRun: boolean;
}

export interface RemoteOrder {
  /** JSON text of the signed envelope. */
  readonly document: string;
  readonly order: WorkOrder;
  readonly state: OrderState;
  /** Reason of the revocation; null if the order is not revoked. */
  readonly reason: string | null;
  /** The result of each unit, from all stations. */
  readonly units: readonly OrderUnitJson[];
}

export interface Closing {
  readonly closed: boolean;
  readonly balance: Pick<
    Balance,
    'total' | 'done' | 'failed' | 'unknown' | 'absent' | 'missing' | 'unlisted' | 'mayClose'
  >;
}

/**
 * Limits for an order of 20,000 units with several verdicts each. The timeout is long because the
 * service signs each verdict of a report.
 */
const LONG = { maxBytes: 96 * 1024 * 1024, deadlineMs: 120_000 };

/** Every method throws ProtocolError (SourceErrorCode). */
export class WorkOrders {
  readonly #as: Pick<RemoteAs, 'ask' | 'open'>;

  constructor(as: Pick<RemoteAs, 'ask' | 'open'>) {
    this.#as = as;
  }

  /** Returns the signed orders, in the sequence in which the service lists them. */
  list(): Promise<readonly ListedOrder[]> {
    return this.#list('/v1/work-orders');
  }

  /** Returns the orders with a unit whose SN ends with `digits`. */
  find(digits: string): Promise<readonly ListedOrder[]> {
    return this.#list(`/v1/work-orders?unit=${digits}`);
  }

  async #list(path: string): Promise<readonly ListedOrder[]> {
    const answer = await this.#as.ask('GET', path, undefined, LONG);
    const { workOrders } = readResponse(workOrdersSchema, answer, 'answer');
    return workOrders.flatMap(({ workOrder: id, order, unit }) => {
      if (order === null) return [];
      const { set: _set, ...facts } = order;
      return { id, unit, ...facts };
    });
  }

  async read(id: string): Promise<RemoteOrder> {
    const answer = await this.#as.ask('GET', `/v1/work-orders/${encodeURIComponent(id)}`, undefined, LONG);
    const { order: envelope, state, reason, units } = readResponse(orderSchema, answer, 'answer');
    const order = await this.#open(envelope);
    if (order.id !== id)
      throw new ProtocolError('service-nonsense', `the answer to a request for order ${id} is order ${order.id}`);
    return { document: JSON.stringify(envelope), order, state, reason, units };
  }

  /**
   * Returns the units that changed since an earlier answer, whose version is `seen`. Returns all
   * units if `seen` is undefined.
   */
  async progress(id: string, seen: string | undefined): Promise<OrderProgressJson> {
    const query = seen === undefined ? '' : `?seen=${encodeURIComponent(seen)}`;
    const path = `/v1/work-orders/${encodeURIComponent(id)}/progress${query}`;
    return readResponse(orderProgressSchema, await this.#as.ask('GET', path, undefined, LONG), 'answer');
  }

  /**
   * Verifies and decodes an order. `document` is the JSON text of an envelope from a file.
   * @throws ProtocolError file-refused, service-changed
   */
  async open(document: string): Promise<WorkOrder> {
    return decodeWorkOrder(await this.#openValue(readEnvelope(document, 'the file')));
  }

  /**
   * Sends a station report. If the report has `close` set and the order balances, the AS closes the
   * order.
   */
  async report(id: string, report: StationReportJson): Promise<Closing> {
    const answer = await this.#as.ask('POST', `/v1/work-orders/${encodeURIComponent(id)}/report`, report, LONG);
    return readResponse(stationReportAnswerSchema, answer, 'answer');
  }

  /**
   * Returns the text of the report of a closed order. Checks the format of the report, but no
   * signature.
   */
  async reportFile(id: string): Promise<string> {
    const answer = await this.#as.ask('GET', `/v1/work-orders/${encodeURIComponent(id)}/report`, undefined, LONG);
    readResponse(reportFormatSchema, answer, 'report');
    return JSON.stringify(answer);
  }

  async #open(envelope: Envelope): Promise<WorkOrder> {
    const value = await this.#openValue(envelope);
    try {
      return decodeWorkOrder(value);
    } catch (cause) {
      if (!(cause instanceof ProtocolError) || cause.code !== 'file-refused') throw cause;
      throw new ProtocolError('service-nonsense', cause.message, { cause });
    }
  }

  #openValue(envelope: Envelope): Promise<unknown> {
    return this.#as.open(envelope, WORK_ORDER_TYPE, 'work-order');
  }
}
