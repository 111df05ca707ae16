// The verification of a whole report with a root key alone: its signed parts, rows, heads and totals.
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { encodeWorkOrder, type OrderLine, type WorkOrder } from '#protocol/orders/order.ts';
import { type Report, type ReportRow, type ReportSummary, rowHash } from '#protocol/orders/report.ts';
import { type ReportVerdict, type VerifyOptions, verifyReport } from '#protocol/orders/verify-report.ts';
import { type AuditHeadJson, CERTIFICATE_TYPE } from '#protocol/service/messages.ts';
import { type Envelope, type Signer, sealEnvelope, type Verify } from '#protocol/signing/envelope.ts';
import { sealReceipt } from '#protocol/tkl/receipt.ts';
import { workOrder } from '#test/support/work-orders.ts';

const sn = (n: number): string => hexNumber(n, 32);
const LINE: OrderLine = { ref1: 1, ref2: 2, akv: 5, kcv: '5AAA42C6AD', label: 'Data key' };
const ORDER = workOrder([[sn(1), sn(4)]], [LINE]);
const TIME = '2026-11-23T12:00:00Z';
/** The keys are certified from FROM until UNTIL. */
const [BEFORE, FROM, UNTIL, AFTER] = [
  ...['2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z'],
  ...['2026-12-01T00:00:00Z', '2026-12-01T00:00:01Z'],
] as const;
const HASH = toBase64url(new Uint8Array(32));

const signer = (byte: number): Signer => {
  const secret = new Uint8Array(32).fill(byte);
  return { publicKey: ed25519PublicKey(secret), sign: (message: Uint8Array) => signEd25519(secret, message) };
};
const [ROOT, AS, OTHER] = [signer(1), signer(2), signer(3)];
const seal = (type: string, text: string, by = AS): Promise<Envelope> =>
  sealEnvelope(`application/vnd.keyferry.${type}+json`, utf8(text), by);

async function certificate(purpose: string, by = ROOT): Promise<Envelope> {
  const content = { purpose, publicKey: toBase64url(AS.publicKey), asNumber: 0, from: FROM, until: UNTIL };
  return await sealEnvelope(CERTIFICATE_TYPE, utf8(JSON.stringify(content)), by);
}

async function doneRow(number: number): Promise<ReportRow> {
  const { ref1, ref2, akv } = LINE;
  const kcv = { algorithm: 1, value: fromHex(LINE.kcv) } as const;
  const numbers = { suite: 1, ref1, ref2, akv, tkv: 1, xc: number, asNumber: 0, importCounter: 1 } as const;
  const receipt = sealReceipt(
    { ...numbers, kcv, sn: fromHex(sn(number)) },
    { receiptKey: new Uint8Array(32) },
    new Uint8Array(32),
  );
  const verdict = {
    ...{ exportId: `export-${number}`, receipt: toBase64url(receipt), dataHash: HASH, workOrder: ORDER.id },
    ...{ operator: 'olga', time: TIME },
  };
  const load = { ref1, ref2, verdict: await seal('verdict', JSON.stringify(verdict)), exports: 2, reasons: ['again'] };
  return { sn: sn(number), outcome: 'done', reason: null, begun: TIME, ended: TIME, loads: [load] };
}

function openRow(number: number, outcome: 'failed' | 'unknown' | 'absent'): ReportRow {
  const load = { ref1: LINE.ref1, ref2: LINE.ref2, verdict: null, exports: 1, reasons: [] };
  return { sn: sn(number), outcome, reason: 'unplugged', begun: null, ended: null, loads: [load] };
}

let ROWS: readonly ReportRow[];
const TOTALS = { units: 4, done: 1, failed: 1, unknown: 1, absent: 1, verdicts: 1, exports: 5 };
const HEADS: readonly AuditHeadJson[] = [
  { sequence: 7, hash: HASH, time: TIME },
  { sequence: 9, hash: HASH, time: TIME },
];

