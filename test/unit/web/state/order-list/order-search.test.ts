// The search for the order of a unit, in the journal of this station and at the AS.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { workOrder } from '#test/support/work-orders.ts';
import { ONE_LINE, sn } from '#test/unit/web/state/orders/order-fixture.ts';
import type { ListedOrder } from '#web/as-client/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { type OrderRow, orderName } from '#web/state/order-list/order-rows.ts';
import { OrderSearch } from '#web/state/order-list/order-search.svelte.ts';
import type { StoredOrder } from '#web/state/order-list/stored-order.ts';
import type { SignedIn } from '#web/state/session/session.svelte.ts';

const SERVICE = { name: 'AS north', asNumber: 0, demo: false };
const ACCOUNT = { kind: 'remote', service: SERVICE } as SignedIn;
const row = (id: string): OrderRow => ({ name: orderName(SERVICE, id), id, title: 'Meters' }) as OrderRow;
const [HERE, THERE] = [row('HERE'), row('THERE')];

const STORED = {
  record: { order: 1, name: HERE.name },
  order: workOrder([[sn(0x10), sn(0x40)]], ONE_LINE),
} as StoredOrder;

const listed = (id: string, exports: number, proven: number): ListedOrder =>
  ({ id, lines: 2, unit: { sn: sn(0x20), exports, proven, count: 1 } }) as ListedOrder;

interface World {
  readonly unitRow?: Partial<UnitRow>;
  readonly stored?: StoredOrder;
  readonly atAs?: readonly ListedOrder[];
  readonly account?: SignedIn | undefined;
}

