// The client for the work orders of a service: which responses it accepts.
import { describe, expect, it } from 'vitest';
import { workOrder } from '#test/support/work-orders.ts';
import { WorkOrders } from '#web/as-client/work-orders.ts';

const AT = '2026-11-23T10:00:00Z';

/**
 * Creates a client whose service always returns `value`, and whose envelopes always contain
 * `signed`.
 */
const answering = (value: unknown, signed: unknown = undefined) =>
  new WorkOrders({ ask: async () => value, open: async () => signed });

describe('the work orders of an AS', () => {
  it('are those in the list of the service that have a signed order', async () => {
    const order = {
      title: 'North',
      set: 1,
      count: 2,
      lines: 1,
      done: 1,
      state: 'open',
      notBefore: AT,
      until: AT,
      dryRun: false,
    };
    const listed = await answering({
      workOrders: [
        { workOrder: 'A', exports: 2, receipts: 1, time: AT, order, unit: null },
        { workOrder: 'B', exports: 1, receipts: 0, time: AT, order: null, unit: null },
      ],
    }).list();
    expect(listed).toEqual([
      {
        id: 'A',
        title: 'North',
        count: 2,
        lines: 1,
        done: 1,
        unit: null,
        state: 'open',
        notBefore: AT,
        until: AT,
        dryRun: false,
      },
    ]);
  });

  it('are refused when the response is malformed or is about another order', async () => {
    await expect(answering({}).list()).rejects.toMatchObject({ code: 'not-the-as' });
    await expect(answering({ workOrders: 7 }).list()).rejects.toMatchObject({ code: 'service-nonsense' });
    await expect(answering({ order: 7 }).read('A')).rejects.toMatchObject({ code: 'service-nonsense' });
    const envelope = { payloadType: 'x', payload: 'e30', signatures: [{ keyid: '0'.repeat(16), sig: 'A'.repeat(86) }] };
    const other = workOrder(
      [['1'.padStart(32, '0'), '2'.padStart(32, '0')]],
      [{ ref1: 1, ref2: 2, akv: 5, kcv: '0123456789', label: 'Traffic' }],
    );
    const swapped = answering({ order: envelope, state: 'open', reason: null, units: [], auditHead: envelope }, other);
    await expect(swapped.read('A')).rejects.toMatchObject({ code: 'service-nonsense' });
    expect((await swapped.read(other.id)).order).toEqual(other);
  });

  it('are refused with file-refused when a stored document is malformed', async () => {
    await expect(answering({}).open('{')).rejects.toMatchObject({ code: 'file-refused' });
  });
});
