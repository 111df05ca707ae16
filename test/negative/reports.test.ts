// Changed reports (docs/protocol.md clause 9.1). The verifier has only the file and the root key.
// It must report the kind and the place of each change.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSigningKey } from '#as-service/signing/signing.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import type { Report, ReportRow, ReportSummary } from '#protocol/orders/report.ts';
import { writeReportCsv } from '#protocol/orders/report-csv.ts';
import type { ReportFaultCode } from '#protocol/orders/report-faults.ts';
import { verifyReport } from '#protocol/orders/verify-report.ts';
import type { AuditHeadJson, VerdictJson } from '#protocol/service/messages.ts';
import { sealEnvelope } from '#protocol/signing/envelope.ts';
import { exportFor, fetchReport, judge, report, stationUnit, unit } from '#test/support/orders.ts';
import { flipped, payloadOf, ReportSetup, rowOf, verdictIn } from '#test/support/reports.ts';

let setup: ReportSetup;
let genuine: Report;
let other: Report;

beforeAll(async () => {
  setup = await ReportSetup.open();
  ({ genuine, other } = setup);
});
afterAll(() => setup.close());

async function faultsOf(given: Report | string) {
  const verdict = await judge(setup.as, given);
  expect(verdict.genuine).toBe(verdict.faults.length === 0);
  return verdict.faults.map(({ code, row, sn }) => [code, row, sn?.slice(-1) ?? null] as const);
}

type Path = readonly (string | number)[];

/** Returns the paths of all members and elements at every depth. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]));
  return path.length === 0 ? below : [path, ...below];
}

/** Returns a copy with the value at `path` changed, or removed if `change` is undefined. */
function changedAt(given: Report, path: Path, change: ((value: unknown) => unknown) | undefined): unknown {
  const root: unknown = structuredClone(given);
  let holder = root as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) holder = holder[name] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (change !== undefined) holder[last] = change(holder[last]);
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return root;
}

function altered(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') return Array.isArray(value) ? [...value, ...value, 0] : 'something';
  const middle = value.length >> 1;
  const digit = value[middle] === '1' ? '2' : '1';
  return value.slice(0, middle) + digit + value.slice(middle + 1);
}

describe('a genuine report', () => {
  it('verifies, with the outcome of every unit', async () => {
    const verdict = await judge(setup.as, genuine);
    expect(verdict.faults).toEqual([]);
    expect(verdict.units.map(({ row, outcome, proven }) => [row, outcome, proven])).toEqual([
      [1, 'done', true],
      [2, 'done', true],
      [3, 'done', true],
      [4, 'failed', false],
    ]);
    expect(verdict.units[2]?.loads[0]).toMatchObject({ exports: 2, reasons: ['cable pulled'], label: 'Data key' });
    expect(verdict.order?.id).toBe('JOB-4711');
    expect(verdict.summary).toMatchObject({
      closedBy: 'olga',
      totals: { units: 4, done: 3, failed: 1, verdicts: 3, exports: 4 },
      stations: [{ operator: 'olga', app: { build: 'ABCDEF0123' } }],
    });
  });

  it('verifies with other white space, and when the AS issues the report again', async () => {
    expect(await faultsOf(JSON.stringify(genuine, undefined, 2))).toEqual([]);
    expect(await faultsOf(await fetchReport(setup.olga))).toEqual([]);
  });

  it('verifies with a unit of unknown outcome and one that is absent', async () => {
    await setup.service.issue({ id: 'JOB-3', units: [[unit(1), unit(2)]] });
    await exportFor(setup.olga, unit(1), { workOrder: 'JOB-3' });
    const unknown = stationUnit(unit(1), { outcome: 'unknown', reason: 'unplugged' });
    await report(setup.olga, { units: [unknown], absentReason: 'not there', close: true }, 'JOB-3');
    const given = await fetchReport(setup.olga, 'JOB-3');
    expect(await faultsOf(given)).toEqual([]);
    const { totals } = payloadOf<ReportSummary>(given.summary);
    expect(totals).toMatchObject({ units: 2, done: 0, failed: 0, unknown: 1, absent: 1, verdicts: 0, exports: 1 });
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) {
      const wrong = await setup.signedAnew(given, { totals: { ...totals, [name]: totals[name] + 1 } });
      expect(
        (await faultsOf(wrong)).map(([code]) => code),
        name,
      ).toEqual(['totals-wrong']);
    }
  });

  it('becomes one CSV row per unit and line, without formulas', async () => {
    const lines = writeReportCsv(await judge(setup.as, genuine)).split('\r\n');
    expect(lines).toHaveLength(6);
    expect(lines[4]).toContain(`JOB-4711,0000BA7C,${unit(4)},failed,no,"'=memory ""failed""",0103,0002,Data key,1,`);
    expect(lines[3]).toContain(',2,cable pulled,');
  });
});

