// Verifies one row of a report (docs/protocol.md clauses 3.8 and 9.1). The AS must have signed each
// verdict, and the receipt in the verdict must be from this unit, for this order and line. No
// verdict may appear twice.
import { toHex } from '../bytes/hex.ts';
import { fromBase64url } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { readDocument } from '../json/document.ts';
import { type Certificates, wasCertified } from '../service/certificates.ts';
import { type VerdictJson, verdictSchema } from '../service/messages.ts';
import { decodeReceipt, type Receipt } from '../tkl/receipt.ts';
import type { Outcome } from './balance.ts';
import { type Note, orNote } from './fault.ts';
import type { OrderLine, WorkOrder } from './order.ts';
import type { ReportLoad, ReportRow } from './report.ts';
import type { ReportFaultCode } from './report-faults.ts';

export interface LoadVerdict {
  readonly ref1: number;
  readonly ref2: number;
  /**
   * `label`, `akv` and `kcv` are from the line of the order. They are null if the order is not
   * verified.
   */
  readonly label: string | null;
  readonly akv: number | null;
  readonly kcv: string | null;
  readonly hasVerdict: boolean;
  readonly exports: number;
  readonly reasons: readonly string[];
  /** The verdict, if the AS signed it for this unit, line and order; null otherwise. */
  readonly verdict: VerdictJson | null;
}

export interface UnitVerdict {
  /** Row of the file, from 1. */
  readonly row: number;
  readonly sn: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly begun: string | null;
  readonly ended: string | null;
  /** True iff every line of the order has a verified verdict. */
  readonly proven: boolean;
  readonly loads: readonly LoadVerdict[];
  /** Faults that were found in the verdicts and reasons of this unit. */
  readonly faults: readonly ReportFaultCode[];
}

export interface ProofContext {
  readonly order: WorkOrder | undefined;
  /** When the report was signed; undefined if its summary is not verified. */
  readonly issued: string | undefined;
  readonly certificates: Certificates;
  /** Ids of the exports whose verdicts have been accepted so far. */
  readonly seen: Set<string>;
  readonly note: Note;
}

const NO_KCV = '0000000000';

export async function proveUnit(row: ReportRow, number: number, context: ProofContext): Promise<UnitVerdict> {
  const { order, note } = context;
  const faults: ReportFaultCode[] = [];
  const fault = (code: ReportFaultCode, detail?: string) => {
    faults.push(code);
    note(code, { row: number, sn: row.sn }, detail);
  };
  const loads = await Promise.all(row.loads.map((load, index) => proveLoad(row, load, index, context, fault)));
  const lines = order?.lines.length ?? row.loads.length;
  const proven = order !== undefined && loads.length === lines && loads.every(({ verdict }) => verdict !== null);
  const isComplete = loads.length === lines && loads.every(({ hasVerdict }) => hasVerdict);
  if (row.outcome === 'done' && !isComplete) fault('verdict-missing');
  if (row.outcome !== 'done' && isComplete) fault('outcome-wrong');
  const unexplained = row.loads.some(({ exports, reasons }) => exports > 1 && reasons.length < exports - 1);
  if ((row.outcome !== 'done' && row.reason === null) || unexplained) fault('reason-missing');
  const { sn, outcome, reason, begun, ended } = row;
  return { row: number, sn, outcome, reason, begun, ended, proven, loads, faults };
}

async function proveLoad(
  row: ReportRow,
  load: ReportLoad,
  index: number,
  context: ProofContext,
  fault: (code: ReportFaultCode, detail?: string) => void,
): Promise<LoadVerdict> {
  const { ref1, ref2, exports, reasons } = load;
  const line = context.order?.lines[index];
  const { label = null, akv = null, kcv = null } = line ?? {};
  const about = { ref1, ref2, label, akv, kcv, hasVerdict: load.verdict !== null, exports, reasons };
  const verdict = load.verdict === null ? undefined : await openVerdict(load.verdict, context, fault);
  if (verdict === undefined) return { ...about, verdict: null };
  const wrong = whyNot(verdict, row, line, context);
  if (wrong !== undefined) {
    fault(wrong, `export ${verdict.exportId}`);
    return { ...about, verdict: null };
  }
  context.seen.add(verdict.exportId);
  return { ...about, verdict };
}

async function openVerdict(
  envelope: NonNullable<ReportLoad['verdict']>,
  { certificates, issued }: ProofContext,
  fault: (code: ReportFaultCode, detail?: string) => void,
): Promise<VerdictJson | undefined> {
  return orNote(
    async () => {
      const { value, key } = await certificates.open(envelope, 'verdict');
      const verdict = readDocument(verdictSchema, value, 'the verdict');
      // The AS may have signed the verdict again for the report, with the key that was valid at
      // `issued`.
      if (wasCertified(key, verdict.time) || (issued !== undefined && wasCertified(key, issued))) return verdict;
      fault('verdict-late');
      return undefined;
    },
    (detail) => fault('verdict-forged', detail),
  );
}

/** Returns why a signed verdict does not belong to this row and line, or undefined. */
function whyNot(
  verdict: VerdictJson,
  { sn }: ReportRow,
  line: OrderLine | undefined,
  { order, seen }: ProofContext,
): ReportFaultCode | undefined {
  const receipt = receiptOf(verdict);
  if (receipt === undefined) return 'verdict-forged';
  if (toHex(receipt.sn) !== sn) return 'verdict-of-another-unit';
  if (order === undefined) return undefined;
  if (verdict.workOrder !== order.id) return 'verdict-of-another-order';
  if (line === undefined || !isFor(receipt, line)) return 'verdict-of-another-key';
  return seen.has(verdict.exportId) ? 'verdict-repeated' : undefined;
}

function isFor({ ref1, ref2, akv, kcv }: Receipt, line: OrderLine): boolean {
  if (ref1 !== line.ref1 || ref2 !== line.ref2 || akv !== line.akv) return false;
  return line.kcv === NO_KCV || toHex(kcv.value) === line.kcv;
}

function receiptOf({ receipt }: VerdictJson): Receipt | undefined {
  try {
    return decodeReceipt(fromBase64url(receipt));
  } catch (cause) {
    if (cause instanceof ProtocolError) return undefined;
    throw cause;
  }
}
