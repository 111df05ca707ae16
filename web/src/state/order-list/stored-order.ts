// A work order in the journal of this station, with the number of its units by state.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { readEnvelope } from '#protocol/json/document.ts';
import { decodeWorkOrderPayload, type WorkOrder } from '#protocol/orders/order.ts';
import type { OrderRecord } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';

export interface StoredOrder {
  readonly record: OrderRecord;
  readonly order: WorkOrder;
  readonly counts: Counts;
}

/** Reads the orders of this station, newest first. */
export async function readStored(store: Pick<WorkOrderStore, 'list' | 'counts'>): Promise<readonly StoredOrder[]> {
  const records = await store.list();
  return await Promise.all(
    records.map(async (record) => ({
      record,
      order: readDocument(record.document),
      counts: await store.counts(record.order),
    })),
  );
}

/** Returns the order in a document, whose signature was verified before it was stored. */
export function readDocument(document: string): WorkOrder {
  const { payload } = readEnvelope(document, 'the order');
  return decodeWorkOrderPayload(fromBase64url(payload));
}
