// The list of orders: which account and which answer of the AS it shows.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { NOW } from '#test/unit/web/state/station/station-fixture.ts';
import type { ListedOrder } from '#web/as-client/work-orders.ts';
import { Orders, type OrdersOptions } from '#web/state/orders/orders.svelte.ts';
import type { SignedIn } from '#web/state/session/session.svelte.ts';
import { sn } from './order-fixture.ts';

const account = (operator: string): SignedIn =>
  ({ kind: 'remote', operator, service: { name: 'AS north', asNumber: 0, demo: false } }) as SignedIn;
const listed = (id: string): ListedOrder =>
  ({ id, title: id, lines: 1, unit: { sn: sn(0x20), exports: 0, proven: 0, count: 1 } }) as ListedOrder;

/** A station without stored orders. `session.signedIn` is the account. */
function openList() {
  const session = { signedIn: account('olga'), endOn: vi.fn() };
  const remote = {
    list: vi.fn(async (): Promise<readonly ListedOrder[]> => []),
    find: vi.fn(async (): Promise<readonly ListedOrder[]> => []),
  };
  const orders = new Orders({
    station: { session },
    remote,
    store: { list: async () => [] },
    presence: { addEventListener: () => undefined },
    onOnline: () => undefined,
    now: NOW,
  } as unknown as OrdersOptions);
  return { orders, session, remote };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the list of orders', () => {
  it('shows the orders of an account to no other account', async () => {
    const { orders, session, remote } = openList();
    remote.list.mockResolvedValueOnce([listed('ONE')]);
    await orders.refresh();
    expect(orders.rows.atAs).toMatchObject([{ id: 'ONE' }]);
    session.signedIn = account('otto');
    expect(orders.listed).toBeUndefined();
    expect(orders.rows.atAs).toEqual([]);
  });

  it.each(['answer', 'failure'])('keeps the newer answer when the older %s arrives later', async (late) => {
    const { orders, session, remote } = openList();
    let settle = (): void => undefined;
    const older = new Promise<readonly ListedOrder[]>((resolve, reject) => {
      settle = () =>
        late === 'answer' ? resolve([listed('OLD')]) : reject(new ProtocolError('signed-out', 'expired'));
    });
    remote.list.mockReturnValueOnce(older).mockResolvedValueOnce([listed('NEW')]);
    const first = orders.refresh();
    await vi.waitFor(() => expect(remote.list).toHaveBeenCalledTimes(1));
    await orders.refresh();
    settle();
    await first;
    expect(orders.listed).toMatchObject([{ id: 'NEW' }]);
    expect(orders.failure).toBeUndefined();
    expect(session.endOn).not.toHaveBeenCalled();
  });

  it('contains an order that only the search found', async () => {
    const { orders, remote } = openList();
    remote.list.mockRejectedValueOnce(new ProtocolError('service-unreachable', 'no answer'));
    remote.find.mockResolvedValueOnce([listed('FOUND')]);
    await orders.refresh();
    orders.search.search('0020');
    await vi.runAllTimersAsync();
    expect(orders.rows.atAs).toMatchObject([{ id: 'FOUND' }]);
    expect(orders.isSearchComplete).toBe(false);
  });

  it('is not searched completely if the AS does not answer', async () => {
    const { orders, remote } = openList();
    remote.find.mockRejectedValueOnce(new ProtocolError('service-unreachable', 'no answer'));
    await orders.refresh();
    expect(orders.isSearchComplete).toBe(true);
    orders.search.search('0020');
    await vi.runAllTimersAsync();
    expect(orders.isSearchComplete).toBe(false);
  });

  it('asks the AS only with an operator who is signed in to a service', async () => {
    const { orders, session, remote } = openList();
    session.signedIn = { ...account('olga'), kind: 'vault' } as SignedIn;
    await orders.refresh();
    expect([orders.listed, orders.isSearchComplete]).toEqual([undefined, true]);
    Object.assign(session, { signedIn: undefined });
    await orders.refresh();
    expect([orders.listed, orders.isSearchComplete, orders.failure]).toEqual([undefined, true, undefined]);
    expect(remote.list).not.toHaveBeenCalled();
    session.signedIn = account('olga');
    expect(orders.isSearchComplete).toBe(false);
  });

  it('does not hide a bug in an older refresh', async () => {
    const { orders, remote } = openList();
    let reject = (_: unknown): void => undefined;
    const older = new Promise<readonly ListedOrder[]>((_, fail) => {
      reject = fail;
    });
    remote.list.mockReturnValueOnce(older);
    const first = orders.refresh();
    await vi.waitFor(() => expect(remote.list).toHaveBeenCalledOnce());
    await orders.refresh();
    reject(new TypeError('a bug'));
    await expect(first).rejects.toThrow(TypeError);
  });

  it('shows of an order that the AS listed and the search found what the search found', async () => {
    const { orders, remote } = openList();
    remote.list.mockResolvedValueOnce([listed('ONE'), listed('TWO')]);
    remote.find.mockResolvedValueOnce([{ ...listed('ONE'), done: 3 }]);
    await orders.refresh();
    orders.search.search('0020');
    await vi.runAllTimersAsync();
    expect(orders.rows.atAs.map(({ id, done }) => [id, done])).toContainEqual(['ONE', 3]);
    expect(orders.rows.atAs.map(({ id }) => id).sort()).toEqual(['ONE', 'TWO']);
  });
});
