// Reports for tests: a genuine one and another beside it, and the ways to change one.
import type { As } from '#as-service/service/as.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { type Report, type ReportRow, type ReportSummary, rowHash } from '#protocol/orders/report.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { addTestOperator, callJson, createTestApp, fillTestAs, openTestAs, temporaryFolder } from './as-service.ts';
import { exportFor, fetchReport, load, newOrder, report, type Station, stationUnit, unit } from './orders.ts';

export class ReportBench {
  readonly as: As;
  readonly olga: Station;
  /** Units 1, 2, 3 done (3 at the second try), 4 failed. */
  readonly genuine: Report;
  /** Another order on units 1 and 2. */
  readonly other: Report;
  readonly #remove: () => Promise<void>;

  static async open(): Promise<ReportBench> {
    const folder = await temporaryFolder();
    const as = await openTestAs(folder.path);
    await fillTestAs(as);
    const app = createTestApp(as);
    const custodian = await addTestOperator(as, 'carl', 'custodian');
    const olga = { app, token: await addTestOperator(as, 'olga') };
    await callJson(app, custodian, '/v1/work-orders', newOrder({ units: [[unit(1), unit(4)]] }));
    await callJson(app, custodian, '/v1/work-orders', newOrder({ id: 'JOB-2', units: [[unit(1), unit(2)]] }));
    await exportFor(olga, unit(3));
    for (const n of [1, 2, 3]) await load(olga, unit(n), n === 3 ? { reason: 'cable pulled' } : {});
    for (const n of [1, 2]) await load(olga, unit(n), { workOrder: 'JOB-2' });
    const begun = '2026-01-01T00:00:00Z';
    const failed = stationUnit(unit(4), { outcome: 'failed', reason: '=memory "failed"', begun });
    const { sequence, hash } = as.log.head;
    await report(olga, { units: [failed], head: { sequence, hash }, close: true });
    await report(olga, { close: true }, 'JOB-2');
    const [genuine, other] = [await fetchReport(olga), await fetchReport(olga, 'JOB-2')];
    return new ReportBench(as, olga, { genuine, other }, folder.remove);
  }

  private constructor(
    as: As,
    olga: Station,
    { genuine, other }: { genuine: Report; other: Report },
    remove: () => Promise<void>,
  ) {
    this.as = as;
    this.olga = olga;
    this.genuine = genuine;
    this.other = other;
    this.#remove = remove;
  }

  async close(): Promise<void> {
    await this.as.close();
    await this.#remove();
  }

  withRow(index: number, change: Partial<ReportRow>): Report {
    return { ...this.genuine, rows: this.genuine.rows.map((row, i) => (i === index ? { ...row, ...change } : row)) };
  }

  withVerdict(index: number, verdict: Envelope | null): Report {
    return this.withRow(index, { loads: rowOf(this.genuine, index).loads.map((load) => ({ ...load, verdict })) });
  }

  /** What only the AS itself could do, by a fault of its own: rows and summary that do not hold, signed. */
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

/** One bit near the end of the payload is turned. */
export function flipped(envelope: Envelope): Envelope {
  const octets = Buffer.from(envelope.payload, 'base64url');
  octets[octets.length - 3] = (octets.at(-3) ?? 0) ^ 1;
  return { ...envelope, payload: toBase64url(octets) };
}
