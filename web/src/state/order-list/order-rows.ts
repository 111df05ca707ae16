// Builds the rows of the list of orders. Each order has one row, whether this station stores it,
// the AS lists it, or both.
import type { OrderState } from '#protocol/orders/messages.ts';
import type { ListedOrder } from '../../as-client/work-orders.ts';
import type { SignedIn } from '../session/session.svelte.ts';
import { dueOf } from './due.ts';
import type { StoredOrder } from './stored-order.ts';

export interface OrderRow {
  /** Name and number of the AS, and id of the order. */
  readonly name: string;
  readonly id: string;
  readonly title: string;
  /** Number of units. */
  readonly count: number;
  /** Number of keys for each unit. */
  readonly lines: number;
  /**
   * Number of units that are done. It is the greater of two counts: that of this station, and that
   * of the AS, which covers all stations.
   */
  readonly done: number;
  readonly until: string;
  readonly isDryRun: boolean;
  readonly state: OrderState;
  readonly stored: StoredOrder | undefined;
  readonly isListed: boolean;
  readonly isCurrent: boolean;
}

export interface OrderRowsOptions {
  readonly stored: readonly StoredOrder[];
  readonly listed: readonly ListedOrder[];
  /** The AS of the session, whose orders are listed. */
  readonly service: Issuer | undefined;
  /** Name of the open order. */
  readonly current: string | undefined;
}

interface Issuer {
  readonly name: string;
  readonly asNumber: number;
}

/** What happens when the operator opens the row; undefined if there is nothing to open. */
export type RowAction = 'units' | 'open' | 'show' | 'report' | undefined;

export function orderName(issuer: Issuer, id: string): string {
  return `${issuer.name} ${issuer.asNumber} ${id}`;
}

/** Returns a name that no other account has. */
export function accountName({ kind, operator, service }: SignedIn): string {
  return JSON.stringify([kind, service.name, service.asNumber, operator]);
}

/**
 * Returns the rows of the orders that this station stores (`here`), and the rows of those that only
 * the AS lists (`atAs`).
 */
export function orderRows(options: OrderRowsOptions): {
  readonly here: readonly OrderRow[];
  readonly atAs: readonly OrderRow[];
} {
  const { stored, listed, service, current } = options;
  const byName = new Map(service ? listed.map((each) => [orderName(service, each.id), each]) : []);
  const here = stored.map((each): OrderRow => {
    const { record, order, counts } = each;
    const remote = byName.get(record.name);
    byName.delete(record.name);
    const ended = record.report === undefined ? record.endedAs : 'closed';
    return {
      name: record.name,
      ...{ id: order.id, title: order.title, count: order.count, until: order.until },
      lines: order.lines.length,
      done: Math.max(counts.done, remote?.done ?? 0),
      isDryRun: order.options.dryRun,
      state: ended ?? remote?.state ?? 'open',
      stored: each,
      isListed: remote !== undefined,
      isCurrent: record.name === current,
    };
  });
  const atAs = [...byName].map(([name, { id, title, count, lines, done, until, dryRun, state }]): OrderRow => {
    const facts = { id, title, count, lines, done, until, state };
    return { name, ...facts, isDryRun: dryRun, stored: undefined, isListed: true, isCurrent: false };
  });
  return { here: arranged(here), atAs: arranged(atAs) };
}

/**
 * Sorts the rows: first the order that this station has open, then the orders that are open at
 * the AS, by their end, then all others.
 */
function arranged(rows: readonly OrderRow[]): readonly OrderRow[] {
  const rank = ({ isCurrent, state }: OrderRow): number => (isCurrent ? 0 : state === 'open' ? 1 : 2);
  const byEnd = (a: OrderRow, b: OrderRow): number => (a.state === 'open' && a.until < b.until ? -1 : 0);
  return [...rows].sort((a, b) => rank(a) - rank(b) || byEnd(a, b) - byEnd(b, a));
}

export function rowAction({ isCurrent, isListed, state, stored, until }: OrderRow, now: Date): RowAction {
  if (isCurrent) return 'units';
  if (state === 'open') return dueOf(until, now).isOver ? 'show' : 'open';
  if (state === 'closed' && (isListed || stored?.record.report !== undefined)) return 'report';
  return stored ? 'show' : undefined;
}

/** Whether the id or the title contains the text. Ignores case and white space. */
export function hasText({ id, title }: OrderRow, text: string): boolean {
  const plain = (each: string): string => each.replaceAll(/\s/g, '').toLowerCase();
  return plain(`${id} ${title}`).includes(plain(text));
}
