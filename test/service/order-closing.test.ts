// Closing of work orders: station reports, the balance computed from receipts, and the report of
// the order.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusalOf, TEST_SN } from '#test/support/as-service.ts';
import {
  exportFor,
  fetchReport,
  judge,
  load,
  newOrder,
  ORDER_PATH,
  OrderSetup,
  report,
  sendReceipt,
  stationReport,
  stationUnit,
  unit,
} from '#test/support/orders.ts';
import { OTHER_SN, VaultSetup } from '#test/support/vault-service.ts';

const REPORT_PATH = `${ORDER_PATH}/report`;

let service: OrderSetup;

beforeEach(async () => {
  service = await OrderSetup.open();
});
afterEach(() => service.close());

describe('closing', () => {
  it('is refused with a list of the units that have no reason, until every unit has one', async () => {
    const { olga } = service;
    await service.issue();
    await load(olga, unit(1));
    const first = await report(olga, { close: true });
    expect(first).toMatchObject({ closed: false, balance: { total: 3, done: 1, absent: 2, mayClose: false } });
    expect(first.balance.missing.map(({ sn }) => sn)).toEqual([unit(2), unit(3)]);
    expect(await refusalOf(service.call(olga.token, REPORT_PATH))).toEqual([
      'request-refused',
      expect.stringMatching(/not closed yet/),
    ]);
    const failed = stationUnit(unit(2), { outcome: 'failed', reason: 'memory failure' });
    const second = await report(olga, { units: [failed], close: true });
    expect(second.balance.missing.map(({ sn }) => sn)).toEqual([unit(3)]);
    const third = await report(olga, { absentReason: 'not delivered', close: true });
    expect(third).toMatchObject({ closed: true, balance: { done: 1, failed: 1, absent: 1, missing: [] } });
    expect((await service.show()).state).toBe('closed');
    expect(await service.exportRefusal(unit(3))).toEqual(['order-ended', expect.stringMatching(/closed/)]);
  });

  it('counts the units and the station reports of all stations, even after a restart', async () => {
    const { olga, otto } = service;
    await service.issue();
    await load(olga, unit(1));
    await load(otto, unit(2));
    await report(otto, { units: [stationUnit(unit(3), { outcome: 'failed', reason: 'refused the key' })] });
    await service.reopen();
    expect(await report(olga, { units: [stationUnit(unit(1))], close: true })).toMatchObject({ closed: true });
    const { rows } = await fetchReport(olga);
    expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['done', null],
      ['done', null],
      ['failed', 'refused the key'],
    ]);
  });

  it('lists a station once that first asks how the order would end, even after a restart', async () => {
    const { olga, otto } = service;
    await service.issue();
    const failed = (n: number, reason: string | null = null) => stationUnit(unit(n), { outcome: 'failed', reason });
    await report(olga, { units: [failed(1)] });
    await report(otto, { units: [failed(2)] });
    await report(olga, { units: [failed(1)] });
    await report(olga, { units: [failed(3)] }); // another station of the same operator
    await report(olga, { units: [failed(3)] });
    const reasons = [1, 2, 3].map((n) => failed(n, 'refused the key'));
    expect(await report(olga, { units: reasons, close: true })).toMatchObject({ closed: true });
    const stations = async () =>
      (await judge(service.as, await fetchReport(olga))).summary?.stations.map(({ operator }) => operator);
    expect(await stations()).toEqual(['olga', 'otto', 'olga', 'olga']);
    await service.reopen();
    expect(await stations()).toEqual(['olga', 'otto', 'olga', 'olga']);
  });

  it.each(['failed', 'unknown', 'absent'] as const)(
    'keeps the reason for "%s" while the unit waits at another station',
    async (outcome) => {
      const { olga, otto } = service;
      await service.issue({ units: [unit(1)] });
      const ended = '2026-01-02T03:04:05Z';
      await report(otto, { units: [stationUnit(unit(1), { outcome, reason: 'memory failure', begun: ended, ended })] });
      const waiting = stationUnit(unit(1), { outcome: 'failed' });
      for (const _ of [1, 2]) await report(olga, { units: [waiting] });
      const { closed, balance } = await report(olga, { close: true });
      // A unit that waits at a station is not absent.
      expect(balance.missing).toMatchObject(outcome === 'absent' ? [{ sn: unit(1), outcome: 'failed' }] : []);
      expect([closed, balance[outcome]]).toEqual(outcome === 'absent' ? [false, 0] : [true, 1]);
      if (!closed) return;
      const { rows } = await fetchReport(olga);
      expect(rows).toMatchObject([{ outcome, reason: 'memory failure', begun: ended, ended }]);
    },
  );

  it('counts a unit as done only by its receipts, not by a station report', async () => {
    const { olga } = service;
    await service.issue({ units: [unit(1)] });
    const reported = { units: [stationUnit(unit(1))], close: true };
    expect(await report(olga, reported)).toMatchObject({ closed: false, balance: { done: 0, unknown: 1 } });
    // A unit with an export is not absent, so the reason for absent units does not apply.
    await exportFor(olga, unit(1));
    expect(await report(olga, { absentReason: 'not delivered', close: true })).toMatchObject({
      closed: false,
      balance: { missing: [{ sn: unit(1), outcome: 'unknown' }] },
    });
  });

  it('refuses a report on a unit that is not on the order, and a report by an auditor', async () => {
    await service.issue();
    const strange = stationReport({ units: [stationUnit(unit(9))] });
    expect(await service.problem(service.olga.token, REPORT_PATH, strange)).toBe('unit-not-listed');
    const auditor = await service.addOperator('anna', 'auditor');
    expect(await service.problem(auditor, REPORT_PATH, stationReport())).toBe('not-allowed');
  });

  it('compares the audit head of a station with the log', async () => {
    await service.issue();
    const { sequence, hash } = service.as.log.head;
    expect(await report(service.olga, { head: { sequence, hash } })).toMatchObject({ closed: false });
    for (const wrong of [sequence - 1, sequence + 100]) {
      const body = stationReport({ head: { sequence: wrong, hash } });
      expect(await service.problem(service.olga.token, REPORT_PATH, body)).toBe('request-refused');
    }
  });

  it('happens once: a second closing changes nothing', async () => {
    const { olga, otto } = service;
    await service.issue({ units: [unit(1)] });
    await load(olga, unit(1));
    expect((await report(olga, { close: true })).closed).toBe(true);
    const before = service.as.log.head.sequence;
    const again = await report(otto, { units: [stationUnit(unit(1), { outcome: 'failed' })], close: true });
    expect(again.closed).toBe(true);
    expect(service.as.log.head.sequence).toBe(before);
    expect((await refusalOf(service.revoke()))[0]).toBe('order-ended');
  });

  it('counts the exports of a vault after its journal is returned, with the verdicts', async () => {
    const setup = await VaultSetup.open();
    const order = newOrder({
      units: [TEST_SN, OTHER_SN],
      notBefore: '2026-11-01T00:00:00Z',
      until: '2027-11-01T00:00:00Z',
    });
    await setup.json(setup.custodian, '/v1/work-orders', order);
    const vault = await setup.unlock(await setup.issue());
    vault.workOrder = 'JOB-4711';
    await setup.load(vault, 1);
    const station = { app: setup.app, token: setup.operator };
    const before = await report(station, { units: [stationUnit(TEST_SN)], close: true });
    expect(before).toMatchObject({ closed: false, balance: { done: 0, unknown: 1, absent: 1 } });
    await setup.returnJournal(vault);
    const after = await report(station, { absentReason: 'not delivered', close: true });
    expect(after).toMatchObject({ closed: true, balance: { done: 1, absent: 1 } });
    const verdict = await judge(setup.as, await fetchReport(station));
    expect([verdict.faults, verdict.units[0]?.loads[0]?.verdict?.operator]).toEqual([[], 'vault 0001']);
    await setup.close();
  });

  it('makes one report for concurrent requests, and a new one after a late receipt', async () => {
    const { olga, otto } = service;
    await service.issue({ units: [unit(1), unit(2)] });
    await load(olga, unit(1));
    const { request, answer } = await exportFor(olga, unit(2));
    await report(olga, { units: [stationUnit(unit(2), { outcome: 'unknown', reason: 'unplugged' })], close: true });
    const [first, ...others] = await Promise.all([olga, otto, olga].map((station) => fetchReport(station)));
    expect(others).toEqual([first, first]);
    await sendReceipt(olga, request, answer);
    const late = await fetchReport(olga);
    expect(late.rows.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect((await judge(service.as, late)).faults).toEqual([]);
  });

  it('leads to a genuine report even years later, when the AS has new signing keys', async () => {
    const later = new Date();
    later.setUTCFullYear(later.getUTCFullYear() + 4);
    await service.issue({ units: [unit(1)], until: new Date(later.getTime() + 86_400_000).toISOString() });
    await load(service.olga, unit(1));
    await service.reopen({ now: () => later });
    const oskar = service.station(await service.addOperator('oskar'));
    expect((await report(oskar, { close: true })).closed).toBe(true);
    const verdict = await judge(service.as, await fetchReport(oskar));
    expect([verdict.faults, verdict.units.map(({ proven }) => proven)]).toEqual([[], [true]]);
  });

  it('of a revoked order leads to a report of the loads before the revocation', async () => {
    await service.issue();
    await load(service.olga, unit(1));
    await service.revoke();
    expect((await report(service.otto, { absentReason: 'laptop lost', close: true })).closed).toBe(true);
    const verdict = await judge(service.as, await fetchReport(service.otto));
    expect(verdict).toMatchObject({ genuine: true, summary: { totals: { done: 1, absent: 2 } } });
  });
});
