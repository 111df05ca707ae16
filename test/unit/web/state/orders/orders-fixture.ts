// The orders of a station with a real journal, an AS whose answers the test scripts, and events of
// the browser that the test dispatches.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { encodeWorkOrder, type WorkOrder } from '#protocol/orders/order.ts';
import { workOrder } from '#test/support/work-orders.ts';
import { createAccount, createBench, NOW, SETS } from '#test/unit/web/state/station/station-fixture.ts';
import { Database } from '#web/journal/database.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import type { OrderRow } from '#web/state/order-list/order-rows.ts';
import { readStored } from '#web/state/order-list/stored-order.ts';
import { Orders, type OrdersOptions } from '#web/state/orders/orders.svelte.ts';
import { ONE_LINE, sn } from './order-fixture.ts';

const documentOf = (order: WorkOrder): string =>
  JSON.stringify({
    payloadType: 'application/vnd.keyferry.work-order+json',
    payload: toBase64url(utf8(encodeWorkOrder(order))),
    signatures: [{ keyid: '0123456789ABCDEF', sig: toBase64url(new Uint8Array(64)) }],
  });

export const ORDER = workOrder([[sn(1), sn(3)]], ONE_LINE);
export const DOCUMENT = documentOf(ORDER);

/**
 * Creates a station that is signed in to the AS of ORDER and has opened no order. `startsAlone` is
 * whether the site starts the run of an order that is opened.
 */
export async function createOrders({ startsAlone = false } = {}) {
  const database = await Database.open(new IDBFactory(), () => undefined);
  const bench = await createBench(SETS, { database, account: createAccount(SETS), name: 'page' });
  await bench.session.signIn('token');
  const store = new WorkOrderStore(database, NOW);
  const settings = new Map<string, string>();
  const page = { visibilityState: 'visible', freeBytes: 1e9, ticks: 0 };
  const listeners: Record<string, () => void> = {};
  const remote = {
    list: vi.fn(async () => []),
    find: vi.fn(async () => []),
    read: vi.fn(async () => ({ document: DOCUMENT, order: ORDER, state: 'open', reason: null, units: [] as object[] })),
    open: vi.fn(async () => ORDER),
    progress: vi.fn(async () => ({ state: 'open', version: 'v1', done: 0, units: [] as object[] })),
    report: vi.fn(async () => ({ closed: false })),
    reportFile: vi.fn(async () => 'the report'),
  };
  const orders = new Orders({
    ...{ station: bench.station, journal: bench.journal, store, remote, now: NOW, ticks: () => page.ticks },
    startsAlone: () => startsAlone,
    feedback: { give: () => undefined },
    verification: {},
    app: async () => ({ version: '1', build: 'b' }),
    wordsOf: async () => 'Words.',
    head: () => ({ sequence: 7 }),
    storage: {
      persist: async () => true,
      persisted: async () => true,
      estimate: async () => ({ quota: page.freeBytes, usage: 0 }),
    },
    settings: {
      getItem: (name: string) => settings.get(name) ?? null,
      setItem: (name: string, value: string) => void settings.set(name, value),
      removeItem: (name: string) => void settings.delete(name),
    },
    presence: {
      get visibilityState() {
        return page.visibilityState;
      },
      addEventListener: (type: string, listener: () => void) => {
        listeners[type] = listener;
      },
    },
    onOnline: (listener: () => void) => {
      listeners.online = listener;
    },
  } as unknown as OrdersOptions);
  /** The row of an order that only the AS lists. */
  const atAs = { id: ORDER.id, state: 'open', stored: undefined } as unknown as OrderRow;
  /** The row of the order of this station. */
  const here = async (state = 'open'): Promise<OrderRow> => {
    const [stored] = await readStored(store);
    return { id: ORDER.id, state, stored } as unknown as OrderRow;
  };
  /** The events of the open order, in the journal. */
  const eventsOf = vi.spyOn(bench.journal, 'note');
  const steps = (): readonly string[] => eventsOf.mock.calls.map(([, event]) => event.step);
  return { orders, bench, store, settings, page, listeners, remote, atAs, here, steps };
}
