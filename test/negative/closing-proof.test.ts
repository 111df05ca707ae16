// The proof in a report that the audit log contains the closing of the order (docs/protocol.md
// clause 9.1): a changed, exchanged or removed proof is a fault.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeLogProof, encodeLogProof } from '#protocol/log/tlog-proof.ts';
import type { Report, ReportSummary } from '#protocol/orders/report.ts';
import { fetchReport, judge } from '#test/support/orders.ts';
import { payloadOf, ReportSetup } from '#test/support/reports.ts';

let setup: ReportSetup;
let genuine: Report;
let other: Report;

beforeAll(async () => {
  setup = await ReportSetup.open();
  ({ genuine, other } = setup);
});
afterAll(() => setup.close());

async function faultsOf(given: Report | string) {
  return (await judge(setup.as, given)).faults.map(({ code, row, sn }) => [code, row, sn]);
}

describe('the proof of the closing entry', () => {
  const unproven = [['closing-unproven', null, null]];
  const closingOf = ({ closing }: Report) => closing ?? { entry: '', proof: '' };

  it('is below 2 kB, and names the order', async () => {
    const { entry, proof } = closingOf(genuine);
    expect(Buffer.byteLength(entry + proof)).toBeLessThan(2000);
    expect(JSON.parse(entry)).toMatchObject({ event: 'work-order-closed', details: { workOrder: 'JOB-4711' } });
    expect((await judge(setup.as, genuine)).isClosingProven).toBe(true);
  });

  it('is required, and must be that of this order and of the signed head', async () => {
    const { closing: _, ...without } = genuine;
    const { entry, proof } = closingOf(genuine);
    const { tree } = setup.as.log;
    await setup.as.log.append({ event: 'test', actor: null, details: {} });
    const { size } = tree;
    const { index } = decodeLogProof(proof);
    const checkpoint = await setup.as.signatures.signCheckpoint({ size, root: tree.rootOf(size) });
    const later = encodeLogProof({ index, hashes: tree.inclusionProof(index, size), checkpoint });
    const changes: (Report | Omit<Report, 'closing'>)[] = [
      without,
      { ...genuine, closing: closingOf(other) },
      { ...genuine, closing: { entry: closingOf(other).entry, proof } },
      { ...genuine, closing: { entry, proof: closingOf(other).proof } },
      { ...genuine, closing: { entry, proof: later } },
      { ...genuine, closing: { entry, proof: proof.replace(/(index \d+\n)[\w+/=]+\n/, '$1') } },
      { ...genuine, closing: { entry, proof: proof.replace(/— .*\n$/, '') } },
      { ...genuine, closing: { entry: `${entry} `, proof } },
      { ...genuine, closing: { entry: 'x', proof: 'y' } },
    ];
    for (const change of changes) expect(await faultsOf(JSON.stringify(change))).toEqual(unproven);
    expect((await judge(setup.as, JSON.stringify(without))).isClosingProven).toBe(false);
    expect(await faultsOf(await fetchReport(setup.olga))).toEqual([]);
    const ofAnotherOrder = await setup.signedAnew(genuine, { id: 'JOB-2' });
    expect((await judge(setup.as, ofAnotherOrder)).isClosingProven).toBe(false);
  });

  it('is missing in a report of version 0.1.0, which is genuine without it', async () => {
    const { closing: _, ...without } = genuine;
    const { heads: signed } = payloadOf<ReportSummary>(genuine.summary);
    const heads = signed.map(({ treeRoot: _root, ...head }) => head);
    const summary = await setup.signedAnew(genuine, { heads });
    const old = { ...without, summary: summary.summary };
    const verdict = await judge(setup.as, old);
    expect(verdict).toMatchObject({ genuine: true, faults: [], isClosingProven: null });
  });
});
