// Schemas for the JSON of work orders (protocol/orders), with the conventions of common.ts.
import { z } from 'zod';
import type {
  NewOrderJson,
  OrderJson,
  RevokeOrderJson,
  StationReportAnswerJson,
  StationReportJson,
} from '#protocol/orders/messages.ts';
import { MAX_LINES } from '#protocol/orders/order.ts';
import type { Report } from '#protocol/orders/report.ts';
import { MAX_UNITS } from '#protocol/orders/units.ts';
import type { WorkOrdersJson } from '#protocol/service/messages.ts';
import { envelope, integer, octets, printable, ref1, serialNumber, set, suite, text, time } from './common.ts';

const ref2 = integer(0, 0xfffe);
const natural = integer(0, Number.MAX_SAFE_INTEGER);
const reason = printable(500);
const outcome = z.enum(['done', 'failed', 'unknown', 'absent']);
const state = z.enum(['open', 'revoked', 'closed']);

export const newOrder = z.strictObject({
  id: printable(64),
  title: printable(200),
  set,
  suite: z.nullable(suite),
  units: z
    .array(z.union([serialNumber, z.tuple([serialNumber, serialNumber])]))
    .min(1)
    .max(MAX_UNITS),
  lines: z.array(z.strictObject({ ref1, ref2 })).min(1).max(MAX_LINES),
  options: z.strictObject({
    dryRun: z.boolean(),
    haltAfter: z.nullable(integer(1, 1000)),
    requireLabelScan: z.boolean(),
  }),
  notBefore: time,
  until: time,
}) satisfies z.ZodType<NewOrderJson>;

export const revokeOrder = z.strictObject({ reason }) satisfies z.ZodType<RevokeOrderJson>;

const stationHead = z.nullable(z.strictObject({ sequence: integer(1, Number.MAX_SAFE_INTEGER), hash: octets(32) }));
const app = z.strictObject({ version: printable(100), build: printable(100) });
/**
 * Members of an answer. The service checked the reason when it received it, so `text` is enough.
 */
const unitOutcome = { sn: serialNumber, outcome, reason: z.nullable(text) };

export const stationReport = z.strictObject({
  app,
  head: stationHead,
  units: z
    .array(
      z.strictObject({
        ...unitOutcome,
        reason: z.nullable(reason),
        begun: z.nullable(time),
        ended: z.nullable(time),
      }),
    )
    .max(MAX_UNITS),
  absentReason: z.nullable(reason),
  close: z.boolean(),
}) satisfies z.ZodType<StationReportJson>;

const gaps = z.array(z.strictObject(unitOutcome));

export const stationReportAnswer = z.strictObject({
  closed: z.boolean(),
  balance: z.strictObject({
    total: natural,
    done: natural,
    failed: natural,
    unknown: natural,
    absent: natural,
    gaps,
    missing: gaps,
    unlisted: z.array(serialNumber),
    mayClose: z.boolean(),
  }),
  auditHead: envelope,
}) satisfies z.ZodType<StationReportAnswerJson>;

export const orderAnswer = z.strictObject({
  order: envelope,
  state,
  reason: z.nullable(z.string()),
  units: z.array(z.strictObject({ sn: serialNumber, exports: natural, proven: natural })),
  auditHead: envelope,
}) satisfies z.ZodType<OrderJson>;

export const workOrdersAnswer = z.strictObject({
  workOrders: z.array(
    z.strictObject({
      workOrder: text,
      exports: integer(0, 0xffffffff),
      receipts: integer(0, 0xffffffff),
      time,
      order: z.nullable(
        z.strictObject({
          title: text,
          set,
          count: natural,
          lines: natural,
          state,
          notBefore: time,
          until: time,
          dryRun: z.boolean(),
        }),
      ),
    }),
  ),
}) satisfies z.ZodType<WorkOrdersJson>;

const load = z.strictObject({
  ref1,
  ref2,
  verdict: z.nullable(envelope),
  exports: natural,
  reasons: z.array(text),
});

export const report = z.strictObject({
  format: z.literal('keyferry-report-1'),
  root: octets(32),
  certificates: z.array(envelope),
  order: envelope,
  summary: envelope,
  heads: z.array(envelope),
  rows: z.array(
    z.strictObject({ ...unitOutcome, begun: z.nullable(time), ended: z.nullable(time), loads: z.array(load) }),
  ),
}) satisfies z.ZodType<Report>;
