// The list of orders: each order has one row and one action, and those of this station come first.
import { describe, expect, it } from 'vitest';
import { workOrder } from '#test/support/work-orders.ts';
import { ONE_LINE, sn } from '#test/unit/web/state/orders/order-fixture.ts';
import type { ListedOrder } from '#web/as-client/work-orders.ts';
import type { OrderRecord } from '#web/journal/order-record.ts';
import {
  accountName,
  hasText,
  type OrderRow,
  orderName,
  orderRows,
  rowAction,
} from '#web/state/order-list/order-rows.ts';
import type { StoredOrder } from '#web/state/order-list/stored-order.ts';
import type { SignedIn } from '#web/state/session/session.svelte.ts';

const NOW = new Date('2026-11-29T15:10:00Z');
const SERVICE = { name: 'AS north', asNumber: 0 };
const COUNTS = { running: 0, done: 1, failed: 0, unknown: 0, absent: 0, aside: 0 };
const day = (offset: number): string => new Date(NOW.getTime() + offset * 86_400_000).toISOString();

function stored(id: string, until = day(5), ended: Partial<OrderRecord> = {}): StoredOrder {
  const order = { ...workOrder([[sn(1), sn(9)]], ONE_LINE), id, until };
  const record = { order: 1, name: orderName(SERVICE, id), document: '', openedAt: '', ...ended };
  return { order, record, counts: COUNTS };
}

const listed = (id: string, change: Partial<ListedOrder> = {}): ListedOrder => ({
  ...{ id, title: 'Meters of the north', count: 9, lines: 1, done: 4, unit: null, state: 'open' as const },
  ...{ notBefore: day(-1), until: day(5), dryRun: false, ...change },
});

const rowsOf = (options: Partial<Parameters<typeof orderRows>[0]>) =>
  orderRows({ stored: [], listed: [], service: SERVICE, current: undefined, ...options });
const ids = (rows: readonly OrderRow[]): readonly string[] => rows.map(({ id }) => id);
const only = (options: Parameters<typeof rowsOf>[0]): OrderRow => {
  const { here, atAs } = rowsOf(options);
  const [row] = [...here, ...atAs];
  if (!row) throw new TypeError('there is no row');
  return row;
};

describe('the list of orders', () => {
  it('has an order of this station once, with what all stations have done', () => {
    const { here, atAs } = rowsOf({ stored: [stored('A')], listed: [listed('A'), listed('B')] });
    expect(here).toMatchObject([{ id: 'A', done: 4, isListed: true }]);
    expect(atAs).toMatchObject([{ id: 'B', done: 4, stored: undefined }]);
  });

  it('has the facts of each order, from this station or from the AS', () => {
    const order = { ...stored('A'), counts: { ...COUNTS, done: 0 } };
    const facts = { title: 'Meters of the north', count: 9, lines: 1, until: day(5), isDryRun: false };
    expect(only({ stored: [order] })).toEqual({
      ...{ ...facts, name: 'AS north 0 A', id: 'A', done: 0, state: 'open' },
      ...{ stored: order, isListed: false, isCurrent: false },
    });
    expect(only({ listed: [listed('A', { dryRun: true, lines: 2 })] })).toEqual({
      ...{ ...facts, name: 'AS north 0 A', id: 'A', done: 4, state: 'open', isDryRun: true, lines: 2 },
      ...{ stored: undefined, isListed: true, isCurrent: false },
    });
  });

  it.each<[Partial<OrderRecord>, Partial<ListedOrder> | undefined, Partial<OrderRow>]>([
    [{}, { done: 0, state: 'revoked' }, { done: 1, state: 'revoked' }],
    [{ endedAs: 'revoked' }, { state: 'open' }, { state: 'revoked' }],
    [{ endedAs: 'revoked', report: '{}' }, { state: 'open' }, { state: 'closed' }],
    [{}, undefined, { done: 1, state: 'open' }],
  ])('merges %o in the journal with %o at the AS', (ended, change, row) => {
    const atAs = change === undefined ? [] : [listed('A', change)];
    expect(only({ stored: [stored('A', day(5), ended)], listed: atAs })).toMatchObject(row);
  });

  it('lists no order of the AS without a session', () => {
    expect(rowsOf({ listed: [listed('A')], service: undefined })).toEqual({ here: [], atAs: [] });
  });

  it('keeps the sequence of ended orders and of orders with the same end', () => {
    const ended = [listed('A', { state: 'closed', until: day(9) }), listed('B', { state: 'revoked', until: day(1) })];
    const open = [listed('D', { until: day(3) }), listed('C', { until: day(3) }), listed('E', { until: day(2) })];
    expect(ids(rowsOf({ listed: [...ended, ...open] }).atAs)).toEqual(['E', 'D', 'C', 'A', 'B']);
  });

  it('does not mix up orders of two services with the same number', () => {
    const { here, atAs } = rowsOf({
      stored: [stored('A')],
      listed: [listed('A')],
      service: { ...SERVICE, name: 'AS south' },
    });
    expect([here[0]?.isListed, ids(atAs)]).toEqual([false, ['A']]);
  });

  it('shows the open order first, then the next to end, and ended ones last', () => {
    const orders = [
      stored('closed', day(1), { endedAs: 'closed' }),
      stored('late', day(9)),
      stored('soon', day(2)),
      stored('current', day(7)),
    ];
    const { here } = rowsOf({ stored: orders, current: orderName(SERVICE, 'current') });
    expect(ids(here)).toEqual(['current', 'soon', 'late', 'closed']);
  });
});

describe('the action of an order', () => {
  it('is named for what happens', () => {
    expect(rowAction(only({ stored: [stored('A')], current: orderName(SERVICE, 'A') }), NOW)).toBe('units');
    expect(rowAction(only({ listed: [listed('A')] }), NOW)).toBe('open');
    expect(rowAction(only({ listed: [listed('A', { until: day(-1) })] }), NOW)).toBe('show');
    expect(rowAction(only({ listed: [listed('A', { state: 'closed' })] }), NOW)).toBe('report');
    expect(rowAction(only({ stored: [stored('A', day(5), { report: '{}' })] }), NOW)).toBe('report');
    expect(rowAction(only({ stored: [stored('A', day(5), { endedAs: 'closed' })] }), NOW)).toBe('show');
    expect(rowAction(only({ stored: [stored('A', day(5), { endedAs: 'revoked' })] }), NOW)).toBe('show');
    expect(rowAction(only({ listed: [listed('A', { state: 'revoked' })] }), NOW)).toBeUndefined();
    const closed = { stored: [stored('A', day(5), { endedAs: 'closed' })], listed: [listed('A')] };
    expect(rowAction(only(closed), NOW)).toBe('report');
  });
});

it('an account has a name that depends on its kind, its AS and its operator', () => {
  const account = { kind: 'remote', operator: 'olga', service: { ...SERVICE, demo: false } } as SignedIn;
  const others = [
    { ...account, kind: 'vault' },
    { ...account, operator: 'otto' },
    { ...account, service: { ...account.service, name: 'AS south' } },
    { ...account, service: { ...account.service, asNumber: 1 } },
  ] as SignedIn[];
  expect(new Set([account, { ...account }, ...others].map(accountName)).size).toBe(5);
});

it('an order is found by its number or title, whatever the case and the blanks', () => {
  const row = only({ listed: [listed('JOB-4711')] });
  for (const text of ['', 'job', '4711', 'of the NORTH', 'ofthe']) expect(hasText(row, text)).toBe(true);
  expect(hasText(row, 'south')).toBe(false);
});
