// Reports in tests: a genuine report, the report of another order of the same service, and
// functions that falsify a report.
import { toBase64url } from '#protocol/bytes/text.ts';
import { type Report, type ReportRow, type ReportSummary, rowHash } from '#protocol/orders/report.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { exportFor, fetchReport, load, OrderSetup, report, type Station, stationUnit, unit } from './orders.ts';

export class ReportSetup {
  readonly service: OrderSetup;
  /**
   * In this report, units 1, 2 and 3 are done. Unit 3 needed a second export. Unit 4 failed.
   */
  readonly genuine: Report;
  /** The report of another order, with units 1 and 2. */
  readonly other: Report;

  static async open(): Promise<ReportSetup> {
    const service = await OrderSetup.open();
    const { as, olga } = service;
    await service.issue({ units: [[unit(1), unit(4)]] });
    await service.issue({ id: 'JOB-2', units: [[unit(1), unit(2)]] });
    await exportFor(olga, unit(3));
    for (const n of [1, 2, 3]) await load(olga, unit(n), n === 3 ? { reason: 'cable pulled' } : {});
    for (const n of [1, 2]) await load(olga, unit(n), { workOrder: 'JOB-2' });
    const begun = '2026-01-01T00:00:00Z';
    const failed = stationUnit(unit(4), { outcome: 'failed', reason: '=memory "failed"', begun });
    const { sequence, hash } = as.log.head;
    await report(olga, { units: [failed], head: { sequence, hash }, close: true });
    await report(olga, { close: true }, 'JOB-2');
    return new ReportSetup(service, await fetchReport(olga), await fetchReport(olga, 'JOB-2'));
  }

  private constructor(service: OrderSetup, genuine: Report, other: Report) {
    this.service = service;
    this.genuine = genuine;
    this.other = other;
  }

  get as(): OrderSetup['as'] {
    return this.service.as;
  }

  get olga(): Station {
    return this.service.olga;
  }

  close(): Promise<void> {
    return this.service.close();
  }

  withRow(index: number, change: Partial<ReportRow>): Report {
    return { ...this.genuine, rows: this.genuine.rows.map((row, i) => (i === index ? { ...row, ...change } : row)) };
  }

  withVerdict(index: number, verdict: Envelope | null): Report {
    return this.withRow(index, { loads: rowOf(this.genuine, index).loads.map((load) => ({ ...load, verdict })) });
  }

  /** Signs a changed report with the key of the AS, so that the signature is valid. */
  async signedAnew(given: Report, change: Partial<ReportSummary> = {}): Promise<Report> {
    const summary = payloadOf<ReportSummary>(given.summary);
    const rows = given.rows.map(rowHash);
    return { ...given, summary: await this.as.signatures.signReport({ ...summary, rows, ...change }) };
  }
}

export function rowOf({ rows }: Report, index: number): ReportRow {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`there is no row ${index}`);
  return row;
}

export function verdictIn(row: ReportRow): Envelope {
  const verdict = row.loads[0]?.verdict;
  if (!verdict) throw new RangeError('the row has no verdict');
  return verdict;
}

export function payloadOf<T>({ payload }: Envelope): T {
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as T;
}

/** Returns the envelope with one flipped bit near the end of its payload. */
export function flipped(envelope: Envelope): Envelope {
  const payload = Buffer.from(envelope.payload, 'base64url');
  payload[payload.length - 3] = (payload.at(-3) ?? 0) ^ 1;
  return { ...envelope, payload: toBase64url(payload) };
}
