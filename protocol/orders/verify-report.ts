// Verifies the report of a work order with the root key that the reader trusts, without a service.
// Used by the page and the verifier (docs/protocol.md clause 9.1). Finds every fault. Trusts only
// the parts of the file that are signed by the root or by a key that the root certified.
import { equalBytes, requireLength } from '../bytes/bytes.ts';
import { fromBase64url, toBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError } from '../errors.ts';
import { readDocument } from '../json/document.ts';
import { Certificates, wasCertified } from '../service/certificates.ts';
import { auditHeadSchema } from '../service/messages.ts';
import type { Envelope, Verify } from '../signing/envelope.ts';
import { type Note, orNote, type ReportFault } from './fault.ts';
import { decodeWorkOrder, type WorkOrder } from './order.ts';
import { decodeReport, decodeReportSummary, type Report, type ReportSummary } from './report.ts';
import { placeRows } from './rows.ts';
import { proveUnit, type UnitVerdict } from './unit-verdict.ts';
import { type VerifyClosingOptions, verifyClosing } from './verify-closing.ts';

export interface ReportVerdict {
  /** True iff there is no fault. */
  readonly genuine: boolean;
  readonly faults: readonly ReportFault[];
  /** The work order, if the AS signed it; null otherwise. */
  readonly order: WorkOrder | null;
  readonly summary: ReportSummary | null;
  /**
   * Whether the report proves that the audit log contains the closing of the order. Null for a
   * report of a version up to 0.1.0, which contains no such proof.
   */
  readonly isClosingProven: boolean | null;
  /** The result for each row, in the sequence of the file. */
  readonly units: readonly UnitVerdict[];
}

export interface VerifyOptions {
  /** Called with the number of verified rows and of all rows. */
  readonly progress?: (done: number, total: number) => void;
}

/** Number of rows that are verified at once, so that their WebCrypto calls overlap. */
const CONCURRENT_ROWS = 64;

/**
 * Verifies the text of a report. `trustedRoot` has 32 bytes. `verify` verifies Ed25519 signatures.
 * Returns the faults of the text and never rejects because of them.
 */
export async function verifyReport(
  text: string,
  trustedRoot: Uint8Array,
  verify: Verify,
  { progress }: VerifyOptions = {},
): Promise<ReportVerdict> {
  requireLength('trustedRoot', trustedRoot, 32);
  const faults: ReportFault[] = [];
  const note: Note = (code, place, detail = '') => {
    faults.push({ code, row: place?.row ?? null, sn: place?.sn ?? null, detail });
  };
  const nothing = () => ({ genuine: false, faults, order: null, summary: null, isClosingProven: false, units: [] });

  const report = await orNote(
    () => decodeReport(text),
    (detail) => note('not-a-report', undefined, detail),
  );
  if (report === undefined) return nothing();
  if (!equalBytes(fromBase64url(report.root), trustedRoot)) {
    note('root-other', undefined, report.root);
    return nothing();
  }
  const forged = (detail: string) => note('certificate-forged', undefined, detail);
  const certificates = await orNote(() => Certificates.from(trustedRoot, report.certificates, verify), forged);
  if (certificates === undefined) return nothing();

  const summary = await openSummary(report, certificates, note);
  const order = await openOrder(report, summary, certificates, note);
  let isClosingProven: boolean | null = false;
  if (summary !== undefined) {
    await checkHeads(report.heads, summary, certificates, note);
    isClosingProven = await checkClosing(report, summary, { root: trustedRoot, certificates, verify }, note);
    placeRows(report.rows, summary, order, note);
  }
  const seen = new Set<string>();
  const units: UnitVerdict[] = [];
  for (let first = 0; first < report.rows.length; first += CONCURRENT_ROWS) {
    const some = report.rows.slice(first, first + CONCURRENT_ROWS);
    const context = { order, issued: summary?.issued, certificates, seen, note };
    units.push(...(await Promise.all(some.map((row, index) => proveUnit(row, first + index + 1, context)))));
    progress?.(units.length, report.rows.length);
  }
  if (summary !== undefined) checkTotals(summary, units, note);
  const genuine = faults.length === 0;
  return { genuine, faults, order: order ?? null, summary: summary ?? null, isClosingProven, units };
}