describe('a changed report', () => {
  const row = (index: number) => rowOf(genuine, index);
  const rows = (...list: readonly ReportRow[]): Report => ({ ...genuine, rows: list });
  const changes: readonly (readonly [
    string,
    () => Report | string,
    readonly (readonly [ReportFaultCode, number | null, string | null])[],
  ])[] = [
    [
      'a receipt swapped with that of another unit',
      () => setup.withVerdict(0, verdictIn(row(1))),
      [
        ['row-changed', 1, '1'],
        ['verdict-of-another-unit', 1, '1'],
      ],
    ],
    [
      'two receipts swapped',
      () => ({
        ...genuine,
        rows: [{ ...row(0), loads: row(1).loads }, { ...row(1), loads: row(0).loads }, row(2), row(3)],
      }),
      [
        ['row-changed', 1, '1'],
        ['row-changed', 2, '2'],
        ['verdict-of-another-unit', 1, '1'],
        ['verdict-of-another-unit', 2, '2'],
      ],
    ],
    [
      'the verdict of another order',
      () => setup.withVerdict(0, verdictIn(rowOf(other, 0))),
      [
        ['row-changed', 1, '1'],
        ['verdict-of-another-order', 1, '1'],
      ],
    ],
    [
      'a verdict removed',
      () => setup.withVerdict(1, null),
      [
        ['row-changed', 2, '2'],
        ['verdict-missing', 2, '2'],
        ['totals-wrong', null, null],
      ],
    ],
    [
      'a flipped bit in a verdict',
      () => setup.withVerdict(1, flipped(verdictIn(row(1)))),
      [
        ['row-changed', 2, '2'],
        ['verdict-forged', 2, '2'],
      ],
    ],
    [
      'a row removed',
      () => rows(row(0), row(2), row(3)),
      [
        ['row-dropped', 2, '2'],
        ['totals-wrong', null, null],
      ],
    ],
    [
      'the last row removed',
      () => rows(row(0), row(1), row(2)),
      [
        ['row-dropped', 4, '4'],
        ['totals-wrong', null, null],
      ],
    ],
    ['rows reordered', () => rows(row(0), row(2), row(1), row(3)), [['rows-reordered', 3, '2']]],
    ['rows reordered twice', () => rows(row(1), row(0), row(3), row(2)), [['rows-reordered', 2, '1']]],
    [
      'a unit added',
      () => rows(...genuine.rows, { ...row(3), sn: unit(9) }),
      [
        ['row-added', 5, '9'],
        ['totals-wrong', null, null],
      ],
    ],
    [
      'a row repeated',
      () => rows(row(0), row(0), row(1), row(2), row(3)),
      [
        ['row-repeated', 2, '1'],
        ['verdict-repeated', 2, '1'],
        ['totals-wrong', null, null],
      ],
    ],
    [
      'the outcome done for a failed unit',
      () => setup.withRow(3, { outcome: 'done', reason: null }),
      [
        ['row-changed', 4, '4'],
        ['verdict-missing', 4, '4'],
        ['totals-wrong', null, null],
      ],
    ],
    ['a reason changed', () => setup.withRow(3, { reason: 'never there' }), [['row-changed', 4, '4']]],
    [
      'a reason removed',
      () => setup.withRow(3, { reason: null }),
      [
        ['row-changed', 4, '4'],
        ['reason-missing', 4, '4'],
      ],
    ],
    ['a time changed', () => setup.withRow(3, { begun: null }), [['row-changed', 4, '4']]],
    ['the newest head removed', () => ({ ...genuine, heads: genuine.heads.slice(0, -1) }), [['head-cut', null, null]]],
    [
      'all heads removed',
      () => ({ ...genuine, heads: [] }),
      [
        ['head-cut', null, null],
        ['head-cut', null, null],
      ],
    ],
    [
      'heads exchanged',
      () => ({ ...genuine, heads: [...genuine.heads].reverse() }),
      [
        ['head-forged', null, null],
        ['head-forged', null, null],
      ],
    ],
    [
      'a head added',
      () => ({ ...genuine, heads: [...genuine.heads, ...genuine.heads.slice(-1)] }),
      [['head-forged', null, null]],
    ],
    [
      'a head changed',
      () => ({ ...genuine, heads: [...genuine.heads.slice(0, 1), ...genuine.heads.slice(1).map(flipped)] }),
      [['head-forged', null, null]],
    ],
    [
      'a flipped bit in the summary',
      () => ({ ...genuine, summary: flipped(genuine.summary) }),
      [['summary-forged', null, null]],
    ],
    [
      'a flipped bit in the order',
      () => ({ ...genuine, order: flipped(genuine.order) }),
      [['order-forged', null, null]],
    ],
    [
      'a certificate changed',
      () => ({ ...genuine, certificates: genuine.certificates.map(flipped) }),
      [['certificate-forged', null, null]],
    ],
    [
      'a certificate removed',
      () => ({
        ...genuine,
        certificates: genuine.certificates.filter((each) => payloadOf<{ purpose: string }>(each).purpose !== 'report'),
      }),
      [['summary-forged', null, null]],
    ],
    [
      'the root key of another AS',
      () => ({ ...genuine, root: toBase64url(new Uint8Array(32).fill(9)) }),
      [['root-other', null, null]],
    ],
    ['a member added', () => JSON.stringify({ ...genuine, note: 'all is well' }), [['not-a-report', null, null]]],
    [
      'a member added to a row',
      () => rows({ ...row(0), note: 'x' } as ReportRow, row(1), row(2), row(3)),
      [['not-a-report', null, null]],
    ],
    ['the end removed', () => JSON.stringify(genuine).slice(0, -100), [['not-a-report', null, null]]],
    ['no content', () => '', [['not-a-report', null, null]]],
  ];

  it.each(changes)('is refused with %s', async (_name, change, faults) => {
    const found = await faultsOf(change());
    expect(found).toHaveLength(faults.length);
    expect(found).toEqual(expect.arrayContaining(faults.map((each) => [...each])));
  });

  it('is refused with the order of another report, and proves no unit', async () => {
    const verdict = await judge(setup.as, { ...genuine, order: other.order });
    expect(verdict.faults.map(({ code }) => code)).toEqual(['order-swapped']);
    expect([verdict.genuine, verdict.order, verdict.units.some(({ proven }) => proven)]).toEqual([false, null, false]);
    // If the rows are replaced together with the order, both still contradict the signed summary.
    expect((await faultsOf({ ...genuine, order: other.order, rows: other.rows })).map(([code]) => code)).toEqual(
      expect.arrayContaining(['order-swapped', 'row-changed', 'row-dropped', 'totals-wrong']),
    );
  });

  it.each([
    ['hash', { hash: toBase64url(new Uint8Array(32)) }],
    ['number', { sequence: 1 }],
    ['time', { time: '2026-01-01T00:00:00.000Z' }],
  ])('is refused with a head that the AS signed with another %s', async (_what, change) => {
    const [first, ...others] = genuine.heads;
    if (first === undefined) throw new TypeError('no head');
    const head = await setup.as.signatures.signHead({ ...payloadOf<AuditHeadJson>(first), ...change });
    expect(await faultsOf({ ...genuine, heads: [head, ...others] })).toEqual([['head-forged', null, null]]);
  });

  it.each([
    ['version', 15],
    ['check value', 36],
    ['slot', 7],
    ['key number', 9],
  ])('is refused with a verdict that the AS signed for another %s', async (_what, offset) => {
    const signed = payloadOf<VerdictJson>(verdictIn(rowOf(genuine, 0)));
    const receipt = Buffer.from(signed.receipt, 'base64url');
    receipt[offset] = (receipt[offset] ?? 0) ^ 1;
    const verdict = await setup.as.signatures.signVerdict({ ...signed, receipt: toBase64url(receipt) });
    const changed = await setup.signedAnew(setup.withVerdict(0, verdict));
    expect(await faultsOf(changed)).toEqual([['verdict-of-another-key', 1, '1']]);
  });

  it('is refused with another order of the same id that the AS signed', async () => {
    const order = payloadOf<Record<string, unknown>>(genuine.order);
    const same = await setup.as.signatures.signOrder(Buffer.from(genuine.order.payload, 'base64url').toString());
    expect(await faultsOf({ ...genuine, order: same })).toEqual([]);
    const changed = await setup.as.signatures.signOrder(JSON.stringify({ ...order, title: 'Another title' }));
    expect((await faultsOf({ ...genuine, order: changed })).map(([code]) => code)).toEqual(['order-swapped']);
  });

  it('is refused with the summary of another report, row by row', async () => {
    const codes = (await faultsOf({ ...genuine, summary: other.summary, order: other.order })).map(([code]) => code);
    expect(new Set(codes)).toEqual(
      new Set([
        'row-changed',
        'row-added',
        'closing-unproven',
        'verdict-of-another-order',
        'totals-wrong',
        'head-forged',
      ]),
    );
  });

  it('is refused when another AS has signed the summary', async () => {
    const key = createSigningKey();
    const signer = { publicKey: key.publicKey, sign: (message: Uint8Array) => signEd25519(key.secretKey, message) };
    const payload = Buffer.from(genuine.summary.payload, 'base64url');
    const summary = await sealEnvelope(genuine.summary.payloadType, payload, signer);
    expect((await faultsOf({ ...genuine, summary })).map(([code]) => code)).toEqual(['summary-forged']);
    const stranger = await verifyReport(JSON.stringify(genuine), key.publicKey, isSignedBy);
    expect(stranger.faults.map(({ code }) => code)).toEqual(['root-other']);
    const mine = { ...genuine, root: toBase64url(key.publicKey) };
    const own = await verifyReport(JSON.stringify(mine), key.publicKey, isSignedBy);
    expect(own.faults.map(({ code }) => code)).toEqual(['certificate-forged']);
  });

  it('is refused when any single value is changed or removed', async () => {
    const unnoticed: string[] = [];
    for (const path of pathsOf(genuine)) {
      for (const change of [altered, undefined]) {
        const given = JSON.stringify(changedAt(genuine, path, change));
        if ((await judge(setup.as, given)).genuine) unnoticed.push(path.join('.'));
      }
    }
    expect(unnoticed).toEqual([]);
    expect(pathsOf(genuine).length).toBeGreaterThan(120);
  });

  it('is refused when any single row is removed, and the fault names the row', async () => {
    for (const [index] of genuine.rows.entries()) {
      const others = genuine.rows.filter((_, i) => i !== index);
      expect(await faultsOf(rows(...others))).toContainEqual(['row-dropped', index + 1, String(index + 1)]);
    }
  });
});
