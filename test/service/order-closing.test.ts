// Closing a work order: what stations say of their units, what the receipts prove, and that an order closes only when it balances.
import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { As } from '#as-service/service/as.ts';
import type { OrderJson } from '#protocol/orders/messages.ts';
import type { ProblemJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  TEST_SN,
  temporaryFolder,
} from '#test/support/as-service.ts';
import {
  exportFor,
  fetchReport,
  judge,
  load,
  newOrder,
  report,
  type Station,
  stationReport,
  stationUnit,
  unit,
} from '#test/support/orders.ts';
import { OTHER_SN, VaultBench } from '#test/support/vault-service.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let as: As;
let app: Hono;
let custodian: string;
let olga: Station;
let otto: Station;

beforeEach(async () => {
  folder = await temporaryFolder();
  as = await openTestAs(folder.path);
  app = createTestApp(as);
  await fillTestAs(as);
  custodian = await addTestOperator(as, 'carl', 'custodian');
  olga = { app, token: await addTestOperator(as, 'olga') };
  otto = { app, token: await addTestOperator(as, 'otto') };
});
afterEach(async () => {
  await as.close();
  await folder.remove();
});

async function reopen() {
  await as.close();
  as = await openTestAs(folder.path);
  app = createTestApp(as);
  olga = { ...olga, app };
  otto = { ...otto, app };
}

const issue = (change = {}) => callJson<OrderJson>(app, custodian, '/v1/work-orders', newOrder(change));
const show = () => callJson<OrderJson>(app, olga.token, '/v1/work-orders/JOB-4711');
const revoke = () => call(app, custodian, '/v1/work-orders/JOB-4711/revoke', { reason: 'laptop lost' });

async function refusal(response: Response | Promise<Response>): Promise<readonly [string, string]> {
  const { type, detail } = (await (await response).json()) as ProblemJson;
  return [type.replace(PROBLEM_BASE, ''), detail];
}
const exportRefusal = (sn: string) =>
  refusal(call(app, olga.token, '/v1/exports', exportRequest({ ref1: 0x0103, sn, workOrder: 'JOB-4711' })));

