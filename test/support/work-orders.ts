// Creates work orders for tests of the page. Their set is TEST_SET of test/support/units.ts.
import type { OrderLine, OrderOptions, WorkOrder } from '#protocol/orders/order.ts';
import type { UnitRange } from '#protocol/orders/units.ts';
import { TEST_SET } from './units.ts';

const OPTIONS: OrderOptions = { dryRun: false, haltAfter: null, requireLabelScan: false };

export function workOrder(
  units: readonly UnitRange[],
  lines: readonly OrderLine[],
  options: Partial<OrderOptions> = {},
): WorkOrder {
  const count = units.reduce((sum, [from, to]) => sum + Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)) + 1, 0);
  return {
    format: 1,
    id: '4711',
    title: 'Meters of the north',
    set: TEST_SET,
    suite: null,
    units,
    count,
    lines,
    options: { ...OPTIONS, ...options },
    issued: '2026-11-20T00:00:00Z',
    notBefore: '2026-11-21T00:00:00Z',
    until: '2026-12-21T00:00:00Z',
    service: 'Test AS',
    asNumber: 0,
  };
}
