// One row of a report: which signed verdicts prove it, and why other verdicts do not.
import { beforeAll, describe, expect, it } from 'vitest';
import { fromHex, hexNumber } from '#protocol/bytes/hex.ts';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import type { OrderLine } from '#protocol/orders/order.ts';
import type { ReportRow } from '#protocol/orders/report.ts';
import { writeReportCsv } from '#protocol/orders/report-csv.ts';
import { type ProofContext, proveUnit, type UnitVerdict } from '#protocol/orders/unit-verdict.ts';
import { Certificates } from '#protocol/service/certificates.ts';
import { CERTIFICATE_TYPE, type VerdictJson } from '#protocol/service/messages.ts';
import { type Envelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { type Receipt, sealReceipt } from '#protocol/tkl/receipt.ts';
import { workOrder } from '#test/support/work-orders.ts';

const sn = (n: number): string => hexNumber(n, 32);
const DATA: OrderLine = { ref1: 1, ref2: 2, akv: 5, kcv: '5AAA42C6AD', label: 'Data key' };
const PIN: OrderLine = { ref1: 3, ref2: 4, akv: 7, kcv: '0000000000', label: 'PIN key' };
const ORDER = workOrder([[sn(1), sn(9)]], [DATA, PIN]);
const [FROM, TIME, UNTIL] = ['2026-11-01T00:00:00Z', '2026-11-23T12:00:00Z', '2026-12-01T00:00:00Z'];
const AFTER = '2026-12-01T00:00:01Z';

const signer = (byte: number) => {
  const secret = new Uint8Array(32).fill(byte);
  return { publicKey: ed25519PublicKey(secret), sign: (message: Uint8Array) => signEd25519(secret, message) };
};
const [ROOT, AS] = [signer(1), signer(2)];
const seal = (type: string, value: object, by = AS): Promise<Envelope> =>
  sealEnvelope(`application/vnd.keyferry.${type}+json`, utf8(JSON.stringify(value)), by);

let certificates: Certificates;
beforeAll(async () => {
  const publicKey = toBase64url(AS.publicKey);
  const certificate = { purpose: 'verdict', publicKey, asNumber: 0, from: FROM, until: UNTIL };
  const envelope = await sealEnvelope(CERTIFICATE_TYPE, utf8(JSON.stringify(certificate)), ROOT);
  certificates = await Certificates.from(ROOT.publicKey, [envelope], isSignedBy);
});

function receiptOf({ ref1, ref2, akv, kcv }: OrderLine, change: Partial<Receipt> = {}): string {
  const receipt: Receipt = {
    ...{ suite: 1, ref1, ref2, akv, tkv: 1, xc: 1, sn: fromHex(sn(1)), asNumber: 0, importCounter: 1, ...change },
    kcv: { algorithm: 1, value: fromHex(kcv) },
  };
  return toBase64url(sealReceipt(receipt, { receiptKey: new Uint8Array(32) }, new Uint8Array(32)));
}

const verdictOn = (line: OrderLine, change: Partial<VerdictJson> = {}): VerdictJson => ({
  ...{ exportId: `export-${line.ref2}`, receipt: receiptOf(line), dataHash: toBase64url(new Uint8Array(32)) },
  ...{ workOrder: ORDER.id, operator: 'olga', time: TIME, ...change },
});

type Load = ReportRow['loads'][number];
async function loadOf(line: OrderLine, verdict: VerdictJson | null = verdictOn(line)): Promise<Load> {
  const { ref1, ref2 } = line;
  return { ref1, ref2, verdict: verdict && (await seal('verdict', verdict)), exports: 1, reasons: [] };
}

async function prove(loads: readonly Load[], change: Partial<ReportRow> = {}, context: Partial<ProofContext> = {}) {
  const notes: unknown[] = [];
  const row = { sn: sn(1), outcome: 'done', reason: null, begun: null, ended: null, loads, ...change } as ReportRow;
  const verdict = await proveUnit(row, 3, {
    ...{ order: ORDER, issued: UNTIL, certificates, seen: new Set<string>() },
    note: (code, place, detail) => void notes.push([code, place, detail]),
    ...context,
  });
  return { verdict, notes, faults: verdict.faults };
}
const bothLoads = async (): Promise<Load[]> => [await loadOf(DATA), await loadOf(PIN)];

describe('a row with a verdict for each line', () => {
  it('is proven, with the facts of its lines', async () => {
    const { verdict, notes } = await prove(await bothLoads());
    expect(notes).toEqual([]);
    expect(verdict).toMatchObject({ row: 3, sn: sn(1), outcome: 'done', proven: true, faults: [] });
    expect(verdict.loads).toEqual(
      [DATA, PIN].map((line) => ({ ...line, hasVerdict: true, exports: 1, reasons: [], verdict: verdictOn(line) })),
    );
  });

  it('has a fault if it is not marked done', async () => {
    const { faults, notes } = await prove(await bothLoads(), { outcome: 'failed', reason: 'broken' });
    expect(faults).toEqual(['outcome-wrong']);
    expect(notes).toEqual([['outcome-wrong', { row: 3, sn: sn(1) }, undefined]]);
  });

  it('is not proven without a verified order, and its lines have no labels', async () => {
    const { verdict } = await prove(await bothLoads(), {}, { order: undefined });
    expect(verdict).toMatchObject({ proven: false, faults: [] });
    expect(verdict.loads[0]).toMatchObject({ label: null, akv: null, kcv: null, verdict: { operator: 'olga' } });
  });
});

describe('a row without a verdict for a line', () => {
  it('has a fault if it is marked done', async () => {
    const both = await bothLoads();
    for (const loads of [both.slice(0, 1), [both[0], await loadOf(PIN, null)], [await loadOf(DATA, null), both[1]]]) {
      const { verdict, faults } = await prove(loads as Load[]);
      expect(faults).toEqual(['verdict-missing']);
      expect(verdict.proven).toBe(false);
    }
  });

  it('has no fault if it is not marked done and has a reason', async () => {
    const loads = [await loadOf(DATA), await loadOf(PIN, null)];
    expect((await prove(loads, { outcome: 'failed', reason: 'broken' })).faults).toEqual([]);
    expect((await prove(loads, { outcome: 'failed' })).faults).toEqual(['reason-missing']);
  });

  it('is not proven by a load that the order does not have', async () => {
    const more = [...(await bothLoads()), await loadOf(DATA, verdictOn(DATA, { exportId: 'more' }))];
    const { verdict, faults } = await prove(more);
    expect(faults).toEqual(['verdict-of-another-key', 'verdict-missing']);
    expect(verdict.proven).toBe(false);
  });
});

describe('a repeated export', () => {
  it.each([
    [1, [], []],
    [3, ['lost', 'lost again'], []],
    [3, ['lost'], ['reason-missing']],
    [0, [], []],
  ])('needs a reason: %i exports with the reasons %j', async (exports, reasons, faults) => {
    const [first, second] = await bothLoads();
    if (!first || !second) throw new TypeError('no loads');
    expect((await prove([{ ...first, exports, reasons }, second])).faults).toEqual(faults);
  });
});

describe('a verdict', () => {
  it.each<[string, Partial<VerdictJson>]>([
    ['verdict-of-another-unit', { receipt: receiptOf(DATA, { sn: fromHex(sn(2)) }) }],
    ['verdict-of-another-order', { workOrder: 'another' }],
    ['verdict-of-another-order', { workOrder: null }],
    ['verdict-of-another-key', { receipt: receiptOf({ ...DATA, ref1: 9 }) }],
    ['verdict-of-another-key', { receipt: receiptOf({ ...DATA, ref2: 9 }) }],
    ['verdict-of-another-key', { receipt: receiptOf({ ...DATA, akv: 9 }) }],
    ['verdict-of-another-key', { receipt: receiptOf({ ...DATA, kcv: '0123456789' }) }],
    ['verdict-repeated', { exportId: 'seen' }],
    ['verdict-forged', { receipt: toBase64url(new Uint8Array(64)) }],
    ['verdict-forged', { exportId: 'not an id' }],
  ])('is a fault: %s with %o', async (code, change) => {
    const loads = [await loadOf(DATA, verdictOn(DATA, change)), await loadOf(PIN)];
    const { verdict, faults } = await prove(loads, {}, { seen: new Set(['seen']) });
    expect(faults).toEqual([code]);
    expect(verdict.proven).toBe(false);
    expect(verdict.loads[0]).toMatchObject({ hasVerdict: true, verdict: null });
  });

  it('on an erasure may have any check value', async () => {
    const erased = verdictOn(PIN, { receipt: receiptOf({ ...PIN, kcv: '0123456789' }) });
    expect((await prove([await loadOf(DATA), await loadOf(PIN, erased)])).verdict.proven).toBe(true);
  });

  it('names its export and its detail', async () => {
    const loads = [await loadOf(DATA, verdictOn(DATA, { workOrder: 'another' })), await loadOf(PIN)];
    const { notes } = await prove(loads);
    expect(notes).toEqual([['verdict-of-another-order', { row: 3, sn: sn(1) }, 'export export-2']]);
  });

  it('is forged if the AS did not sign it', async () => {
    const { ref1, ref2 } = DATA;
    for (const envelope of [
      await seal('verdict', verdictOn(DATA), ROOT),
      await seal('report', verdictOn(DATA)),
      { ...(await seal('verdict', verdictOn(DATA))), payload: toBase64url(utf8('{}')) },
    ]) {
      const { faults } = await prove([{ ref1, ref2, verdict: envelope, exports: 1, reasons: [] }, await loadOf(PIN)]);
      expect(faults).toEqual(['verdict-forged']);
    }
  });

  it('must be made, or signed again for the report, while its key is certified', async () => {
    const loads = [await loadOf(DATA, verdictOn(DATA, { time: AFTER })), await loadOf(PIN)];
    for (const issued of [FROM, UNTIL]) expect((await prove(loads, {}, { issued })).faults).toEqual([]);
    for (const issued of [undefined, AFTER, '2026-10-31T23:59:59Z'])
      expect((await prove(loads, {}, { issued })).faults).toEqual(['verdict-late']);
  });
});

describe('a report as CSV', () => {
  it('has a row for each line of each unit, and shows no verdict that is not proven', async () => {
    const { verdict: unit } = await prove(await bothLoads(), { begun: FROM, ended: UNTIL });
    const [first] = unit.loads;
    if (!first) throw new TypeError('no loads');
    const nothing = { reason: 'broken', begun: null, ended: null };
    const failed: UnitVerdict = { ...unit, ...nothing, sn: sn(2), outcome: 'failed' };
    const unproven = { ...first, verdict: null, exports: 3, reasons: ['lost', 'wet'] };
    const units: UnitVerdict[] = [unit, { ...failed, loads: [unproven], faults: ['row-changed', 'reason-missing'] }];
    expect(writeReportCsv({ order: ORDER, units }).split('\r\n')).toEqual([
      'ORDER,SET,SN,OUTCOME,PROVEN,REASON,REF1,REF2,LABEL,AKV,KCV,EXPORTS,EXPORT REASONS,EXPORT ID,OPERATOR,VERDICT TIME,BEGUN,ENDED,FAULTS',
      `4711,${hexNumber(ORDER.set, 8)},${sn(1)},done,yes,,0001,0002,Data key,5,5AAA42C6AD,1,,export-2,olga,${TIME},${FROM},${UNTIL},`,
      `4711,${hexNumber(ORDER.set, 8)},${sn(1)},done,yes,,0003,0004,PIN key,7,0000000000,1,,export-4,olga,${TIME},${FROM},${UNTIL},`,
      `4711,${hexNumber(ORDER.set, 8)},${sn(2)},failed,no,broken,0001,0002,Data key,5,5AAA42C6AD,3,"lost; wet",,,,,,row-changed reason-missing`,
      '',
    ]);
    const unnamed = { ...unproven, label: null, akv: null, kcv: null };
    expect(writeReportCsv({ order: null, units: [{ ...failed, loads: [unnamed], faults: [] }] })).toContain(
      `\r\n,,${sn(2)},failed,no,broken,0001,0002,,,,3,`,
    );
  });
});