describe('closing', () => {
  it('is refused with the list of what is missing, until every gap has a reason', async () => {
    await issue();
    await load(olga, unit(1));
    const first = await report(olga, { close: true });
    expect(first).toMatchObject({ closed: false, balance: { total: 3, done: 1, absent: 2, mayClose: false } });
    expect(first.balance.missing.map(({ sn }) => sn)).toEqual([unit(2), unit(3)]);
    expect(await refusal(call(app, olga.token, '/v1/work-orders/JOB-4711/report'))).toEqual([
      'request-refused',
      expect.stringMatching(/not closed yet/),
    ]);
    const failed = stationUnit(unit(2), { outcome: 'failed', reason: 'memory failure' });
    const second = await report(olga, { units: [failed], close: true });
    expect(second.balance.missing.map(({ sn }) => sn)).toEqual([unit(3)]);
    const third = await report(olga, { absentReason: 'not delivered', close: true });
    expect(third).toMatchObject({ closed: true, balance: { done: 1, failed: 1, absent: 1, missing: [] } });
    expect((await show()).state).toBe('closed');
    expect(await exportRefusal(unit(3))).toEqual(['order-ended', expect.stringMatching(/closed/)]);
  });

  it('counts the units of all laptops, and what each said, also after a restart', async () => {
    await issue();
    await load(olga, unit(1));
    await load(otto, unit(2));
    await report(otto, { units: [stationUnit(unit(3), { outcome: 'failed', reason: 'refused the key' })] });
    await reopen();
    expect(await report(olga, { units: [stationUnit(unit(1))], close: true })).toMatchObject({ closed: true });
    const { rows } = await fetchReport(olga);
    expect(rows.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['done', null],
      ['done', null],
      ['failed', 'refused the key'],
    ]);
  });

  it('believes no station that calls a unit done: only its receipts do', async () => {
    await issue({ units: [unit(1)] });
    const said = { units: [stationUnit(unit(1))], close: true };
    expect(await report(olga, said)).toMatchObject({ closed: false, balance: { done: 0, unknown: 1 } });
    // A unit that was sent a key is no absent one, whatever is said of those that were never there.
    await exportFor(olga, unit(1));
    expect(await report(olga, { absentReason: 'not delivered', close: true })).toMatchObject({
      closed: false,
      balance: { missing: [{ sn: unit(1), outcome: 'unknown' }] },
    });
  });

  it('refuses a report on a unit that is not on the order, and by an auditor', async () => {
    await issue();
    const path = '/v1/work-orders/JOB-4711/report';
    const strange = stationReport({ units: [stationUnit(unit(9))] });
    expect((await refusal(call(app, olga.token, path, strange)))[0]).toBe('unit-not-listed');
    const auditor = await addTestOperator(as, 'anna', 'auditor');
    expect((await refusal(call(app, auditor, path, stationReport())))[0]).toBe('not-allowed');
  });

  it('compares the audit head that a station saw with its own log', async () => {
    await issue();
    const { sequence, hash } = as.log.head;
    expect(await report(olga, { head: { sequence, hash } })).toMatchObject({ closed: false });
    const wrong = await Promise.all(
      [
        { sequence: sequence - 1, hash },
        { sequence: sequence + 100, hash },
      ].map((head) => report(olga, { head })),
    );
    for (const answer of wrong) expect(answer).toMatchObject({ type: `${PROBLEM_BASE}request-refused` });
  });

  it('is done once: asked again it says so, and nothing changes', async () => {
    await issue({ units: [unit(1)] });
    await load(olga, unit(1));
    expect((await report(olga, { close: true })).closed).toBe(true);
    const before = as.log.head.sequence;
    expect((await report(otto, { units: [stationUnit(unit(1), { outcome: 'failed' })], close: true })).closed).toBe(
      true,
    );
    expect(as.log.head.sequence).toBe(before);
    expect((await refusal(revoke()))[0]).toBe('order-ended');
  });

  it('counts what a vault sent once its journal came back, with the verdict on its receipt', async () => {
    const bench = await VaultBench.open();
    const issued = newOrder({
      units: [TEST_SN, OTHER_SN],
      notBefore: '2026-11-01T00:00:00Z',
      until: '2027-11-01T00:00:00Z',
    });
    await callJson(bench.app, bench.custodian, '/v1/work-orders', issued);
    const vault = await bench.take(await bench.issue());
    vault.workOrder = 'JOB-4711';
    await bench.load(vault, 1);
    const station = { app: bench.app, token: bench.operator };
    const before = await report(station, { units: [stationUnit(TEST_SN)], close: true });
    expect(before).toMatchObject({ closed: false, balance: { done: 0, unknown: 1, absent: 1 } });
    await bench.giveBack(vault);
    const after = await report(station, { absentReason: 'not delivered', close: true });
    expect(after).toMatchObject({ closed: true, balance: { done: 1, absent: 1 } });
    const verdict = await judge(bench.as, await fetchReport(station));
    expect([verdict.faults, verdict.units[0]?.loads[0]?.verdict?.operator]).toEqual([[], 'vault 0001']);
    await bench.close();
  });

  it('makes its report once for many who ask, and anew when a late receipt proves more', async () => {
    await issue({ units: [unit(1), unit(2)] });
    await load(olga, unit(1));
    const { request, answer } = await exportFor(olga, unit(2));
    await report(olga, { units: [stationUnit(unit(2), { outcome: 'unknown', reason: 'unplugged' })], close: true });
    const [first, ...others] = await Promise.all([olga, otto, olga].map((who) => fetchReport(who)));
    expect(others).toEqual([first, first]);
    const receipt = receiptFor(answer.data, request.random);
    await callJson(app, olga.token, '/v1/receipts', { exportId: answer.exportId, receipt });
    const late = await fetchReport(olga);
    expect(late.rows.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect((await judge(as, late)).faults).toEqual([]);
  });

  it('years later, under new keys, gives a report that is as genuine', async () => {
    const later = new Date();
    later.setUTCFullYear(later.getUTCFullYear() + 4);
    await issue({ units: [unit(1)], until: new Date(later.getTime() + 86_400_000).toISOString() });
    await load(olga, unit(1));
    await as.close();
    as = await openTestAs(folder.path, { now: () => later });
    app = createTestApp(as);
    const oskar = { app, token: await addTestOperator(as, 'oskar') };
    expect((await report(oskar, { close: true })).closed).toBe(true);
    const verdict = await judge(as, await fetchReport(oskar));
    expect([verdict.faults, verdict.units.map(({ proven }) => proven)]).toEqual([[], [true]]);
  });

  it('of a revoked order gives a report of what was done under it', async () => {
    await issue();
    await load(olga, unit(1));
    await revoke();
    expect((await report(otto, { absentReason: 'laptop lost', close: true })).closed).toBe(true);
    const verdict = await judge(as, await fetchReport(otto));
    expect(verdict).toMatchObject({ genuine: true, summary: { totals: { done: 1, absent: 2 } } });
  });
});
