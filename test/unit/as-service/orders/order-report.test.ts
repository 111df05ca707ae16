// The report of a closed work order: its rows, times, reasons, sums and heads, and when it is made.
import { beforeEach, expect, it, vi } from 'vitest';
import type { Orders } from '#as-service/orders/orders.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { rowHash } from '#protocol/orders/report.ts';
import type { NewOrderJson, StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import type { MemoryExporter } from '#test/support/memory-exporter.ts';
import {
  actorOf,
  CLI,
  MemoryOrders,
  newTimedOrder,
  OLGA,
  OTHER_LINE,
  refusal,
  reportUnits,
  STATION_REPORT,
  unitReport,
} from '#test/support/memory-orders.ts';
import { LINE, unit } from '#test/support/orders.ts';
import { entriesOf, exportEvent, receiptOf, vaultRecord } from '#test/support/vault-records.ts';

let setup: MemoryOrders;
let service: MemoryExporter;
let orders: Orders;

beforeEach(async () => {
  setup = await MemoryOrders.open();
  service = setup.service;
  orders = setup.start();
});

const issue = (change: Partial<NewOrderJson> = {}, actor = CLI) => orders.issue(newTimedOrder(change), actor);
const load: MemoryOrders['load'] = (...args) => setup.load(...args);
const report = (units: StationUnitJson[], change?: Partial<StationReportJson>) => reportUnits(orders, units, change);

it('a report exists only after the closing', async () => {
  await issue();
  const refused = refusal('request-refused', 'Work order JOB-4711 is not closed yet, so it has no report.');
  await expect(orders.makeReport('JOB-4711', CLI)).rejects.toThrow(refused);
});

it('a report has a row for each unit with its loads, times and reasons, and their sums', async () => {
  const at = (hour: string) => `2026-11-23T${hour}:00:00.000Z`;
  const loadAt = (hour: string, ...what: Parameters<typeof load>) => {
    service.clock.now = at(hour);
    return load(...what);
  };
  const order = await issue({ lines: [LINE, OTHER_LINE], units: [[unit(1), unit(4)]] });
  const [begun, ended] = [at('08'), at('09')];
  await loadAt('13', 1, { hasReceipt: false });
  const other = await loadAt('14', 1, { line: OTHER_LINE, hasReceipt: false });
  const first = await loadAt('15', 1, { reason: 'again', hasReceipt: false });
  service.clock.now = at('16');
  await first.sendReceipt();
  service.clock.now = at('17');
  await other.sendReceipt();
  const before = { begun, ended };
  await report([
    unitReport(1, { outcome: 'done', ...before }),
    unitReport(2, { reason: 'broken', ...before }),
    unitReport(4, { outcome: 'unknown', reason: 'unplugged' }),
  ]);
  await loadAt('18', 2, { line: OTHER_LINE });
  await orders.close('JOB-4711', 'later', actorOf(OLGA));
  const closing = service.log.withTreeRoot();
  service.clock.now = at('19');
  const made = await orders.makeReport('JOB-4711', CLI);
  const empty = { verdict: null, exports: 0, reasons: [] };
  const none = [
    { ...LINE, ...empty },
    { ...OTHER_LINE, ...empty },
  ];
  const verdict = expect.objectContaining({ payloadType: 'application/vnd.keyferry.verdict+json' });
  expect(made.rows).toEqual([
    {
      // From the first export to the last receipt among the loads that prove that the unit is done.
      ...{ sn: unit(1), outcome: 'done', reason: null, begun: at('14'), ended: at('17') },
      loads: [
        { ...LINE, verdict, exports: 2, reasons: ['again'] },
        { ...OTHER_LINE, verdict, exports: 1, reasons: [] },
      ],
    },
    {
      ...{ sn: unit(2), outcome: 'failed', reason: 'broken', begun, ended },
      loads: [
        { ...LINE, ...empty },
        { ...OTHER_LINE, verdict, exports: 1, reasons: [] },
      ],
    },
    { ...{ sn: unit(3), outcome: 'absent', reason: 'later', begun: null, ended: null }, loads: none },
    { ...{ sn: unit(4), outcome: 'unknown', reason: 'unplugged', begun: null, ended: null }, loads: none },
  ]);
  const summary = JSON.parse(Buffer.from(made.summary.payload, 'base64url').toString());
  expect(summary).toEqual({
    ...{ format: 1, id: 'JOB-4711', service: 'Keyferry AS', asNumber: 0, closed: at('18'), closedBy: 'olga' },
    issued: at('19'),
    order: expect.stringMatching(/^[\w-]{43}$/),
    totals: { units: 4, done: 1, failed: 1, unknown: 1, absent: 1, verdicts: 3, exports: 4 },
    stations: [{ operator: 'olga', app: STATION_REPORT.app, head: null, time: at('17') }],
    heads: [closing],
    rows: made.rows.map(rowHash),
  });
  expect(made).toMatchObject({ format: 'keyferry-report-1', order: order.envelope, certificates: [] });
  expect(made.root).toBe(toBase64url(service.state.root.publicKey));
  const [head] = made.heads;
  expect(made.heads).toHaveLength(1);
  expect(JSON.parse(Buffer.from(fromBase64url(head?.payload ?? '')).toString())).toEqual(closing);
});

it('a report is made once, and again after another receipt, then with the newest head too', async () => {
  await issue();
  const { sendReceipt } = await load(1, { hasReceipt: false });
  await report([unitReport(1, { outcome: 'unknown', reason: 'unplugged' })]);
  await orders.close('JOB-4711', 'later', CLI);
  const first = await orders.makeReport('JOB-4711', CLI);
  expect(await orders.makeReport('JOB-4711', CLI)).toBe(first);
  await sendReceipt();
  const second = await orders.makeReport('JOB-4711', CLI);
  expect([first.rows[0]?.outcome, second.rows[0]?.outcome, second.heads.length]).toEqual(['unknown', 'done', 2]);
});

it('a report that failed is made again', async () => {
  await issue();
  await orders.close('JOB-4711', 'later', CLI);
  vi.spyOn(service.signatures, 'signReport').mockRejectedValueOnce(new RangeError('scripted'));
  await expect(orders.makeReport('JOB-4711', CLI)).rejects.toThrow('scripted');
  expect((await orders.makeReport('JOB-4711', CLI)).rows).toHaveLength(3);
});

it('a report has the certificates with which a reader verifies it', async () => {
  await issue();
  await orders.close('JOB-4711', 'later', CLI);
  const certificates = vi.spyOn(service.signatures, 'certificatesOf');
  await orders.makeReport('JOB-4711', CLI);
  expect(certificates.mock.calls).toEqual([[['verdict', 'audit-head', 'work-order', 'report']]]);
});

it.each([
  ['done', '2026-11-11T00:00:00.000Z'],
  ['unknown', '2026-11-10T12:00:00.000Z'],
] as const)('a load by a vault ends as a station reports it (%s), otherwise with its export', async (outcome, end) => {
  await issue();
  const event = exportEvent(1, { sn: fromHex(unit(1)) }, { workOrder: 'JOB-4711' });
  const { issued } = vaultRecord();
  const record = setup.vaults.addVault(issued);
  const receipts = [{ dataHash: event.dataHash, receipt: toBase64url(receiptOf(1, 1, unit(1))) }];
  const part = { entries: entriesOf([event]), receipts, signed: '2026-11-12T00:00:00.000Z' };
  setup.vaults.addReturn(issued.header.vaultId, part, '2026-11-12T00:00:00.000Z');
  service.verified.add(record.exports[0]?.receipt ?? {});
  await report([unitReport(1, { outcome, reason: 'offline', ended: '2026-11-11T00:00:00.000Z' })]);
  await orders.close('JOB-4711', 'later', CLI);
  const { rows } = await orders.makeReport('JOB-4711', CLI);
  expect(rows[0]).toMatchObject({ outcome: 'done', begun: '2026-11-10T12:00:00.000Z', ended: end });
  expect(rows[0]?.loads[0]?.reasons).toEqual(['sent by vault 0007']);
});
