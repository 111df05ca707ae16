// Decides whether a work order permits an export (docs/protocol.md clause 6.1): key, slot, unit and
// time. If the service has no order with the given number, it permits the export, and the audit log
// records only the number.
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { findLine, lists, timeOf } from '#protocol/orders/order.ts';
import { readOrderId } from '#protocol/text/order-id.ts';
import type { OperatorState, State } from '../storage/state.ts';
import type { OrderEntry, OrderLedger } from './order-ledger.ts';

/** @throws ProtocolError not-on-order, order-ended, unit-not-listed */
export function authoriseOrder(
  orders: OrderLedger,
  state: State,
  request: UnitExportRequest,
  { account, workOrder, now }: { account: OperatorState; workOrder: string | null; now: Date },
): void {
  const entry = workOrder === null ? undefined : orders.find(workOrder);
  if (entry === undefined) {
    if (account.ordersOnly === true) {
      throw new ProtocolError('not-on-order', `${account.name} may export within work orders of this service only.`);
    }
    requireText(workOrder);
    return;
  }
  // This check comes first, so that an operator of another set learns nothing about the order.
  requireSet(entry, request);
  requireOpen(entry, now);
  requireListed(entry, state, request);
}

/**
 * Requires the normal form of docs/protocol.md clause 6.2 for the number of an order that the
 * service does not have. Numbers of existing orders are exempt, because earlier versions also
 * accepted other texts.
 */
function requireText(workOrder: string | null): void {
  const result = workOrder === null ? undefined : readOrderId(workOrder);
  if (result === undefined || 'text' in result) return;
  throw new ProtocolError('request-refused', `The work order number ${result.why}. Type it again.`);
}

function requireSet({ order }: OrderEntry, { unit }: UnitExportRequest): void {
  if (order.set === unit.set) return;
  throw new ProtocolError('not-on-order', `Work order ${order.id} is for another set.`);
}

function requireOpen({ order, state, reason }: OrderEntry, now: Date): void {
  const why = {
    revoked: `was revoked: ${reason}`,
    closed: 'is closed',
    early: `begins at ${order.notBefore}`,
    over: `ended at ${order.until}`,
    now: undefined,
  }[state === 'open' ? timeOf(order, now.toISOString()) : state];
  if (why !== undefined) throw new ProtocolError('order-ended', `Work order ${order.id} ${why}.`);
}

function requireListed({ order }: OrderEntry, { sets }: State, request: UnitExportRequest): void {
  const { unit, suite, ref1, ref2 } = request;
  const refuse = (what: string) => new ProtocolError('not-on-order', `Work order ${order.id} ${what}.`);
  if (order.options.dryRun) throw refuse('is a dry run: the service exports nothing for it');
  if (order.suite !== null && order.suite !== suite) throw refuse(`asks for suite ${order.suite}`);
  if (!lists(order, toHex(unit.sn))) {
    throw new ProtocolError('unit-not-listed', `Unit ${toHex(unit.sn)} is not on work order ${order.id}.`);
  }
  if (ref2 === undefined) throw refuse('needs the slot of each export');
  const line = findLine(order, ref1, ref2);
  if (line === undefined) throw refuse(`does not put REF1 ${hexNumber(ref1, 4)} into slot ${hexNumber(ref2, 4)}`);
  const key = sets.find(({ set }) => set === order.set)?.keys.find((each) => each.ref1 === ref1);
  if (key?.akv !== line.akv)
    throw refuse(`names version ${line.akv} of REF1 ${hexNumber(ref1, 4)}, but this AS has another version`);
}
