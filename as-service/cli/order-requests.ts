// The CLI's requests for work orders, and their running.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Balance } from '#protocol/orders/balance.ts';
import type { NewOrderJson } from '#protocol/orders/messages.ts';
import { UserError } from '../common/user-error.ts';
import type { OrderEntry } from '../orders/order-ledger.ts';
import type { As } from '../service/as.ts';
import { isSystemError, writeNewFile } from '../storage/atomic-file.ts';
import { inWordsLater } from './refusal-words.ts';

export type OrderRequest =
  | ({ readonly command: 'order add' } & NewOrderJson)
  | { readonly command: 'order list' }
  | { readonly command: 'order show'; readonly id: string; readonly path: string | null }
  | { readonly command: 'order revoke'; readonly id: string; readonly reason: string }
  | {
      readonly command: 'order close';
      readonly id: string;
      readonly absentReason: string | null;
      readonly path: string | null;
    };

/** The lines to print. @throws UserError in words */
export async function runOrderRequest(as: As, actor: string, request: OrderRequest): Promise<readonly string[]> {
  return inWordsLater(async () => {
    const by = { name: actor };
    switch (request.command) {
      case 'order add': {
        const { command: _, ...given } = request;
        return describeOrder(as, await as.orders.issue(given, by));
      }
      case 'order list': {
        const orders = as.orders.list(by, as.ledger.workOrders(undefined));
        if (orders.length === 0) return ['No work orders yet.'];
        return orders.map(({ workOrder, order, exports, receipts }) => {
          const facts =
            order === null ? 'named by exports only' : `${order.state}  ${order.count} unit(s)  ${order.title}`;
          return `${workOrder}  ${facts}  ${exports} export(s), ${receipts} receipt(s)`;
        });
      }
      case 'order show': {
        const entry = as.orders.find(request.id, by);
        const written = request.path === null ? [] : await writeJson(request.path, entry.envelope, 'the signed order');
        return [...describeOrder(as, entry), ...written];
      }
      case 'order revoke':
        if (request.reason.trim() === '') throw new UserError('Say why it is revoked.');
        await as.orders.revoke(request.id, request.reason, by);
        return [`Work order ${request.id} is revoked: nothing is exported for it from now on.`];
      case 'order close':
        return closeOrder(as, by, request);
    }
  });
}

async function closeOrder(
  as: As,
  by: { readonly name: string },
  { id, absentReason, path }: Extract<OrderRequest, { command: 'order close' }>,
): Promise<readonly string[]> {
  const { closed, balance } = await as.orders.close(id, absentReason, by);
  if (!closed) throw new UserError(notBalanced(id, balance));
  const written = path === null ? [] : await writeJson(path, await as.orders.makeReport(id, by), 'the signed report');
  return [`Work order ${id} is closed: ${describeBalance(balance)}.`, ...written];
}

function notBalanced(id: string, balance: Balance): string {
  const shown = balance.missing.slice(0, 10).map(({ sn, outcome }) => `  ${sn}  ${outcome}`);
  const more = balance.missing.length - shown.length;
  return [
    `Work order ${id} does not balance: ${describeBalance(balance)}.`,
    'A reason is missing for these units. The station that worked them gives it, or --absent for those that were never there:',
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function describeOrder(as: As, { order, state, reason, closed }: OrderEntry): string[] {
  const { id, title, set, count, lines, options, notBefore, until } = order;
  const marks = [
    ...(options.dryRun ? ['dry run'] : []),
    ...(options.haltAfter === null ? [] : [`halts after ${options.haltAfter} failures in a row`]),
    ...(options.requireLabelScan ? ['labels are scanned'] : []),
  ];
  return [
    `${id}  ${state}  ${title}`,
    `  set ${hexNumber(set, 8)}, ${count} unit(s), from ${notBefore} until ${until}`,
    ...lines.map(
      ({ ref1, ref2, akv, kcv, label }) =>
        `  REF1 ${hexNumber(ref1, 4)} → slot ${hexNumber(ref2, 4)}  AKV ${akv}  KCV ${kcv}  ${label}`,
    ),
    ...(marks.length === 0 ? [] : [`  ${marks.join(', ')}`]),
    ...(reason === null ? [] : [`  revoked: ${reason}`]),
    `  ${describeBalance(as.orders.balance(id, { name: '' }))}`,
    ...(closed === null ? [] : [`  closed by ${closed.by} at ${closed.head.time}`]),
  ];
}

function describeBalance({ done, failed, unknown, absent }: Balance): string {
  return `${done} done, ${failed} failed, ${unknown} unknown, ${absent} absent`;
}

async function writeJson(path: string, value: object, what: string): Promise<string[]> {
  try {
    await writeNewFile(path, Buffer.from(`${JSON.stringify(value)}\n`));
  } catch (cause) {
    if (isSystemError(cause, 'EEXIST')) throw new UserError(`${path} exists already and is not overwritten.`);
    throw cause;
  }
  return [`Wrote ${what} to ${path}.`];
}
