// The report of a closed work order (docs/protocol.md clause 9.1): a signed file that proves
// itself. The AS signs a summary with the hash of each row in order, so that a verifier can name a
// row that was dropped, added, moved or changed. Each row carries the signed verdicts of its unit,
// and the file contains the order as issued. verify-report.ts checks the signatures.
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
  /** Payload VerdictJson; null when the AS has no receipt. */
  readonly verdict: Envelope | null;
  /** Number of exports for this load. Every export after the first has a reason in `reasons`. */
  readonly exports: number;
  readonly reasons: readonly string[];
}

export interface ReportRow {
  readonly sn: string;
  readonly outcome: Outcome;
  /** Why the unit is not done; null when it is done. */
  readonly reason: string | null;
  readonly begun: string | null;
  readonly ended: string | null;
  /** One load for each line of the order, in the order of the lines. */
  readonly loads: readonly ReportLoad[];
}

/**
 * A station that worked the order: its operator, the build of its page, and the newest audit head
 * that it had seen.
 */
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
  /** Number of verdicts over all loads. */
  readonly verdicts: number;
  readonly exports: number;
}

/** The signed part of a report. */
export interface ReportSummary {
  readonly format: 1;
  readonly id: string;
  /** SHA-256 of the payload of the order. */
  readonly order: string;
  readonly service: string;
  readonly asNumber: number;
  /** Time when the order was closed, and the operator who closed it. */
  readonly closed: string;
  readonly closedBy: string;
  /** Time when the AS signed this summary. */
  readonly issued: string;
  readonly totals: ReportTotals;
  readonly stations: readonly ReportStation[];
  /** The newest audit log entry at `issued`, and the entry that closed the order. */
  readonly heads: readonly AuditHeadJson[];
  /** SHA-256 of each row, computed by rowHash(). */
  readonly rows: readonly string[];
}

/** The report file. */
export interface Report {
  readonly format: 'keyferry-report-1';
  /**
   * Root public key that the file claims, 32 bytes in base64url. It proves nothing: the verifier
   * uses its pinned key.
   */
  readonly root: string;
  readonly certificates: readonly Envelope[];
  readonly order: Envelope;
  /** Payload ReportSummary. */
  readonly summary: Envelope;
  /** Payload AuditHeadJson; one envelope for each of the summary's heads. */
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

/**
 * Reads the form of a report and verifies nothing.
 * @throws ProtocolError file-refused, naming the wrong member
 */
export function decodeReport(text: string): Report {
  return file(shape.parseJson(text, 'the report'), 'the report');
}

/** @throws ProtocolError file-refused */
export function decodeReportSummary(value: unknown): ReportSummary {
  return summary(value, 'the summary');
}

/**
 * SHA-256 of the row's JSON text without whitespace, with the members in the order of ReportRow.
 */
export function rowHash(given: ReportRow): string {
  return toBase64url(sha256(utf8(JSON.stringify(row(given, 'the row')))));
}