beforeAll(async () => {
  ROWS = [await doneRow(1), openRow(2, 'failed'), openRow(3, 'unknown'), openRow(4, 'absent')];
});

interface Change {
  readonly order?: Partial<WorkOrder>;
  readonly summary?: Partial<ReportSummary>;
  /** The heads as the AS signed them. */
  readonly heads?: readonly AuditHeadJson[];
  /** Rows of the file. The summary keeps the hashes of `signed`. */
  readonly rows?: readonly ReportRow[];
  readonly signed?: readonly ReportRow[];
  readonly report?: Partial<Report>;
}

async function reportOf({ order, summary, heads = HEADS, rows, signed = ROWS, report }: Change = {}): Promise<Report> {
  const document = encodeWorkOrder({ ...ORDER, ...order });
  const content: ReportSummary = {
    ...{ format: 1, id: ORDER.id, order: toBase64url(sha256(utf8(document))), service: 'Test AS', asNumber: 0 },
    ...{ closed: TIME, closedBy: 'carl', issued: TIME, totals: TOTALS, stations: [], heads: [...HEADS] },
    rows: signed.map(rowHash),
    ...summary,
  };
  return {
    format: 'keyferry-report-1',
    root: toBase64url(ROOT.publicKey),
    certificates: await Promise.all(
      ['verdict', 'report', 'work-order', 'audit-head'].map((purpose) => certificate(purpose)),
    ),
    order: await seal('work-order', document),
    summary: await seal('report', JSON.stringify(content)),
    heads: await Promise.all(heads.map((head) => seal('audit-head', JSON.stringify(head)))),
    rows: [...(rows ?? signed)],
    ...report,
  };
}

const verify = (report: Report | string, options?: VerifyOptions, judge: Verify = isSignedBy): Promise<ReportVerdict> =>
  verifyReport(typeof report === 'string' ? report : JSON.stringify(report), ROOT.publicKey, judge, options);

/** The faults of a changed report: code, row, last digit of SN, and detail. */
async function faultsOf(change: Change): Promise<readonly (readonly unknown[])[]> {
  const { genuine, faults } = await verify(await reportOf(change));
  expect(genuine).toBe(faults.length === 0);
  return faults.map(({ code, row, sn: unit, detail }) => [code, row, unit?.slice(-1) ?? null, detail]);
}

const codesOf = async (change: Change): Promise<readonly unknown[]> => (await faultsOf(change)).map(([code]) => code);