function searchIn({ unitRow, stored = STORED, atAs = [], account = ACCOUNT }: World) {
  const find = vi.fn(async (_digits: string) => atAs);
  const ended: string[] = [];
  const session = { account };
  const search = new OrderSearch({
    endOn: ({ code }) => void ended.push(code),
    store: { unit: async () => unitRow as UnitRow | undefined },
    remote: { find },
    stored: () => [stored],
    account: () => session.account,
  });
  return { search, find, ended, session };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the search for an order', () => {
  it.each([sn(0x20), sn(0x20).slice(-4), '0020', '00-20'])(
    'finds the order that lists the unit by %s',
    async (typed) => {
      const { search } = searchIn({ unitRow: { state: 'failed', aside: true } });
      search.search(typed);
      expect(search.isSearching).toBe(true);
      await vi.runAllTimersAsync();
      expect(search.isSearching).toBe(false);
      expect(search.unitOf(HERE)).toEqual({ sn: sn(0x20), state: 'aside' });
      expect([search.isMatch(HERE), search.isMatch(THERE)]).toEqual([true, false]);
    },
  );

  it('asks the AS once the operator pauses, and only for the last digits', async () => {
    const { search, find } = searchIn({});
    for (const typed of ['0', '00', '002', '0020', '00201']) search.search(typed);
    await vi.runAllTimersAsync();
    expect(find.mock.calls).toEqual([['00201']]);
    search.search('north');
    await vi.runAllTimersAsync();
    expect(find).toHaveBeenCalledTimes(1);
  });

  it.each([
    [0, 0, 'unseen'],
    [1, 0, 'unknown'],
    [2, 2, 'done'],
  ] as const)('says what the AS knows of the unit: %i exports, %i receipts are %s', async (exports, proven, state) => {
    const { search } = searchIn({ atAs: [listed('THERE', exports, proven)] });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.unitOf(THERE)).toEqual({ sn: sn(0x20), state });
  });

  it('shows no state if several units of an order end with the digits', async () => {
    const units = [sn(0x20), sn(0x1_0020)].map((each) => [each, each] as const);
    const stored = { ...STORED, order: workOrder(units, ONE_LINE) };
    const atAs = { ...listed('THERE', 2, 2), unit: { sn: sn(0x20), exports: 2, proven: 2, count: 3 } };
    const { search } = searchIn({ stored, atAs: [atAs] });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.unitOf(HERE)).toEqual({ count: 2, digits: '0020' });
    expect(search.unitOf(THERE)).toEqual({ count: 3, digits: '0020' });
  });

  it('believes the receipts at the AS, then the journal of this station', async () => {
    const unitRow = { state: 'failed' } as const;
    for (const [proven, state] of [
      [2, 'done'],
      [1, 'failed'],
    ] as const) {
      const { search } = searchIn({ unitRow, atAs: [listed('HERE', 2, proven)] });
      search.search('0020');
      await vi.runAllTimersAsync();
      expect(search.unitOf(HERE)).toMatchObject({ state });
    }
  });

  it('searches this station only without a session with a service', async () => {
    const { search, find } = searchIn({ account: { ...ACCOUNT, kind: 'vault' } as SignedIn });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(find).not.toHaveBeenCalled();
    expect(search.unitOf(HERE)).toMatchObject({ state: 'unseen' });
  });

  it('shows the failure of the AS until the next search, with the unit of this station', async () => {
    const { search, find, ended } = searchIn({});
    find.mockRejectedValueOnce(new ProtocolError('signed-out', 'expired'));
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.failure).toEqual({ code: 'signed-out' });
    expect(search.unitOf(HERE)).toMatchObject({ state: 'unseen' });
    expect(ended).toEqual(['signed-out']);
    search.search('');
    expect(search.failure).toBeUndefined();
  });

  it('ignores the failure of an earlier search for the same digits', async () => {
    const { search, find } = searchIn({ atAs: [listed('THERE', 0, 0)] });
    let fail: (error: Error) => void = () => undefined;
    find.mockReturnValueOnce(new Promise((_, reject) => (fail = reject)));
    search.search('0020');
    await vi.runAllTimersAsync();
    for (const typed of ['00201', '0020']) search.search(typed);
    await vi.runAllTimersAsync();
    fail(new ProtocolError('service-unreachable', 'no answer'));
    await vi.runAllTimersAsync();
    expect(search.failure).toBeUndefined();
    expect(search.unitOf(THERE)).toBeDefined();
  });

  it('has found nothing before the first search, and finds a text without a search of units', () => {
    const { search } = searchIn({});
    const { text, digits, isSearching, failure, listed: found } = search;
    expect({ text, digits, isSearching, failure, found }).toEqual({
      ...{ text: '', digits: undefined, isSearching: false, failure: undefined, found: [] },
    });
    expect([search.isMatch(HERE), search.unitOf(HERE)]).toEqual([true, undefined]);
    search.search('there');
    expect([search.text, search.isSearching]).toEqual(['there', false]);
    expect([search.isMatch(HERE), search.isMatch(THERE)]).toEqual([false, true]);
  });

  it('lists what the AS found for the account that searched, and starts after 300 ms', async () => {
    const { search, find, session } = searchIn({ atAs: [listed('THERE', 0, 0)] });
    search.search('0020');
    await vi.advanceTimersByTimeAsync(299);
    expect(find).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(search.listed).toHaveLength(1);
    session.account = { ...ACCOUNT, operator: 'otto' } as SignedIn;
    expect([search.listed, search.unitOf(THERE), search.failure]).toEqual([[], undefined, undefined]);
    session.account = ACCOUNT;
    expect(search.listed).toHaveLength(1);
  });

  it('shows no unit of an order for which the AS names none', async () => {
    const { search } = searchIn({ atAs: [{ ...listed('THERE', 0, 0), unit: null }, listed('OTHER', 0, 0)] });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.unitOf(THERE)).toBeUndefined();
    expect(search.unitOf(row('OTHER'))).toBeDefined();
  });

  it('says that a unit is not known if the AS has made an export that this station has not', async () => {
    const { search } = searchIn({ atAs: [listed('HERE', 1, 0)] });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.unitOf(HERE)).toEqual({ sn: sn(0x20), state: 'unknown' });
  });

  it('does not show the state of one unit for another that the AS found', async () => {
    const other = { ...listed('HERE', 1, 0), unit: { sn: sn(0x30), exports: 1, proven: 0, count: 1 } };
    const { search } = searchIn({ unitRow: { state: 'failed' }, atAs: [other] });
    search.search('0020');
    await vi.runAllTimersAsync();
    expect(search.unitOf(HERE)).toEqual({ sn: sn(0x30), state: 'unknown' });
  });

  it('drops the answer for what the operator no longer looks for', async () => {
    const { search } = searchIn({ atAs: [listed('THERE', 0, 0)] });
    search.search('0020');
    await vi.advanceTimersByTimeAsync(299);
    search.search('0020F');
    await vi.advanceTimersByTimeAsync(2);
    expect(search.unitOf(THERE)).toBeUndefined();
  });
});
