// /v1/work-orders and what is below it (docs/protocol.md clause 6.1): issued, looked at, revoked, reported on, closed.
import type { OrderJson, StationReportAnswerJson } from '#protocol/orders/messages.ts';
import type { Role, WorkOrdersJson } from '#protocol/service/messages.ts';
import type { OrderEntry } from '../../orders/order-ledger.ts';
import type { Actor } from '../../orders/orders.ts';
import {
  newOrder,
  orderAnswer,
  report,
  revokeOrder,
  stationReport,
  stationReportAnswer,
  workOrdersAnswer,
} from '../schemas/orders.ts';
import { type Call, EVERY_ROLE, OVERSEERS, route } from './route.ts';

const ISSUERS: readonly Role[] = ['custodian', 'administrator'];
const WORKERS: readonly Role[] = ['operator', 'custodian', 'administrator'];
/** 20,000 units with a reason each. */
const LONG_BODY = 16 * 1024 * 1024;
/** 40,000 verdicts, signed on a busy machine. */
const LONG_WORK_MS = 100_000;
/** An answer names so many gaps at most: no one reads more, and the report has them all. */
const MAX_GAPS = 1000;

type Named = Pick<Call<unknown>, 'as' | 'signedIn' | 'named'>;

function actorOf({ signedIn: { account } }: Pick<Named, 'signedIn'>): Actor {
  return { name: account.name, account };
}

async function view({ as }: Pick<Named, 'as'>, entry: OrderEntry): Promise<OrderJson> {
  return { ...as.orders.view(entry), auditHead: await as.signatures.signHead(as.log.head) };
}

const idOf = ({ named }: Named): string => named.id ?? '';

export const workOrdersRoute = route({
  method: 'get',
  path: '/v1/work-orders',
  summary: 'The work orders, and the job numbers that exports have named, with their exports and receipts so far.',
  roles: EVERY_ROLE,
  input: undefined,
  output: workOrdersAnswer,
  problems: [],
  handle: (call): WorkOrdersJson => {
    const { account } = call.signedIn;
    const named = call.as.ledger.workOrders(OVERSEERS.includes(account.role) ? undefined : account.name);
    return { workOrders: call.as.orders.list(actorOf(call), named) };
  },
});

export const newOrderRoute = route({
  method: 'post',
  path: '/v1/work-orders',
  summary: 'Issues a work order, signed. It is in the audit log, on disk, before the answer leaves.',
  roles: ISSUERS,
  input: newOrder,
  bodyLimit: LONG_BODY,
  output: orderAnswer,
  problems: ['set-unknown', 'key-unknown', 'slot-not-permitted', 'unit-not-listed', 'demo-refused'],
  handle: async (call) => view(call, await call.as.orders.issue(call.input, actorOf(call))),
});

export const orderRoute = route({
  method: 'get',
  path: '/v1/work-orders/{id}',
  summary: 'One work order as it was signed, with what became of its units, whichever station worked them.',
  roles: EVERY_ROLE,
  input: undefined,
  output: orderAnswer,
  problems: ['order-unknown'],
  handle: (call) => view(call, call.as.orders.find(idOf(call), actorOf(call))),
});

export const revokeOrderRoute = route({
  method: 'post',
  path: '/v1/work-orders/{id}/revoke',
  summary: 'Revokes a work order: nothing is exported for it from now on.',
  roles: ISSUERS,
  input: revokeOrder,
  output: orderAnswer,
  problems: ['order-unknown', 'order-ended'],
  handle: async (call) => view(call, await call.as.orders.revoke(idOf(call), call.input.reason, actorOf(call))),
});

export const stationReportRoute = route({
  method: 'post',
  path: '/v1/work-orders/{id}/report',
  summary: 'Keeps what a station says of its units, and with `close` closes the order if it balances.',
  roles: WORKERS,
  input: stationReport,
  bodyLimit: LONG_BODY,
  output: stationReportAnswer,
  problems: ['order-unknown', 'unit-not-listed', 'too-many-requests'],
  handle: async (call): Promise<StationReportAnswerJson> => {
    call.spend(1);
    const { as, input } = call;
    const [id, actor] = [idOf(call), actorOf(call)];
    await as.orders.report(id, input, actor);
    const { closed, balance } = input.close
      ? await as.orders.close(id, input.absentReason, actor)
      : { closed: as.orders.find(id, actor).state === 'closed', balance: as.orders.balance(id, actor) };
    const cut = { gaps: balance.gaps.slice(0, MAX_GAPS), missing: balance.missing.slice(0, MAX_GAPS) };
    return { closed, balance: { ...balance, ...cut }, auditHead: await as.signatures.signHead(as.log.head) };
  },
});

export const reportRoute = route({
  method: 'get',
  path: '/v1/work-orders/{id}/report',
  summary: 'The report of a closed work order: one signed file that proves itself.',
  roles: EVERY_ROLE,
  input: undefined,
  output: report,
  deadlineMs: LONG_WORK_MS,
  problems: ['order-unknown', 'too-many-requests'],
  handle: (call) => {
    call.spend(1);
    return call.as.orders.makeReport(idOf(call), actorOf(call));
  },
});
