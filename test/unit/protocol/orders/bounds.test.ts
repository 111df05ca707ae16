// The limits of each member in work orders, reports and their messages (docs/protocol.md clauses
// 6.1 and 9.1).
import { expect, it } from 'vitest';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { readDocument } from '#protocol/json/document.ts';
import type { Schema } from '#protocol/json/schema.ts';
import {
  orderProgressSchema,
  orderSchema,
  stationReportAnswerSchema,
  workOrdersSchema,
} from '#protocol/orders/messages.ts';
import { decodeWorkOrder, WORK_ORDER_TYPE } from '#protocol/orders/order.ts';
import { decodeReportSummary, REPORT_TYPE, reportSchema } from '#protocol/orders/report.ts';
import {
  newOrderSchema,
  progressQuerySchema,
  revokeOrderSchema,
  stationReportSchema,
} from '#protocol/orders/requests.ts';
import { expectBounds } from '#test/support/bounds.ts';

const TIME = '2026-11-23T12:00:00.000Z';
const LATER = '2026-11-24T12:00:00.000Z';
const MAX = Number.MAX_SAFE_INTEGER;
const sn = (n: number): string => hexNumber(n, 32);
const zeros = (length: number): string => toBase64url(new Uint8Array(length));
const reader = (schema: Schema) => (value: unknown) => readDocument(schema, value, 'message');
const envelope = {
  ...{ payloadType: 'application/json', payload: zeros(3) },
  signatures: [{ keyid: '0123456789ABCDEF', sig: zeros(64) }],
};
const line = { ref1: 1, ref2: 2, akv: 1, kcv: '5AAA42C6AD', label: 'Data key' };
const options = { dryRun: false, haltAfter: 3, requireLabelScan: false };
const order = {
  ...{ format: 1, id: 'JOB', title: 'Line 3', set: 1, suite: null, units: [sn(1)], count: 1, lines: [line], options },
  ...{ issued: TIME, notBefore: TIME, until: LATER, service: 'Keyferry AS', asNumber: 0 },
};
const head = { sequence: 1, hash: zeros(32) };
const outcome = { sn: sn(1), outcome: 'failed', reason: 'broken' };

it('the types of the signed documents', () => {
  expect(WORK_ORDER_TYPE).toBe('application/vnd.keyferry.work-order+json');
  expect(REPORT_TYPE).toBe('application/vnd.keyferry.report+json');
});

it('the state of an order', () => {
  const progress = { reason: null, time: TIME, version: 'a', done: 0, units: [] };
  const read = reader(orderProgressSchema);
  for (const state of ['open', 'revoked', 'closed'])
    expect(read({ ...progress, state })).toEqual({ ...progress, state });
  for (const state of ['', 'ended']) expect(() => read({ ...progress, state })).toThrow('state');
});

it('a work order', () => {
  expectBounds(decodeWorkOrder, order, [
    ['id', 'text', 1, 64],
    ['title', 'text', 1, 200],
    ['set', 'integer', 1, 0xffffffff],
    ['lines.0.ref1', 'integer', 0, 0xffff],
    ['lines.0.ref2', 'integer', 0, 0xfffe],
    ['lines.0.akv', 'integer', 1, 0xfffffffe],
    ['lines.0.label', 'text', 1, 64],
    ['options.haltAfter', 'integer', 1, 1000],
    ['service', 'text', 1, 200],
    ['asNumber', 'integer', 0, 0xffff],
  ]);
  const withLines = (count: number) => () =>
    decodeWorkOrder({ ...order, lines: Array.from({ length: count }, (_, ref2) => ({ ...line, ref2 })) });
  expect(withLines(16)).not.toThrow();
  expect(withLines(17)).toThrow('lines is not a list of 1 to 16');
  const withUnits = (count: number) => () => decodeWorkOrder({ ...order, count, units: [[sn(1), sn(count)]] });
  expect(withUnits(20_000)).not.toThrow();
  expect(withUnits(20_001)).toThrow('count is not an integer from 1 to 20000');
  const many = Array.from({ length: 20_001 }, (_, n) => sn(2 * n + 1));
  expect(() => decodeWorkOrder({ ...order, count: 20_000, units: many })).toThrow('units is not a list of 1 to 20000');
  const withLoads = (count: number, lines: number) => () =>
    decodeWorkOrder({
      ...{ ...order, count, units: [[sn(1), sn(count)]] },
      lines: Array.from({ length: lines }, (_, ref2) => ({ ...line, ref2 })),
    });
  expect(withLoads(20_000, 2)).not.toThrow();
  expect(withLoads(13_334, 3)).toThrow('at most 40000 keys');
  expect(() => decodeWorkOrder({ ...order, notBefore: LATER })).toThrow('ends before it begins');
  expect(() => decodeWorkOrder({ ...order, units: [[sn(1)]] })).toThrow('units[0] is not a list of 2 to 2');
});

