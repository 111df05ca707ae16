// The life of work orders below HTTP: issue, list, progress, station reports, balance, closing and
// revocation.
import { beforeEach, describe, expect, it } from 'vitest';
import type { Orders } from '#as-service/orders/orders.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { NewOrderJson, StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { TEST_SET } from '#test/support/as-service.ts';
import { heldAction } from '#test/support/held-action.ts';
import { KEY_LOSSES, type MemoryExporter, NOW, operator, testSet } from '#test/support/memory-exporter.ts';
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
  TIMES,
  unitReport,
} from '#test/support/memory-orders.ts';
import { LINE, unit } from '#test/support/orders.ts';

const STRANGER = actorOf(operator('stranger', { sets: [1] }));

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
const newest = async () => (await service.entries()).at(-1);
const reportedUnit = (n: number) => orders.find('JOB-4711', CLI).reported.get(unit(n));

describe('issuing an order', () => {
  it('signs it, and the log has its facts and its envelope', async () => {
    const entry = await issue({ lines: [LINE, OTHER_LINE] }, actorOf(operator('carl')));
    expect(entry.state).toBe('open');
    expect(JSON.parse(Buffer.from(entry.envelope.payload, 'base64url').toString())).toMatchObject({ id: 'JOB-4711' });
    expect(entry.envelope.signatures[0].sig).toMatch(/^.{80,}$/);
    const { until } = TIMES;
    expect(await newest()).toMatchObject({ event: 'work-order-issued', actor: 'carl' });
    expect((await newest())?.details).toEqual({
      ...{ workOrder: 'JOB-4711', title: 'Terminals, line 3', set: TEST_SET, units: 3, lines: 2, until },
    });
    expect(JSON.parse(service.newestRecord())).toEqual(entry.envelope);
  });

  it('is refused for an id that exists, in any form and at the same time', async () => {
    const results = await Promise.allSettled([issue({ id: 'JOB 1' }), issue({ id: 'JOB 1' })]);
    const refused = refusal('request-refused', 'There is already a work order JOB 1. Choose another number.');
    expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: refused }]);
    await expect(issue({ id: 'JOB\u00a01' })).rejects.toThrow(refusal('request-refused'));
    expect(await service.entries()).toHaveLength(1);
  });

  it('is refused after the custodian has signed out, and for a set that the custodian may not use', async () => {
    const requireSignedIn = () => {
      throw new ProtocolError('signed-out', 'scripted');
    };
    await expect(issue({}, { name: 'carl', requireSignedIn })).rejects.toThrow(refusal('signed-out'));
    await expect(issue({}, STRANGER)).rejects.toThrow(refusal('set-unknown'));
    expect(() => orders.find('JOB-4711', CLI)).toThrow(refusal('order-unknown'));
  });
});

describe('an order whose set or key changes while it is issued', () => {
  it.each(KEY_LOSSES)('is refused if %s', async (_what, code, next) => {
    await expect(service.changeDuring(() => issue(), next)).rejects.toThrow(refusal(code));
    expect(await service.entries()).toEqual([]);
  });
});

describe('an order', () => {
  it('of a set that was removed is found by the command line alone', async () => {
    const entry = await issue();
    service.state = { ...service.state, sets: [testSet({ set: 1 })] };
    expect(() => orders.find('JOB-4711', actorOf(OLGA))).toThrow(refusal('order-unknown'));
    expect(orders.find('JOB-4711', CLI)).toBe(entry);
  });

  it('is found by another form of its id, and by an operator of its set only', async () => {
    const entry = await issue({ id: 'JOB 1' });
    expect(orders.find('JOB\u00a01', actorOf(OLGA))).toBe(entry);
    for (const [id, actor] of [
      ['JOB 1', STRANGER],
      ['JOB 2', CLI],
    ] as const) {
      expect(() => orders.find(id, actor)).toThrow(refusal('order-unknown', `There is no work order ${id}.`));
    }
  });

  it('shows its units with exports and verdicts', async () => {
    await issue({ lines: [LINE, OTHER_LINE] });
    await load(2);
    await load(2, { line: OTHER_LINE, hasReceipt: false });
    await load(2, { reason: 'again' });
    await load(3, { line: OTHER_LINE });
    const entry = orders.find('JOB-4711', CLI);
    expect(orders.view(entry)).toEqual({
      ...{ order: entry.envelope, state: 'open', reason: null },
      units: [
        { sn: unit(2), exports: 3, proven: 1 },
        { sn: unit(3), exports: 1, proven: 1 },
      ],
    });
  });

  it('ignores exports that match none of its lines', async () => {
    // The exports were made before an order of this number was issued.
    await load(1, { line: OTHER_LINE });
    await load(2);
    const entry = await issue();
    expect(orders.view(entry).units).toEqual([{ sn: unit(2), exports: 1, proven: 1 }]);
  });
});

