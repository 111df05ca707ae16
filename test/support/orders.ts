// Work orders for tests: an order as a custodian asks for it, units worked under it, and the reader of a report, who has the root key
// and nothing else.
import type { Hono } from 'hono';
import type { As } from '#as-service/service/as.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type {
  NewOrderJson,
  StationReportAnswerJson,
  StationReportJson,
  StationUnitJson,
} from '#protocol/orders/messages.ts';
import type { Report } from '#protocol/orders/report.ts';
import { type ReportVerdict, verifyReport } from '#protocol/orders/verify-report.ts';
import type { ExportAnswerJson, ExportRequestJson, ReceiptAnswerJson } from '#protocol/service/messages.ts';
import { callJson, exportRequest, receiptFor, TEST_SET } from '#test/support/as-service.ts';

/** The n-th unit of the test order. */
export const unit = (n: number): string => (0x4549_0000_0000 + n).toString(16).toUpperCase().padStart(32, '0');

export const LINE = { ref1: 0x0103, ref2: 2 };

/** Units 1 to 3, one line, for a year. */
export function newOrder(change: Partial<NewOrderJson> = {}): NewOrderJson {
  const begin = new Date(Date.now() - 60_000);
  const end = new Date(begin.getTime() + 365 * 86_400_000);
  return {
    id: 'JOB-4711',
    title: 'Terminals, line 3',
    set: TEST_SET,
    suite: null,
    units: [[unit(1), unit(3)]],
    lines: [LINE],
    options: { dryRun: false, haltAfter: null, requireLabelScan: false },
    notBefore: begin.toISOString(),
    until: end.toISOString(),
    ...change,
  };
}

export interface Station {
  readonly app: Hono;
  readonly token: string;
}

/** Exports for the unit under the order; its answer may be a problem. */
export function exportFor(
  { app, token }: Station,
  sn: string,
  change: Partial<ExportRequestJson> = {},
): Promise<{ request: ExportRequestJson; answer: ExportAnswerJson }> {
  const request = exportRequest({ ...LINE, sn, workOrder: 'JOB-4711', ...change });
  return callJson<ExportAnswerJson>(app, token, '/v1/exports', request).then((answer) => ({ request, answer }));
}

/** Export, import, receipt, verdict. */
export async function load(station: Station, sn: string, change: Partial<ExportRequestJson> = {}) {
  const { request, answer } = await exportFor(station, sn, change);
  const receipt = receiptFor(answer.data, request.random);
  const { exportId } = answer;
  return callJson<ReceiptAnswerJson>(station.app, station.token, '/v1/receipts', { exportId, receipt });
}

export function stationUnit(sn: string, change: Partial<StationUnitJson> = {}): StationUnitJson {
  return { sn, outcome: 'done', reason: null, begun: null, ended: null, ...change };
}

export function stationReport(change: Partial<StationReportJson> = {}): StationReportJson {
  const app = { version: '1.0.0', build: 'ABCDEF0123' };
  return { app, head: null, units: [], absentReason: null, close: false, ...change };
}

export function report({ app, token }: Station, change: Partial<StationReportJson>, id = 'JOB-4711') {
  const path = `/v1/work-orders/${encodeURIComponent(id)}/report`;
  return callJson<StationReportAnswerJson>(app, token, path, stationReport(change));
}

export async function fetchReport({ app, token }: Station, id = 'JOB-4711'): Promise<Report> {
  return callJson<Report>(app, token, `/v1/work-orders/${encodeURIComponent(id)}/report`);
}

/** What a reader who trusts that service says of a report. */
export function judge(as: As, given: Report | string): Promise<ReportVerdict> {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return verifyReport(text, fromBase64url(as.signatures.trust.root), isSignedBy);
}
