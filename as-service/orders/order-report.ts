// The report of a closed work order, made from the log's own truth each time it is asked for: the verdicts are signed again from the
// receipts on file, and no station's word makes a unit done.
import { setImmediate } from 'node:timers/promises';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { UnitOutcome } from '#protocol/orders/balance.ts';
import type { OrderLine } from '#protocol/orders/order.ts';
import { type Report, type ReportLoad, type ReportRow, type ReportSummary, rowHash } from '#protocol/orders/report.ts';
import { serialNumbers } from '#protocol/orders/units.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { Signatures } from '../signing/signing.ts';
import type { State } from '../storage/state.ts';
import type { OrderEntry } from './order-ledger.ts';
import type { OrderLoads } from './order-loads.ts';

export interface ReportSource {
  readonly loads: OrderLoads;
  readonly log: AuditLog;
  readonly state: State;
  readonly signatures: Signatures;
  readonly now: () => Date;
}

/** So many rows are made before others get their turn. */
const AT_ONCE = 100;

/** `outcomes`: of the units that anything is known of; the others are absent. */
export async function makeReport(
  entry: OrderEntry,
  outcomes: Iterable<UnitOutcome>,
  source: ReportSource,
): Promise<Report> {
  const { order, envelope, stations, closed } = entry;
  if (closed === null) throw new RangeError('only a closed work order has a report');
  const known = new Map([...outcomes].map((each) => [each.sn, each]));
  const rows: ReportRow[] = [];
  const hashes: string[] = [];
  for (const sn of serialNumbers(order.units)) {
    const row = await makeRow(known.get(sn) ?? { sn, outcome: 'absent', reason: entry.absentReason }, entry, source);
    rows.push(row);
    hashes.push(rowHash(row));
    if (rows.length % AT_ONCE === 0) await setImmediate();
  }
  const { log, signatures, state, now } = source;
  const heads = log.head.sequence === closed.head.sequence ? [closed.head] : [closed.head, log.head];
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
    rows,
  };
}

async function makeRow(
  { sn, outcome, reason }: UnitOutcome,
  { order, words }: OrderEntry,
  source: ReportSource,
): Promise<ReportRow> {
  const { begun = null, ended = null } = words.get(sn) ?? {};
  const loads = await Promise.all(order.lines.map((line) => makeLoad(sn, line, source)));
  return { sn, outcome, reason, begun, ended, loads };
}

async function makeLoad(sn: string, line: OrderLine, { loads, signatures }: ReportSource): Promise<ReportLoad> {
  const { ref1, ref2 } = line;
  const made = loads.ofLine(sn, line);
  const verdict = made
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
