// Writes a report as CSV for the customer's systems, with one row for each unit and line. Uses the
// result of the verification, so that the table never states more than the report proves.
import { toHex } from '../bytes/hex.ts';
import { u16, u32 } from '../bytes/integers.ts';
import { encodeCsv } from './csv.ts';
import type { ReportVerdict } from './verify-report.ts';

const COLUMNS = [
  'ORDER',
  'SET',
  'SN',
  'OUTCOME',
  'PROVEN',
  'REASON',
  'REF1',
  'REF2',
  'LABEL',
  'AKV',
  'KCV',
  'EXPORTS',
  'EXPORT REASONS',
  'EXPORT ID',
  'OPERATOR',
  'VERDICT TIME',
  'BEGUN',
  'ENDED',
  'FAULTS',
];

export function writeReportCsv({ order, units }: Pick<ReportVerdict, 'order' | 'units'>): string {
  const rows = units.flatMap((unit) =>
    unit.loads.map((load) => [
      order?.id ?? '',
      order === null ? '' : toHex(u32(order.set)),
      unit.sn,
      unit.outcome,
      load.verdict === null ? 'no' : 'yes',
      unit.reason ?? '',
      toHex(u16(load.ref1)),
      toHex(u16(load.ref2)),
      load.label ?? '',
      load.akv === null ? '' : String(load.akv),
      load.kcv ?? '',
      String(load.exports),
      load.reasons.join('; '),
      load.verdict?.exportId ?? '',
      load.verdict?.operator ?? '',
      load.verdict?.time ?? '',
      unit.begun ?? '',
      unit.ended ?? '',
      unit.faults.join(' '),
    ]),
  );
  return encodeCsv([COLUMNS, ...rows]);
}