describe('the list of orders', () => {
  const count = (workOrder: string, time: string) => ({ workOrder, exports: 7, receipts: 6, time });

  it('has the orders and the numbers that exports name, newest first', async () => {
    await issue({ lines: [LINE, OTHER_LINE] });
    service.clock.now = '2026-11-24T12:00:00.000Z';
    await issue({ id: 'JOB-2', options: { dryRun: true, haltAfter: null, requireLabelScan: false } });
    await load(1);
    await load(1, { line: OTHER_LINE });
    await load(2);
    const named = [count('OTHER', '2026-11-23T18:00:00.000Z'), count('JOB-4711', '2026-11-24T00:00:00.000Z')];
    const facts = { title: 'Terminals, line 3', set: TEST_SET, count: 3, state: 'open', ...TIMES };
    expect(await orders.list(actorOf(OLGA), named)).toEqual([
      {
        ...{ workOrder: 'JOB-2', exports: 0, receipts: 0, time: '2026-11-24T12:00:00.000Z', unit: null },
        order: { ...facts, lines: 1, done: 0, dryRun: true },
      },
      { ...named[1], order: { ...facts, lines: 2, done: 1, dryRun: false }, unit: null },
      { ...named[0], order: null, unit: null },
    ]);
    expect(await orders.list(STRANGER, [])).toEqual([]);
    expect(await orders.list(CLI, [])).toHaveLength(2);
  });

  it('has only the orders with a unit that ends with the digits, and this unit', async () => {
    await issue();
    await issue({ id: 'JOB-2', units: [unit(7)] });
    await load(3, { hasReceipt: false });
    const found = await orders.list(CLI, [count('OTHER', NOW)], unit(3).slice(-4));
    expect(found).toMatchObject([{ workOrder: 'JOB-4711', unit: { sn: unit(3), count: 1, exports: 1, proven: 0 } }]);
    expect(await orders.list(CLI, [], '9999')).toEqual([]);
  });
});

describe('the progress of an order', () => {
  const progress = (seen?: string) => orders.progress(orders.find('JOB-4711', CLI), seen);

  it('has all units with exports, then only those that changed since a version', async () => {
    await issue({ lines: [LINE, OTHER_LINE] });
    const empty = progress();
    expect(empty).toMatchObject({ state: 'open', reason: null, time: NOW, done: 0, units: [] });
    await load(1);
    const { sendReceipt } = await load(2, { hasReceipt: false });
    await load(2, { line: OTHER_LINE });
    const all = progress();
    expect(all.units).toEqual([
      { sn: unit(1), exports: 1, proven: 1 },
      { sn: unit(2), exports: 2, proven: 1 },
    ]);
    expect(progress(empty.version).units).toEqual(all.units);
    expect(progress(all.version)).toEqual({ ...all, units: [] });
    await sendReceipt();
    const after = progress(all.version);
    expect(after).toMatchObject({ done: 1, units: [{ sn: unit(2), exports: 2, proven: 2 }] });
    expect(progress(after.version)).toMatchObject({ done: 1, units: [] });
    expect(progress('foreign-0-3').units).toHaveLength(2);
    // After a restart, earlier versions are no longer valid, so all units are listed again.
    orders = setup.start();
    expect(progress(after.version).units).toHaveLength(2);
    expect(after.version).toMatch(/^[0-9a-f]{12}-0-6$/);
  });
});

