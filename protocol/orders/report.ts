// The report of a closed work order (docs/protocol.md clause 9.1): a file that proves itself. What the AS signs is a summary with the
// hash of each row in order, so that a verifier can say which row was dropped, added, moved or changed; each row carries the verdicts
// of its unit, signed for themselves, and the order stands in it as it was issued. Knows no signatures: verify-report.ts does.
import { toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import * as shape from '../json/read.ts';
import type { AuditHeadJson } from '../service/messages.ts';
import type { Envelope } from '../signing/envelope.ts';
import type { Outcome } from './balance.ts';
import type { AppJson } from './messages.ts';
import { MAX_LINES, MAX_LOADS, orderId, serialNumber } from './order.ts';
import { MAX_UNITS } from './units.ts';

export const REPORT_TYPE = 'application/vnd.keyferry.report+json';

/** One line of the order for one unit. */
export interface ReportLoad {
  readonly ref1: number;
  readonly ref2: number;
  /** Payload VerdictJson; null where the AS has no receipt. */
  readonly verdict: Envelope | null;
  /** Exports for it; more than one each have their reason below. */
  readonly exports: number;
  readonly reasons: readonly string[];
}

export interface ReportRow {
  readonly sn: string;
  readonly outcome: Outcome;
  /** Why it is not done. */
  readonly reason: string | null;
  readonly begun: string | null;
  readonly ended: string | null;
  /** One for each line of the order, in its order. */
  readonly loads: readonly ReportLoad[];
}

/** A station that worked the order: who, with which build of the page, and the newest audit head that it had seen. */
export interface ReportStation {
  readonly operator: string;
  readonly app: AppJson;
  readonly head: { readonly sequence: number; readonly hash: string } | null;
  readonly time: string;
}

export interface ReportTotals {
  readonly units: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Of all loads. */
  readonly verdicts: number;
  readonly exports: number;
}

/** What is signed. */
export interface ReportSummary {
  readonly format: 1;
  readonly id: string;
  /** SHA-256 of the order's payload. */
  readonly order: string;
  readonly service: string;
  readonly asNumber: number;
  /** When the order was closed and by whom. */
  readonly closed: string;
  readonly closedBy: string;
  /** When this was signed. */
  readonly issued: string;
  readonly totals: ReportTotals;
  readonly stations: readonly ReportStation[];
  /** The audit log's newest entry at `issued`, and the one that closed the order. */
  readonly heads: readonly AuditHeadJson[];
  /** SHA-256 of each row, see rowHash. */
  readonly rows: readonly string[];
}

/** The file. */
export interface Report {
  readonly format: 'keyferry-report-1';
  /** base64url of 32 octets; says whose it claims to be, and proves nothing. */
  readonly root: string;
  readonly certificates: readonly Envelope[];
  readonly order: Envelope;
  /** Payload ReportSummary. */
  readonly summary: Envelope;
  /** Payloads AuditHeadJson, one for each of the summary's heads. */
  readonly heads: readonly Envelope[];
  readonly rows: readonly ReportRow[];
}

const reason = shape.printable(500);
const head = { sequence: shape.integer(1, Number.MAX_SAFE_INTEGER), hash: shape.octets(32, 32) };
const natural = shape.integer(0, Number.MAX_SAFE_INTEGER);

const row = shape.object<ReportRow>({
  sn: serialNumber,
  outcome: shape.oneOf<Outcome>('done', 'failed', 'unknown', 'absent'),
  reason: shape.nullable(reason),
  begun: shape.nullable(shape.time),
  ended: shape.nullable(shape.time),
  loads: shape.array(
    shape.object<ReportLoad>({
      ref1: shape.integer(0, 0xffff),
      ref2: shape.integer(0, 0xfffe),
      verdict: shape.nullable(shape.envelope),
      exports: natural,
      reasons: shape.array(reason, 0, 1000),
    }),
    1,
    MAX_LINES,
  ),
});

export const auditHead = shape.object<AuditHeadJson>({ ...head, time: shape.time });

const summary = shape.object<ReportSummary>({
  format: shape.oneOf(1),
  id: orderId,
  order: shape.octets(32, 32),
  service: shape.printable(200),
  asNumber: shape.integer(0, 0xffff),
  closed: shape.time,
  closedBy: shape.printable(200),
  issued: shape.time,
  totals: shape.object<ReportTotals>({
    units: shape.integer(1, MAX_UNITS),
    done: natural,
    failed: natural,
    unknown: natural,
    absent: natural,
    verdicts: shape.integer(0, MAX_LOADS),
    exports: natural,
  }),
  stations: shape.array(
    shape.object<ReportStation>({
      operator: shape.printable(200),
      app: shape.object<AppJson>({ version: shape.printable(100), build: shape.printable(100) }),
      head: shape.nullable(shape.object(head)),
      time: shape.time,
    }),
    0,
    10_000,
  ),
  heads: shape.array(auditHead, 1, 16),
  rows: shape.array(shape.octets(32, 32), 1, MAX_UNITS),
});

const file = shape.object<Report>({
  format: shape.oneOf('keyferry-report-1'),
  root: shape.octets(32, 32),
  certificates: shape.array(shape.envelope, 1, 1000),
  order: shape.envelope,
  summary: shape.envelope,
  heads: shape.array(shape.envelope, 0, 16),
  rows: shape.array(row, 0, 2 * MAX_UNITS),
});

/** Its form only: nothing in it is proven yet. @throws ProtocolError file-refused, naming what is wrong */
export function decodeReport(text: string): Report {
  return file(shape.parseJson(text, 'the report'), 'the report');
}

/** @throws ProtocolError file-refused */
export function decodeReportSummary(value: unknown): ReportSummary {
  return summary(value, 'the summary');
}

/** SHA-256 of the row's JSON text without blanks, its members in the order of ReportRow. */
export function rowHash(given: ReportRow): string {
  return toBase64url(sha256(utf8(JSON.stringify(row(given, 'the row')))));
}