async function openSummary(report: Report, certificates: Certificates, note: Note): Promise<ReportSummary | undefined> {
  const forged = (detail: string) => note('summary-forged', undefined, detail);
  const opened = await orNote(() => certificates.open(report.summary, 'report'), forged);
  if (opened === undefined) return undefined;
  const summary = await orNote(() => decodeReportSummary(opened.value), forged);
  if (summary !== undefined && !wasCertified(opened.key, summary.issued)) note('summary-late');
  return summary;
}

async function openOrder(
  report: Report,
  summary: ReportSummary | undefined,
  certificates: Certificates,
  note: Note,
): Promise<WorkOrder | undefined> {
  const forged = (detail: string) => note('order-forged', undefined, detail);
  const opened = await orNote(() => certificates.open(report.order, 'work-order'), forged);
  if (opened === undefined) return undefined;
  const order = await orNote(() => decodeWorkOrder(opened.value), forged);
  if (order === undefined) return undefined;
  if (!wasCertified(opened.key, order.issued)) forged('its key was not certified when the order was issued');
  if (summary === undefined || summary.order === toBase64url(sha256(opened.payload))) return order;
  note('order-swapped', undefined, `work order ${order.id}, but the report is on ${summary.id}`);
  return undefined;
}

async function checkHeads(
  envelopes: readonly Envelope[],
  summary: ReportSummary,
  certificates: Certificates,
  note: Note,
): Promise<void> {
  for (const [index, expected] of summary.heads.entries()) {
    const envelope = envelopes[index];
    if (envelope === undefined) {
      note('head-cut', undefined, `head ${expected.sequence}`);
      continue;
    }
    const forged = (detail: string) => note('head-forged', undefined, `head ${expected.sequence}: ${detail}`);
    await orNote(async () => {
      const { value, key } = await certificates.open(envelope, 'audit-head');
      const head = readDocument(auditHeadSchema, value, 'the head');
      const same = head.sequence === expected.sequence && head.hash === expected.hash && head.time === expected.time;
      if (!same || !(wasCertified(key, head.time) || wasCertified(key, summary.issued))) throw new IntegrityError();
    }, forged);
  }
  if (envelopes.length > summary.heads.length) note('head-forged', undefined, 'more heads than the signed ones');
  const newest = Math.max(...summary.heads.map(({ sequence }) => sequence));
  const ahead = summary.stations.find(({ head }) => head !== null && head.sequence > newest);
  if (ahead !== undefined) note('log-behind', undefined, `station of ${ahead.operator}`);
}

/**
 * A signed head with the root of its tree shows that the AS made the proof. So a proof that was
 * removed is a fault.
 */
async function checkClosing(
  { closing }: Report,
  summary: ReportSummary,
  options: VerifyClosingOptions,
  note: Note,
): Promise<boolean | null> {
  if (closing === undefined && summary.heads.every(({ treeRoot }) => treeRoot === undefined)) return null;
  const unproven = (detail: string) => note('closing-unproven', undefined, detail);
  const proven = await orNote(async () => {
    if (closing === undefined) throw new IntegrityError();
    await verifyClosing(closing, summary, options);
    return true;
  }, unproven);
  return proven ?? false;
}

function checkTotals({ totals }: ReportSummary, units: readonly UnitVerdict[], note: Note): void {
  const outcomes = (outcome: UnitVerdict['outcome']) => units.filter((each) => each.outcome === outcome).length;
  const loads = units.flatMap((each) => each.loads);
  const counted = {
    units: units.length,
    done: outcomes('done'),
    failed: outcomes('failed'),
    unknown: outcomes('unknown'),
    absent: outcomes('absent'),
    verdicts: loads.filter(({ hasVerdict }) => hasVerdict).length,
    exports: loads.reduce((sum, { exports }) => sum + exports, 0),
  };
  const wrong = Object.entries(counted).filter(([name, value]) => totals[name as keyof typeof totals] !== value);
  if (wrong.length === 0) return;
  note('totals-wrong', undefined, wrong.map(([name, value]) => `${name}: ${value} in the rows`).join(', '));
}