it('the answers of the service', () => {
  const unit = { sn: sn(1), exports: 0, proven: 0 };
  expectBounds(
    reader(orderSchema),
    { order: envelope, state: 'open', reason: 'no', units: [unit], auditHead: envelope },
    [
      ['reason', 'text', 1, 500],
      ['units', 'items', 0, 100_000],
      ['units.0.exports', 'integer', 0, MAX],
      ['units.0.proven', 'integer', 0, MAX],
    ],
  );
  const progress = { state: 'open', reason: 'no', time: TIME, version: 'a-_9', done: 0, units: [unit] };
  expectBounds(reader(orderProgressSchema), progress, [
    ['reason', 'text', 1, 500],
    ['version', 'text', 1, 64],
    ['done', 'integer', 0, MAX],
  ]);
  const facts = {
    title: 't',
    set: 1,
    count: 1,
    lines: 1,
    done: 0,
    state: 'open',
    notBefore: TIME,
    until: TIME,
    dryRun: false,
  };
  const row = { workOrder: 'JOB', exports: 0, receipts: 0, time: TIME, order: facts, unit: null };
  expectBounds(reader(workOrdersSchema), { workOrders: [row] }, [
    ['workOrders.0.workOrder', 'text', 1, 64],
    ['workOrders.0.exports', 'integer', 0, MAX],
    ['workOrders.0.receipts', 'integer', 0, MAX],
    ['workOrders.0.order.title', 'text', 1, 200],
    ['workOrders.0.order.set', 'integer', 1, 0xffffffff],
    ['workOrders.0.order.count', 'integer', 0, MAX],
    ['workOrders.0.order.lines', 'integer', 0, MAX],
    ['workOrders.0.order.done', 'integer', 0, MAX],
  ]);
  const balance = {
    ...{ total: 0, done: 0, failed: 0, unknown: 0, absent: 0, mayClose: true },
    ...{ gaps: [outcome], missing: [outcome], unlisted: [sn(1)] },
  };
  expectBounds(reader(stationReportAnswerSchema), { closed: true, balance, auditHead: envelope }, [
    ['balance.total', 'integer', 0, MAX],
    ['balance.gaps.0.reason', 'text', 1, 500],
    ['balance.missing.0.reason', 'text', 1, 500],
    ['balance.unlisted', 'items', 0, 100_000],
  ]);
});

it('a report', () => {
  const load = { ref1: 1, ref2: 2, verdict: envelope, exports: 1, reasons: ['lost'] };
  const row = { ...outcome, begun: TIME, ended: TIME, loads: [load] };
  const report = {
    ...{ format: 'keyferry-report-1', root: zeros(32), certificates: [envelope], order: envelope, summary: envelope },
    ...{ heads: [envelope], rows: [row] },
  };
  expectBounds(reader(reportSchema), report, [
    ['root', 'bytes', 32, 32],
    ['certificates', 'items', 1, 1000],
    ['heads', 'items', 0, 16],
    ['rows', 'items', 0, 40_000],
    ['rows.0.loads', 'items', 1, 16],
    ['rows.0.loads.0.ref1', 'integer', 0, 0xffff],
    ['rows.0.loads.0.ref2', 'integer', 0, 0xfffe],
    ['rows.0.loads.0.exports', 'integer', 0, MAX],
    ['rows.0.loads.0.reasons', 'items', 0, 1000],
    ['rows.0.loads.0.reasons.0', 'text', 1, 500],
  ]);
});

