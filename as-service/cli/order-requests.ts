// Runs the commands for work orders.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Balance } from '#protocol/orders/balance.ts';
import type { WorkOrderJson } from '#protocol/orders/messages.ts';
import type { NewOrderJson } from '#protocol/orders/requests.ts';
import { counted } from '#protocol/text/counted.ts';
import { UserError } from '../common/user-error.ts';
import type { OrderEntry } from '../orders/order-ledger.ts';
import type { Actor } from '../orders/orders.ts';
import type { As } from '../service/as.ts';
import { writeOutputFile } from '../storage/output-file.ts';
import { jsonLines } from './objects/json.ts';
import { showTime } from './times.ts';

export type OrderRequest =
  | ({ readonly command: 'order add' } & NewOrderJson)
  | { readonly command: 'order list'; readonly json?: true }
  | { readonly command: 'order show'; readonly id: string; readonly path: string | null }
  | { readonly command: 'order revoke'; readonly id: string; readonly reason: string }
  | {
      readonly command: 'order close';
      readonly id: string;
      readonly absentReason: string | null;
      readonly path: string | null;
    };

/**
 * An order cannot be closed while units lack a reason. The message lists at most this many units.
 */
const MAX_SHOWN_UNITS = 10;

/**
 * The AS stores a dry run like any other order, so this line names only what does not happen:
 * exports and loads.
 */
const DRY_RUN = '  Dry run: the AS exports no key for this order, and stations load nothing.';

/** Executes a command and returns the lines to print. @throws UserError, ProtocolError */
export async function runOrderRequest(
  as: As,
  actor: Actor,
  request: OrderRequest,
  zone: string,
): Promise<readonly string[]> {
  switch (request.command) {
    case 'order add': {
      const { command: _, ...order } = request;
      return describeOrder(as, await as.orders.issue(order, actor), zone);
    }
    case 'order list': {
      const orders = await as.orders.list(actor, as.ledger.workOrders(undefined));
      if (request.json === true) return jsonLines(orders.map(orderJson));
      if (orders.length === 0) return ['No work orders yet.'];
      return orders.map(({ workOrder, order, exports, receipts }) => {
        const facts =
          order === null
            ? 'named by exports only'
            : `${order.state}  ${counted(order.count, 'unit')}  ${order.title}${order.dryRun ? '  dry run' : ''}`;
        return `${workOrder}  ${facts}  ${counted(exports, 'export')}, ${counted(receipts, 'receipt')}`;
      });
    }
    case 'order show': {
      const entry = as.orders.find(request.id, actor);
      const written = request.path === null ? [] : await writeJson(request.path, entry.envelope, 'signed order');
      return [...describeOrder(as, entry, zone), ...written];
    }
    case 'order revoke': {
      const { id } = as.orders.find(request.id, actor).order;
      await as.orders.revoke(id, request.reason, actor);
      return [`Work order ${id} is revoked. The service exports nothing for it any more.`];
    }
    case 'order close':
      return closeOrder(as, actor, request);
  }
}

/** The facts of an order for --json. `state` is null if only exports name it. */
function orderJson({ workOrder, order, exports, receipts }: WorkOrderJson) {
  const facts = order === null ? { state: null } : { ...order, set: hexNumber(order.set, 8) };
  return { id: workOrder, ...facts, exports, receipts };
}

async function closeOrder(
  as: As,
  actor: Actor,
  { id: typed, absentReason, path }: Extract<OrderRequest, { command: 'order close' }>,
): Promise<readonly string[]> {
  const { id } = as.orders.find(typed, actor).order;
  const { closed, balance } = await as.orders.close(id, absentReason, actor);
  if (!closed) throw new UserError(notBalanced(id, balance));
  const written = path === null ? [] : await writeJson(path, await as.orders.makeReport(id, actor), 'signed report');
  return [`Work order ${id} is closed: ${describeBalance(balance)}.`, ...written];
}

function notBalanced(id: string, balance: Balance): string {
  const shown = balance.missing.slice(0, MAX_SHOWN_UNITS).map(({ sn, outcome }) => `  ${sn}  ${outcome}`);
  const more = balance.missing.length - shown.length;
  return [
    `Work order ${id} does not balance: ${describeBalance(balance)}.`,
    'These units have no reason. Give one at their station, or with --absent for all absent units:',
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function describeOrder(as: As, { order, state, reason, closed }: OrderEntry, zone: string): string[] {
  const { id, title, set, count, lines, options, notBefore, until } = order;
  const marks = [
    ...(options.haltAfter === null
      ? []
      : [
          options.haltAfter === 1
            ? 'halts after each failure'
            : `halts after ${counted(options.haltAfter, 'failure')} in a row`,
        ]),
    ...(options.requireLabelScan ? ['labels are scanned'] : []),
  ];
  return [
    `${id}  ${state}  ${title}`,
    `  set ${hexNumber(set, 8)}, ${counted(count, 'unit')}, from ${showTime(notBefore, zone)} until ${showTime(until, zone)}`,
    ...lines.map(
      ({ ref1, ref2, akv, kcv, label }) =>
        `  REF1 ${hexNumber(ref1, 4)} → slot ${hexNumber(ref2, 4)}  AKV ${akv}  KCV ${kcv}  ${label}`,
    ),
    ...(options.dryRun ? [DRY_RUN] : []),
    ...(marks.length === 0 ? [] : [`  ${marks.join(', ')}`]),
    ...(reason === null ? [] : [`  revoked: ${reason}`]),
    `  ${describeBalance(as.orders.balance(id, { name: '' }))}`,
    ...(closed === null ? [] : [`  closed by ${closed.by} at ${showTime(closed.head.time, zone)}`]),
  ];
}

function describeBalance({ done, failed, unknown, absent }: Balance): string {
  return `${done} done, ${failed} failed, ${unknown} unknown, ${absent} absent`;
}

async function writeJson(path: string, value: object, what: string): Promise<string[]> {
  await writeOutputFile(path, Buffer.from(`${JSON.stringify(value)}\n`));
  return [`Wrote the ${what} to ${path}.`];
}
