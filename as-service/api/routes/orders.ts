// Routes below /v1/work-orders (docs/protocol.md clauses 6.1 and 9.1).
import {
  type OrderJson,
  orderProgressSchema,
  orderSchema,
  type StationReportAnswerJson,
  stationReportAnswerSchema,
  type WorkOrdersJson,
  workOrdersSchema,
} from '#protocol/orders/messages.ts';
import { reportSchema } from '#protocol/orders/report.ts';
import {
  newOrderSchema,
  progressQuerySchema,
  revokeOrderSchema,
  stationReportSchema,
  workOrdersQuerySchema,
} from '#protocol/orders/requests.ts';
import type { Role } from '#protocol/service/messages.ts';
import type { OrderEntry } from '../../orders/order-ledger.ts';
import type { Actor } from '../../orders/orders.ts';
import { type Call, EVERY_ROLE, OVERSEERS, route } from './route.ts';

const ISSUERS: readonly Role[] = ['custodian', 'administrator'];
const WORKERS: readonly Role[] = ['operator', 'custodian', 'administrator'];
/** Timeout of a request for a report. Sufficient to sign 40,000 verdicts on a busy machine. */
const REPORT_DEADLINE_MS = 100_000;
/**
 * Maximum number of units in each list of a balance (`gaps`, `missing`) in a response. The report
 * lists all.
 */
const MAX_GAPS = 1000;

function actorOf({ signedIn: { account, requireSignedIn } }: Pick<Call<unknown>, 'signedIn'>): Actor {
  return { name: account.name, account, requireSignedIn };
}

async function view({ as, signLog }: Pick<Call<unknown>, 'as' | 'signLog'>, entry: OrderEntry): Promise<OrderJson> {
  return { ...as.orders.view(entry), ...(await signLog()) };
}

export const workOrdersRoute = route({
  method: 'get',
  path: '/v1/work-orders',
  summary:
    'The work orders, and the order numbers that exports name although there is no such order, each with its counts. With `unit`, only the orders that list the unit.',
  roles: EVERY_ROLE,
  input: workOrdersQuerySchema,
  isSlow: true,
  output: workOrdersSchema,
  problems: [],
  handle: async (call): Promise<WorkOrdersJson> => {
    const { account } = call.signedIn;
    const named = call.as.ledger.workOrders(OVERSEERS.includes(account.role) ? undefined : account.name);
    return { workOrders: await call.as.orders.list(actorOf(call), named, call.input.unit) };
  },
});

export const newOrderRoute = route({
  method: 'post',
  path: '/v1/work-orders',
  summary: 'Issues and signs a work order. The audit log entry is durable before the response.',
  roles: ISSUERS,
  input: newOrderSchema,
  longBody: 'new-order',
  output: orderSchema,
  problems: ['set-unknown', 'key-unknown', 'slot-not-permitted', 'unit-not-listed', 'demo-refused'],
  handle: async (call) => view(call, await call.as.orders.issue(call.input, actorOf(call))),
});

export const orderRoute = route({
  method: 'get',
  path: '/v1/work-orders/{id}',
  summary: 'One signed work order, with the exports and verdicts of its units from all stations.',
  roles: EVERY_ROLE,
  input: undefined,
  output: orderSchema,
  problems: ['order-unknown'],
  handle: (call) => view(call, call.as.orders.find(call.id, actorOf(call))),
});

export const orderProgressRoute = route({
  method: 'get',
  path: '/v1/work-orders/{id}/progress',
  summary: 'The state of a work order, and the units that any station has loaded since an earlier answer.',
  roles: EVERY_ROLE,
  input: progressQuerySchema,
  output: orderProgressSchema,
  problems: ['order-unknown'],
  handle: (call) => call.as.orders.progress(call.as.orders.find(call.id, actorOf(call)), call.input.seen),
});

export const revokeOrderRoute = route({
  method: 'post',
  path: '/v1/work-orders/{id}/revoke',
  summary: 'Revokes a work order. The service makes no further export under it.',
  roles: ISSUERS,
  input: revokeOrderSchema,
  output: orderSchema,
  problems: ['order-unknown', 'order-ended'],
  handle: async (call) => view(call, await call.as.orders.revoke(call.id, call.input.reason, actorOf(call))),
});

export const stationReportRoute = route({
  method: 'post',
  path: '/v1/work-orders/{id}/report',
  summary: 'Records a station report. With `close`, closes the order if it balances.',
  roles: WORKERS,
  input: stationReportSchema,
  longBody: 'station-report',
  isSlow: true,
  output: stationReportAnswerSchema,
  problems: ['order-unknown', 'unit-not-listed', 'too-many-requests'],
  handle: async (call): Promise<StationReportAnswerJson> => {
    const { as, input } = call;
    const [id, actor] = [call.id, actorOf(call)];
    await as.orders.report(id, input, actor);
    const { closed, balance } = input.close
      ? await as.orders.close(id, input.absentReason, actor)
      : { closed: as.orders.find(id, actor).state === 'closed', balance: as.orders.balance(id, actor) };
    const limited = { gaps: balance.gaps.slice(0, MAX_GAPS), missing: balance.missing.slice(0, MAX_GAPS) };
    return { closed, balance: { ...balance, ...limited }, ...(await call.signLog()) };
  },
});

export const reportRoute = route({
  method: 'get',
  path: '/v1/work-orders/{id}/report',
  summary: 'The signed report of a closed work order.',
  roles: EVERY_ROLE,
  input: undefined,
  output: reportSchema,
  isSlow: true,
  deadlineMs: REPORT_DEADLINE_MS,
  problems: ['order-unknown', 'receipt-refused', 'too-many-requests'],
  handle: (call) => call.as.orders.makeReport(call.id, actorOf(call)),
});
