// Makes the report of a closed work order (docs/protocol.md clause 9.1) from the audit log. Makes
// the verdicts again from the stored receipts, and signs them.
import { fromBase64url, fromUtf8, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { encodeLogProof } from '#protocol/log/tlog-proof.ts';
import type { UnitOutcome } from '#protocol/orders/balance.ts';
import type { OrderLine } from '#protocol/orders/order.ts';
import {
  type ClosingProof,
  type Report,
  type ReportLoad,
  type ReportRow,
  type ReportSummary,
  rowHash,
} from '#protocol/orders/report.ts';
import { serialNumbers } from '#protocol/orders/units.ts';
import { leafOf } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import { Turns } from '../common/turns.ts';
import type { Signatures } from '../signing/signing.ts';
import type { State } from '../storage/state.ts';
import type { OrderEntry } from './order-ledger.ts';
import type { OrderLoads } from './order-loads.ts';

export interface MakeReportOptions {
  readonly loads: OrderLoads;
  readonly log: AuditLog;
  readonly state: State;
  readonly signatures: Signatures;
  readonly now: () => Date;
}

/** Number of rows after which other requests get a turn of the event loop. */
const ROWS_PER_TURN = 100;

/**
 * Makes the report of a closed order. `outcomes` lists the units with exports or station reports.
 * All other units are absent.
 */
export async function makeReport(
  entry: OrderEntry,
  outcomes: Iterable<UnitOutcome>,
  options: MakeReportOptions,
): Promise<Report> {
  const { order, envelope, stations, closed } = entry;
  if (closed === null) throw new RangeError('the work order is not closed');
  const byUnit = new Map([...outcomes].map((each) => [each.sn, each]));
  const rows: ReportRow[] = [];
  const hashes: string[] = [];
  const turns = new Turns(ROWS_PER_TURN);
  for (const sn of serialNumbers(order.units)) {
    const row = await makeRow(byUnit.get(sn) ?? { sn, outcome: 'absent', reason: entry.absentReason }, entry, options);
    rows.push(row);
    hashes.push(rowHash(row));
    await turns.next();
  }
  const { log, signatures, state, now } = options;
  const newest = log.head;
  const heads = (newest.sequence === closed.head.sequence ? [newest] : [closed.head, newest]).map((head) =>
    log.withTreeRoot(head),
  );
  const summary: ReportSummary = {
    format: 1,
    id: order.id,
    order: toBase64url(sha256(fromBase64url(envelope.payload))),
    service: state.name,
    asNumber: state.asNumber,
    closed: closed.head.time,
    closedBy: closed.by,
    issued: now().toISOString(),
    totals: totalsOf(rows),
    stations,
    heads,
    rows: hashes,
  };
  return {
    format: 'keyferry-report-1',
    root: signatures.trust.root,
    certificates: signatures.certificatesOf(['verdict', 'audit-head', 'work-order', 'report']),
    order: envelope,
    summary: await signatures.signReport(summary),
    heads: await Promise.all(heads.map((head) => signatures.signHead(head))),
    closing: await proveClosing(closed.head.sequence, newest.sequence, options),
    rows,
  };
}

/** Makes the proof that the tree of the first `size` entries contains the closing entry. */
async function proveClosing(
  sequence: number,
  size: number,
  { log, signatures }: MakeReportOptions,
): Promise<ClosingProof> {
  const index = sequence - 1;
  const records = await log.read(sequence, sequence);
  const checkpoint = await signatures.signCheckpoint({ size, root: log.tree.rootOf(size) });
  return {
    entry: records.map(({ entry }) => fromUtf8(leafOf(entry))).join(''),
    proof: encodeLogProof({ index, hashes: log.tree.inclusionProof(index, size), checkpoint }),
  };
}

async function makeRow(
  { sn, outcome, reason }: UnitOutcome,
  { order, reported }: OrderEntry,
  options: MakeReportOptions,
): Promise<ReportRow> {
  const { begun, ended } = timesOf(sn, order, options.loads, outcome === 'done', reported.get(sn));
  const loads = await Promise.all(order.lines.map((line) => makeLoad(sn, line, options)));
  return { sn, outcome, reason, begun, ended, loads };
}

type Times = Pick<ReportRow, 'begun' | 'ended'>;

/**
 * Returns when the load of a unit began and ended. A unit that is done began with the first export
 * and ended with the last receipt among the loads that prove it. For any other unit, a station has
 * reported the times.
 */
function timesOf(
  sn: string,
  { lines }: OrderEntry['order'],
  loads: OrderLoads,
  isDone: boolean,
  { begun, ended, outcome }: Partial<Times> & { readonly outcome?: string } = {},
): Times {
  const proven = isDone
    ? lines.map((line) =>
        loads
          .ofLine(sn, line)
          .filter(({ isProven }) => isProven)
          .at(-1),
      )
    : [];
  const begins = proven.flatMap((load) => load?.begun ?? []).sort();
  const ends = proven.flatMap((load) => load?.ended ?? (outcome === 'done' ? ended : undefined) ?? load?.begun ?? []);
  return { begun: begins[0] ?? begun ?? null, ended: ends.sort().at(-1) ?? ended ?? null };
}

async function makeLoad(sn: string, line: OrderLine, { loads, signatures }: MakeReportOptions): Promise<ReportLoad> {
  const { ref1, ref2 } = line;
  const made = loads.ofLine(sn, line);
  const verdict = await made
    .filter(({ isProven }) => isProven)
    .at(-1)
    ?.verdict();
  return {
    ref1,
    ref2,
    verdict: verdict === undefined ? null : await signatures.signVerdict(verdict),
    exports: made.length,
    reasons: made.flatMap(({ reason }) => reason ?? []),
  };
}

function totalsOf(rows: readonly ReportRow[]): ReportSummary['totals'] {
  const of = (outcome: ReportRow['outcome']) => rows.filter((row) => row.outcome === outcome).length;
  const loads = rows.flatMap((row) => row.loads);
  return {
    units: rows.length,
    done: of('done'),
    failed: of('failed'),
    unknown: of('unknown'),
    absent: of('absent'),
    verdicts: loads.filter(({ verdict }) => verdict !== null).length,
    exports: loads.reduce((sum, { exports }) => sum + exports, 0),
  };
}