describe('a station report', () => {
  beforeEach(() => issue().then(() => undefined));

  it('is recorded with what has changed', async () => {
    await report([unitReport(1, { reason: 'broken' }), unitReport(2)], { absentReason: 'later' });
    expect(await newest()).toMatchObject({ event: 'work-order-reported', actor: 'olga' });
    expect((await newest())?.details).toEqual({ workOrder: 'JOB-4711', units: 2, build: 'b7' });
    const { app, head } = STATION_REPORT;
    const units = [unitReport(1, { reason: 'broken' }), unitReport(2)];
    expect(JSON.parse(service.newestRecord())).toEqual({ app, head, units, absentReason: 'later' });
    const { stations, absentReason } = orders.find('JOB-4711', CLI);
    expect([stations, absentReason]).toEqual([[{ operator: 'olga', app, head, time: NOW }], 'later']);
    await report([unitReport(1), unitReport(2, { outcome: 'unknown' })]);
    expect((await newest())?.details.units).toBe(1);
  });

  it('is refused for a unit that is not on the order, and for an unknown order', async () => {
    const refused = refusal('unit-not-listed', `Unit ${unit(4)} is not on work order JOB-4711.`);
    await expect(report([unitReport(1), unitReport(4)])).rejects.toThrow(refused);
    await expect(orders.report('JOB-1', STATION_REPORT, CLI)).rejects.toThrow(refusal('order-unknown'));
    expect(orders.find('JOB-4711', CLI).stations).toEqual([]);
  });

  it('is refused when the log does not have the entry that the station saw', async () => {
    const { sequence, hash } = service.log.head;
    await report([], { head: { sequence, hash } });
    for (const head of [
      { sequence, hash: toBase64url(new Uint8Array(32)) },
      { sequence: sequence + 2, hash },
    ]) {
      const why = `Entry ${head.sequence} of the audit log is not the one that this station saw. Inform an auditor.`;
      await expect(report([], { head })).rejects.toThrow(refusal('request-refused', why));
    }
    expect(orders.find('JOB-4711', CLI).stations).toHaveLength(1);
  });

  it('of a closed order changes nothing', async () => {
    await orders.close('JOB-4711', 'later', CLI);
    const { sequence } = service.log.head;
    await report([unitReport(1)]);
    expect([service.log.head.sequence, reportedUnit(1)]).toEqual([sequence, undefined]);
  });

  const [early, late] = ['2026-11-23T08:00:00.000Z', '2026-11-23T09:00:00.000Z'];
  it.each<[string, Partial<StationUnitJson>, Partial<StationUnitJson>, Partial<StationUnitJson>]>([
    [
      'keeps the reason and times of an equal outcome',
      { reason: 'r', begun: early, ended: early },
      {},
      { reason: 'r', begun: early, ended: early },
    ],
    [
      'takes newer times of an equal outcome',
      { reason: 'r', begun: early, ended: early },
      { begun: late, ended: late },
      { reason: 'r', begun: late, ended: late },
    ],
    ['takes a new reason', { reason: 'r', begun: early }, { reason: 's' }, { reason: 's' }],
    [
      'takes another outcome of a unit that was attached',
      { reason: 'r', outcome: 'unknown' },
      { begun: late },
      { begun: late },
    ],
    ['takes any other outcome', { reason: 'r' }, { outcome: 'unknown' }, { outcome: 'unknown' }],
    [
      'keeps the outcome when a station has not loaded the unit',
      { reason: 'r', outcome: 'unknown' },
      {},
      { reason: 'r', outcome: 'unknown' },
    ],
    ['takes a failure for an absent unit', { reason: 'r', outcome: 'absent' }, {}, {}],
  ])('%s', async (_name, before, next, expected) => {
    await report([unitReport(1, before)]);
    await report([unitReport(1, next)]);
    expect(reportedUnit(1)).toEqual(unitReport(1, expected));
  });
});

