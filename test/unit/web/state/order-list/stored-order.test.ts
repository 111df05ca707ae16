// The orders in the journal of this station.
import { expect, it } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { encodeWorkOrder } from '#protocol/orders/order.ts';
import { workOrder } from '#test/support/work-orders.ts';
import { ONE_LINE, sn } from '#test/unit/web/state/orders/order-fixture.ts';
import { readDocument, readStored } from '#web/state/order-list/stored-order.ts';

const ORDER = workOrder([[sn(1), sn(9)]], ONE_LINE);
const DOCUMENT = JSON.stringify({
  payloadType: 'application/vnd.keyferry.work-order+json',
  payload: toBase64url(utf8(encodeWorkOrder(ORDER))),
  signatures: [{ keyid: '0123456789ABCDEF', sig: toBase64url(new Uint8Array(64)) }],
});
const NONE = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 };

it('the orders of this station are read with the counts of their units, in the sequence of the journal', async () => {
  const records = [2, 1].map((order) => ({ order, name: `AS ${order}`, document: DOCUMENT, openedAt: '' }));
  const stored = await readStored({
    list: async () => records,
    counts: async (order) => ({ ...NONE, done: order }),
  });
  expect(stored).toEqual(records.map((record) => ({ record, order: ORDER, counts: { ...NONE, done: record.order } })));
});

it('a stored document that is damaged is refused with its name', () => {
  expect(() => readDocument('{}')).toThrow('the order');
});