describe('a genuine report', () => {
  it('has no fault, and shows its order, summary and units', async () => {
    const { genuine, faults, order, summary, units } = await verify(await reportOf());
    expect({ genuine, faults, order }).toEqual({ genuine: true, faults: [], order: ORDER });
    expect(summary).toMatchObject({ id: ORDER.id, totals: TOTALS });
    expect(units.map((unit) => [unit.row, unit.sn.slice(-1), unit.outcome, unit.proven])).toEqual([
      [1, '1', 'done', true],
      [2, '2', 'failed', false],
      [3, '3', 'unknown', false],
      [4, '4', 'absent', false],
    ]);
  });

  it('reports its progress in steps of 64 rows', async () => {
    const signed = Array.from({ length: 65 }, (_, index) => openRow(index + 1, 'failed'));
    const totals = { units: 65, done: 0, failed: 65, unknown: 0, absent: 0, verdicts: 0, exports: 65 };
    const order = { units: [[sn(1), sn(65)]], count: 65 } as const;
    const steps: (readonly number[])[] = [];
    const report = await reportOf({ order, signed, summary: { totals } });
    const { faults, units } = await verify(report, { progress: (...step) => void steps.push(step) });
    expect(faults).toEqual([]);
    expect(units.map(({ row }) => row)).toEqual(signed.map((_, index) => index + 1));
    expect(steps).toEqual([
      [64, 65],
      [65, 65],
    ]);
  });

  it('needs a root key of 32 bytes', async () => {
    const text = JSON.stringify(await reportOf());
    await expect(verifyReport(text, ROOT.publicKey.subarray(1), isSignedBy)).rejects.toThrow(RangeError);
  });

  it('is not judged if the verification of signatures fails', async () => {
    const failure = new TypeError('a bug');
    await expect(verify(await reportOf(), {}, () => Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe('nothing is shown of', () => {
  const nothing = { genuine: false, order: null, summary: null, units: [] };

  it('a file that is no report', async () => {
    const verdict = await verify('{}');
    expect(verdict).toMatchObject(nothing);
    expect(verdict.faults).toEqual([{ code: 'not-a-report', row: null, sn: null, detail: expect.any(String) }]);
  });

  it('a report of another AS', async () => {
    const root = toBase64url(OTHER.publicKey);
    const verdict = await verify(await reportOf({ report: { root } }));
    expect(verdict).toMatchObject(nothing);
    expect(verdict.faults).toEqual([{ code: 'root-other', row: null, sn: null, detail: root }]);
  });

  it('a report with a certificate that the root did not sign', async () => {
    const verdict = await verify(await reportOf({ report: { certificates: [await certificate('report', OTHER)] } }));
    expect(verdict).toMatchObject(nothing);
    expect(verdict.faults.map(({ code }) => code)).toEqual(['certificate-forged']);
  });
});

describe('the summary', () => {
  it.each([
    ['another key signed', () => seal('report', '{}', OTHER)],
    ['is no summary', () => seal('report', '{}')],
    ['is no JSON', () => seal('report', 'text')],
    ['was signed as another document', () => seal('work-order', '{}')],
  ])('is forged if it %s', async (_fault, forged) => {
    const { faults, summary, order, units } = await verify(await reportOf({ report: { summary: await forged() } }));
    expect(faults.map(({ code }) => code)).toEqual(['summary-forged']);
    expect({ summary, order }).toEqual({ summary: null, order: ORDER });
    expect(units).toHaveLength(4);
  });

  it.each([BEFORE, AFTER])('is late if its key was not certified at its time: %s', async (issued) => {
    expect(await faultsOf({ summary: { issued } })).toEqual([['summary-late', null, null, '']]);
  });

  it.each([FROM, UNTIL])('may be of the first and the last second of its key: %s', async (issued) => {
    expect(await faultsOf({ summary: { issued } })).toEqual([]);
  });
});

describe('the work order', () => {
  it.each([
    ['another key signed', () => seal('work-order', encodeWorkOrder(ORDER), OTHER)],
    ['is no order', () => seal('work-order', '{}')],
    ['was signed as another document', () => seal('report', encodeWorkOrder(ORDER))],
  ])('is forged if it %s, and then proves no unit', async (_fault, forged) => {
    const { faults, order, units } = await verify(await reportOf({ report: { order: await forged() } }));
    expect(faults.map(({ code }) => code)).toEqual(['order-forged']);
    expect(order).toBeNull();
    expect(units.map(({ proven }) => proven)).toEqual([false, false, false, false]);
  });

  it.each([BEFORE, AFTER])('is forged if its key was not certified when it was issued: %s', async (issued) => {
    const detail = 'its key was not certified when the order was issued';
    expect(await faultsOf({ order: { issued } })).toEqual([['order-forged', null, null, detail]]);
  });

  it('of another report is not used', async () => {
    const { faults, order } = await verify(await reportOf({ summary: { order: HASH, id: 'JOB-2' } }));
    expect(faults).toMatchObject([{ code: 'order-swapped', detail: 'work order 4711, but the report is on JOB-2' }]);
    expect(order).toBeNull();
  });
});

describe('the heads of the log', () => {
  it('must all be there, and no others', async () => {
    expect(await faultsOf({ heads: HEADS.slice(0, 1) })).toEqual([['head-cut', null, null, 'head 9']]);
    expect(await faultsOf({ heads: [...HEADS, ...HEADS.slice(0, 1)] })).toEqual([
      ['head-forged', null, null, 'more heads than the signed ones'],
    ]);
  });

  it.each<Partial<AuditHeadJson>>([
    { sequence: 8 },
    { hash: toBase64url(new Uint8Array(32).fill(1)) },
    { time: '2026-11-23T12:00:01Z' },
  ])('must be those of the summary: %j', async (change) => {
    const [first, second] = HEADS;
    expect(await faultsOf({ heads: [first, { ...second, ...change }] as AuditHeadJson[] })).toEqual([
      ['head-forged', null, null, expect.stringMatching(/^head 9: /)],
    ]);
  });

  it('must be signed by the key for heads', async () => {
    const heads = await Promise.all(HEADS.map((head) => seal('audit-head', JSON.stringify(head), OTHER)));
    expect(await codesOf({ report: { heads } })).toEqual(['head-forged', 'head-forged']);
  });

  it('need a key that was certified at their time or at that of the report', async () => {
    const old = HEADS.map((head) => ({ ...head, time: BEFORE }));
    expect(await codesOf({ heads: old, summary: { heads: old } })).toEqual([]);
    expect(await codesOf({ heads: HEADS, summary: { issued: AFTER } })).toEqual(['summary-late']);
    expect(await codesOf({ heads: old, summary: { heads: old, issued: AFTER } })).toEqual([
      ...['summary-late', 'head-forged', 'head-forged'],
    ]);
  });

  it('must reach what each station has seen', async () => {
    const station = (sequence: number | null): ReportSummary['stations'][number] => ({
      ...{ operator: `operator ${sequence}`, app: { version: '1', build: 'b' }, time: TIME },
      head: sequence === null ? null : { sequence, hash: HASH },
    });
    expect(await faultsOf({ summary: { stations: [station(null), station(8), station(9)] } })).toEqual([]);
    expect(await faultsOf({ summary: { stations: [station(9), station(10)] } })).toEqual([
      ['log-behind', null, null, 'station of operator 10'],
    ]);
  });
});

describe('the rows', () => {
  const pick = (...places: readonly number[]): ReportRow[] => places.flatMap((place) => ROWS[place] ?? []);

  it('name the place of a unit that was dropped, added or repeated', async () => {
    expect(await faultsOf({ rows: pick(0, 1, 3) })).toEqual([
      ['row-dropped', 3, '3', ''],
      ['totals-wrong', null, null, 'units: 3 in the rows, unknown: 0 in the rows, exports: 4 in the rows'],
    ]);
    expect((await faultsOf({ rows: [...ROWS, openRow(5, 'absent')] }))[0]).toEqual(['row-added', 5, '5', '']);
    expect((await faultsOf({ rows: [...ROWS, ...pick(3)] }))[0]).toEqual(['row-repeated', 5, '4', '']);
  });

  it('name each row that is no longer behind the one before it, if it is the first', async () => {
    expect(await faultsOf({ rows: pick(0, 2, 1, 3) })).toEqual([['rows-reordered', 3, '2', '']]);
    expect(await faultsOf({ rows: pick(3, 2, 1, 0) })).toEqual([['rows-reordered', 2, '3', '']]);
  });

  it('name a row that was changed, with and without the order', async () => {
    const rows = [...pick(0, 1, 2), { ...openRow(4, 'absent'), reason: 'stolen' }];
    expect(await faultsOf({ rows })).toEqual([['row-changed', 4, '4', '']]);
    const order = await seal('work-order', '{}');
    expect((await faultsOf({ rows, report: { order } })).slice(1)).toEqual([['row-changed', 4, '4', '']]);
    expect((await faultsOf({ rows: pick(0, 1), report: { order } }))[1]).toEqual([
      ...['row-dropped', null, null, '2 in all'],
    ]);
  });
});

describe('the totals', () => {
  it.each(Object.entries(TOTALS))('must be those of the rows: %s', async (name, value) => {
    expect(await faultsOf({ summary: { totals: { ...TOTALS, [name]: value + 1 } } })).toEqual([
      ['totals-wrong', null, null, `${name}: ${value} in the rows`],
    ]);
  });
});