describe('the balance', () => {
  it('counts a unit as done by receipts alone, and the last report of the others', async () => {
    await issue({ lines: [LINE, OTHER_LINE], units: [[unit(1), unit(7)]] });
    await load(1);
    await load(1, { line: OTHER_LINE });
    await load(2);
    await load(4);
    await report([
      unitReport(1),
      unitReport(2, { outcome: 'failed', reason: 'broken' }),
      unitReport(3, { outcome: 'done', reason: 'said so' }),
      unitReport(5, { outcome: 'absent', reason: 'lost' }),
      unitReport(7, { outcome: 'unknown' }),
    ]);
    const { gaps, missing, mayClose, ...sums } = orders.balance('JOB-4711', CLI, 'later');
    expect(sums).toMatchObject({ total: 7, done: 1, failed: 1, unknown: 3, absent: 2 });
    expect(gaps).toEqual([
      { sn: unit(2), outcome: 'failed', reason: 'broken' },
      { sn: unit(3), outcome: 'unknown', reason: 'said so' },
      { sn: unit(4), outcome: 'unknown', reason: null },
      { sn: unit(5), outcome: 'absent', reason: 'lost' },
      { sn: unit(6), outcome: 'absent', reason: 'later' },
      { sn: unit(7), outcome: 'unknown', reason: null },
    ]);
    expect([missing.length, mayClose]).toEqual([2, false]);
    expect(orders.balance('JOB-4711', CLI).missing).toHaveLength(3);
    await report([], { absentReason: 'reported' });
    expect(orders.balance('JOB-4711', CLI).gaps[4]?.reason).toBe('reported');
  });
});

describe('an export of a unit that is not on the order', () => {
  it('does not prevent its closing', async () => {
    // The exports were made before an order of this number was issued.
    await load(9);
    await load(1);
    await issue();
    expect(orders.balance('JOB-4711', CLI, 'later')).toMatchObject({ unlisted: [], mayClose: true, done: 1 });
  });
});

describe('closing', () => {
  it('needs a reason for each unit that is not done, and happens once', async () => {
    await issue();
    await load(1);
    expect(await orders.close('JOB-4711', null, CLI)).toMatchObject({ closed: false, balance: { mayClose: false } });
    expect(orders.find('JOB-4711', CLI).state).toBe('open');
    expect(await orders.close('JOB-4711', 'later', actorOf(OLGA))).toMatchObject({
      closed: true,
      balance: { done: 1 },
    });
    expect(await newest()).toMatchObject({ event: 'work-order-closed', actor: 'olga' });
    expect((await newest())?.details).toEqual({
      ...{ workOrder: 'JOB-4711', done: 1, failed: 0, unknown: 0, absent: 2, absentReason: 'later' },
    });
    const { log } = service;
    const closed = { state: 'closed', absentReason: 'later', closed: { by: 'olga', head: log.head } };
    expect(orders.find('JOB-4711', CLI)).toMatchObject(closed);
    expect(await orders.close('JOB-4711', 'again', CLI)).toMatchObject({ closed: true });
    expect(orders.find('JOB-4711', CLI)).toMatchObject(closed);
  });

  it.each(['close', 'revoke'] as const)('waits for exports that are in progress (%s)', async (kind) => {
    await issue();
    const events: string[] = [];
    const { run, end } = heldAction('export', events);
    const exported = service.lock.shared(run);
    const { sequence } = service.log.head;
    const ended = orders[kind]('JOB-4711', 'later', CLI);
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(service.log.head.sequence).toBe(sequence);
    end();
    await Promise.all([exported, ended]);
    expect(service.log.head.sequence).toBe(sequence + 1);
  });
});

describe('a revocation', () => {
  it('has a reason in the log, and ends the order', async () => {
    await issue({ id: 'JOB 1' });
    const entry = await orders.revoke('JOB\u00a01', 'laptop lost', actorOf(OLGA));
    expect(entry).toMatchObject({ state: 'revoked', reason: 'laptop lost' });
    expect(await newest()).toMatchObject({ event: 'work-order-revoked', actor: 'olga' });
    expect((await newest())?.details).toEqual({ workOrder: 'JOB 1', reason: 'laptop lost' });
    await expect(orders.revoke('JOB 1', 'x', STRANGER)).rejects.toThrow(refusal('order-unknown'));
  });

  it('is refused for a closed order', async () => {
    await issue();
    await orders.close('JOB-4711', 'later', CLI);
    const refused = refusal('order-ended', 'Work order JOB-4711 is closed.');
    await expect(orders.revoke('JOB-4711', 'x', CLI)).rejects.toThrow(refused);
  });
});
