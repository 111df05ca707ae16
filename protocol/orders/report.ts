// The report of a closed work order, a file that a reader verifies with the root key alone
// (docs/protocol.md clause 9.1). The AS signs a summary with the hash of each row, so that
// verify-report.ts finds each changed row. Each row contains the signed verdicts of its unit.
import * as v from 'valibot';
import { toBase64url, utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { documentEnvelopeSchema, parseJson, readDocument } from '../json/document.ts';
import { integer, type Json, list, printable, read, text, time } from '../json/schema.ts';
import { asNumber, auditHeadSchema, hash, name, ref1 } from '../service/messages.ts';
import { type UnitOutcome, unitOutcomeSchema } from './balance.ts';
import { headSchema, natural, reportFormatSchema } from './messages.ts';
import { MAX_LINES, MAX_LOADS, orderId, ref2 } from './order.ts';
import { MAX_UNITS } from './units.ts';

export const REPORT_TYPE = 'application/vnd.keyferry.report+json';

/** The load of one line of the order into one unit. */
const reportLoadSchema = v.object({
  ref1,
  ref2,
  /** The payload is VerdictJson. Null if the AS has no receipt. */
  verdict: v.nullable(documentEnvelopeSchema),
  /**
   * Number of exports for this load. `reasons` contains one reason for each export after the first.
   */
  exports: natural,
  reasons: list(printable(500), 0, 1000),
});
export type ReportLoad = Json<typeof reportLoadSchema>;

const reportRowSchema = v.object({
  ...unitOutcomeSchema.entries,
  begun: v.nullable(time),
  ended: v.nullable(time),
  /** One load for each line of the work order, in the same sequence. */
  loads: list(reportLoadSchema, 1, MAX_LINES),
});
export type ReportRow = Json<typeof reportRowSchema>;

/** A station that worked the order. */
const reportStationSchema = v.object({
  operator: name,
  /** Version and build of the station's page. */
  app: v.object({ version: printable(100), build: printable(100) }),
  /** The newest audit head that the station had seen. */
  head: v.nullable(headSchema),
  time,
});
export type ReportStation = Json<typeof reportStationSchema>;

const reportTotalsSchema = v.object({
  units: integer(1, MAX_UNITS),
  done: natural,
  failed: natural,
  unknown: natural,
  absent: natural,
  /** Numbers of verdicts and of exports, summed over all loads. */
  verdicts: integer(0, MAX_LOADS),
  exports: natural,
});

/** The part of the report that the AS signs. */
const reportSummarySchema = v.object({
  format: v.picklist([1]),
  id: orderId,
  /** SHA-256 of the payload of the work order. */
  order: hash,
  service: name,
  asNumber,
  /** When the order was closed, and by whom. */
  closed: time,
  closedBy: name,
  /** When the summary was signed. */
  issued: time,
  totals: reportTotalsSchema,
  stations: list(reportStationSchema, 0, 10_000),
  /** The heads of the audit log when the order was closed, and at `issued`. */
  heads: list(auditHeadSchema, 1, 16),
  /** SHA-256 of each row, see rowHash(). */
  rows: list(hash, 1, MAX_UNITS),
});
export type ReportSummary = Json<typeof reportSummarySchema>;

/** The closing entry of the order in the audit log, and the proof that the log contains it. */
const closingProofSchema = v.object({
  /** The text of the entry, which is a leaf of the log. */
  entry: text(/^[\s\S]{1,8000}$/u, 'the text of an entry'),
  /** C2SP tlog-proof, to the tree of the newest of the summary's heads. */
  proof: text(/^[\s\S]{1,8000}$/u, 'a tlog-proof'),
});
export type ClosingProof = Json<typeof closingProofSchema>;

export const reportSchema = v.object({
  ...reportFormatSchema.entries,
  /** The root that the file claims, which the reader compares with a trusted root. */
  root: hash,
  certificates: list(documentEnvelopeSchema, 1, 1000),
  order: documentEnvelopeSchema,
  /** The payload is ReportSummary, of type REPORT_TYPE. */
  summary: documentEnvelopeSchema,
  /** One envelope, with payload AuditHeadJson, for each of the summary's heads. */
  heads: list(documentEnvelopeSchema, 0, 16),
  /** Versions up to 0.1.0 leave it out. */
  closing: v.exactOptional(closingProofSchema),
  rows: list(reportRowSchema, 0, 2 * MAX_UNITS),
});
export type Report = Json<typeof reportSchema>;

/** Checks the format only and verifies no signature. @throws ProtocolError file-refused */
export function decodeReport(text: string): Report {
  return readDocument(reportSchema, parseJson(text, 'the report'), 'the report');
}

const outcomesSchema = v.object({ rows: list(unitOutcomeSchema, 0, 2 * MAX_UNITS) });

/** Returns the outcome of each unit in a report. Verifies no signature. @throws ProtocolError file-refused */
export function decodeOutcomes(text: string): readonly UnitOutcome[] {
  return read(outcomesSchema, parseJson(text, 'the report'), 'the report', 'file-refused').rows;
}

/** @throws ProtocolError file-refused */
export function decodeReportSummary(value: unknown): ReportSummary {
  return readDocument(reportSummarySchema, value, 'the summary');
}

/** Returns SHA-256 of the row's JSON text: without blanks, members in the order of ReportRow. */
export function rowHash(given: ReportRow): string {
  return toBase64url(sha256(utf8(JSON.stringify(readDocument(reportRowSchema, given, 'the row')))));
}