it('the summary of a report', () => {
  const station = { operator: 'maria', app: { version: '1', build: 'b' }, head, time: TIME };
  const totals = { units: 1, done: 1, failed: 0, unknown: 0, absent: 0, verdicts: 1, exports: 1 };
  const summary = {
    ...{ format: 1, id: 'JOB', order: zeros(32), service: 'Keyferry AS', asNumber: 0, closed: TIME },
    ...{ closedBy: 'carl', issued: TIME, totals, stations: [station], heads: [{ ...head, time: TIME }] },
    rows: [zeros(32)],
  };
  expectBounds(decodeReportSummary, summary, [
    ['id', 'text', 1, 64],
    ['order', 'bytes', 32, 32],
    ['closedBy', 'text', 1, 200],
    ['totals.units', 'integer', 1, 20_000],
    ['totals.verdicts', 'integer', 0, 40_000],
    ['totals.exports', 'integer', 0, MAX],
    ['stations', 'items', 0, 10_000],
    ['stations.0.operator', 'text', 1, 200],
    ['stations.0.app.version', 'text', 1, 100],
    ['stations.0.app.build', 'text', 1, 100],
    ['stations.0.head.sequence', 'integer', 1, MAX],
    ['heads', 'items', 1, 16],
    ['rows', 'items', 1, 20_000],
  ]);
});

it('the requests to the service', () => {
  const request = {
    ...{ id: 'JOB', title: 'Line 3', set: 1, suite: null, units: [sn(1)], lines: [{ ref1: 1, ref2: 2 }], options },
    ...{ notBefore: TIME, until: LATER },
  };
  expectBounds(reader(newOrderSchema), request, [
    ['set', 'integer', 1, 0xffffffff],
    ['units', 'items', 1, 20_000],
    ['lines', 'items', 1, 16],
    ['lines.0.ref2', 'integer', 0, 0xfffe],
    ['options.haltAfter', 'integer', 1, 1000],
  ]);
  const report = {
    ...{ app: { version: '1', build: 'b' }, head, absentReason: 'lost', close: true },
    units: [{ ...outcome, begun: TIME, ended: TIME }],
  };
  expectBounds(reader(stationReportSchema), report, [
    ['head.sequence', 'integer', 1, MAX],
    ['units', 'items', 0, 20_000],
  ]);
  expectBounds(reader(progressQuerySchema), { seen: 'a' }, [['seen', 'text', 1, 64]]);
  // For a text that a person enters, the error says what is wrong, so its message differs.
  for (const [max, read] of [
    [64, (id: string) => reader(newOrderSchema)({ ...request, id })],
    [200, (title: string) => reader(newOrderSchema)({ ...request, title })],
    [500, (reason: string) => reader(revokeOrderSchema)({ reason })],
    [500, (absentReason: string) => reader(stationReportSchema)({ ...report, absentReason })],
    [500, (reason: string) => reader(stationReportSchema)({ ...report, units: [{ ...report.units[0], reason }] })],
    [100, (version: string) => reader(stationReportSchema)({ ...report, app: { ...report.app, version } })],
    [100, (build: string) => reader(stationReportSchema)({ ...report, app: { ...report.app, build } })],
  ] as const) {
    expect(() => read('x'.repeat(max))).not.toThrow();
    expect(() => read('x'.repeat(max + 1))).toThrow(`has ${max + 1} characters, and at most ${max} are permitted`);
  }
});
