// Work orders over HTTP: who may issue, revoke and close them, what an export under one must be, several laptops, and the balance.
import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addOperator, issueToken } from '#as-service/operators/operators.ts';
import type { As } from '#as-service/service/as.ts';
import { allowUnits } from '#as-service/sets/sets.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { Certificates } from '#protocol/orders/certificates.ts';
import type { OrderJson } from '#protocol/orders/messages.ts';
import { decodeWorkOrder } from '#protocol/orders/order.ts';
import type { ExportAnswerJson, ProblemJson, Role, WorkOrdersJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { exportFor, load, newOrder, type Station, unit } from '#test/support/orders.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let as: As;
let app: Hono;
let now: Date;
let custodian: string;
let olga: Station;
let otto: Station;

beforeEach(async () => {
  folder = await temporaryFolder();
  now = new Date();
  await open();
  await fillTestAs(as);
  custodian = await addTestOperator(as, 'carl', 'custodian');
  olga = { app, token: await addTestOperator(as, 'olga') };
  otto = { app, token: await addTestOperator(as, 'otto') };
});
afterEach(async () => {
  await as.close();
  await folder.remove();
});

async function open() {
  as = await openTestAs(folder.path, { now: () => now });
  app = createTestApp(as);
}

async function reopen() {
  await as.close();
  await open();
  olga = { ...olga, app };
  otto = { ...otto, app };
}

const issue = (change = {}) => callJson<OrderJson>(app, custodian, '/v1/work-orders', newOrder(change));
const show = (who = olga.token, id = 'JOB-4711') =>
  callJson<OrderJson>(app, who, `/v1/work-orders/${encodeURIComponent(id)}`);
const revoke = (who = custodian) => call(app, who, '/v1/work-orders/JOB-4711/revoke', { reason: 'laptop lost' });

async function refusal(response: Response | Promise<Response>): Promise<readonly [string, string]> {
  const { type, detail } = (await (await response).json()) as ProblemJson;
  return [type.replace(PROBLEM_BASE, ''), detail];
}
const exportRefusal = (sn: string, change = {}, who = olga) =>
  refusal(call(app, who.token, '/v1/exports', exportRequest({ ref1: 0x0103, sn, workOrder: 'JOB-4711', ...change })));
const events = async () => {
  const lines = await as.log.read(1, as.log.head.sequence);
  return lines.map(({ entry }) => entry);
};

describe('a work order', () => {
  it('is issued with versions and check values, signed by a certified key of its own, and in the log', async () => {
    const { order: envelope, state, units } = await issue();
    const { root, certificates } = as.signatures.trust;
    const trusted = await Certificates.from(fromBase64url(root), certificates, isSignedBy);
    const order = decodeWorkOrder((await trusted.open(envelope, 'work-order')).value);
    expect(order).toMatchObject({
      id: 'JOB-4711',
      count: 3,
      units: [[unit(1), unit(3)]],
      lines: [{ ref1: 0x0103, ref2: 2, akv: 1, label: 'Data key' }],
      service: 'Keyferry AS',
    });
    expect(order.lines[0]?.kcv).toMatch(/^[0-9A-F]{10}$/);
    expect([state, units]).toEqual(['open', []]);
    expect((await events()).at(-1)).toMatchObject({ event: 'work-order-issued', actor: 'carl' });
  });

  it('keeps its number for good, also one with slashes and blanks in it, and is the same after a restart', async () => {
    const first = await issue({ id: 'A/7 ü?#%' });
    await reopen();
    expect(await show(olga.token, 'A/7 ü?#%')).toMatchObject({ order: first.order, state: 'open' });
    expect(await refusal(call(app, custodian, '/v1/work-orders', newOrder({ id: 'A/7 ü?#%' })))).toEqual([
      'request-refused',
      expect.stringMatching(/already/),
    ]);
  });

  it.each<[Role, number]>([
    ['operator', 403],
    ['auditor', 403],
    ['custodian', 200],
    ['administrator', 200],
  ])('may be issued and revoked by %s: %i', async (role, status) => {
    const token = await addTestOperator(as, 'someone', role);
    const answer = await call(app, token, '/v1/work-orders', newOrder());
    expect(answer.status).toBe(status);
    if (status !== 200) await issue();
    expect((await revoke(token)).status).toBe(status);
  });

  it('is seen by every role, and by nobody whose sets are others', async () => {
    await issue();
    for (const role of ['operator', 'auditor', 'administrator'] as const) {
      const token = await addTestOperator(as, `one-${role}`, role);
      expect((await show(token)).state).toBe('open');
    }
    const stranger = await addTestOperator(as, 'stranger', 'operator', { sets: [5] });
    const [code] = await refusal(call(app, stranger, '/v1/work-orders/JOB-4711'));
    expect(code).toBe('order-unknown');
    expect((await callJson<WorkOrdersJson>(app, stranger, '/v1/work-orders')).workOrders).toEqual([]);
    const foreign = await addTestOperator(as, 'foreign', 'custodian', { sets: [5] });
    expect((await refusal(call(app, foreign, '/v1/work-orders', newOrder({ id: 'X' }))))[0]).toBe('set-unknown');
  });

  it.each<[string, object, ProblemCode]>([
    ['a set that is not there', { set: 9 }, 'set-unknown'],
    ['a key that is not there', { lines: [{ ref1: 9, ref2: 2 }] }, 'key-unknown'],
    ['a slot that the key may not go into', { lines: [{ ref1: 0x0103, ref2: 1 }] }, 'slot-not-permitted'],
    [
      'one slot twice',
      {
        lines: [
          { ref1: 0x0103, ref2: 2 },
          { ref1: 0x0104, ref2: 2 },
        ],
      },
      'request-refused',
    ],
    ['a unit twice', { units: [unit(1), [unit(1), unit(2)]] }, 'request-refused'],
    ['a range that runs backwards', { units: [[unit(3), unit(1)]] }, 'request-refused'],
    ['more units than an order has', { units: [[unit(1), unit(90_000)]] }, 'request-refused'],
    ['an end in the past', { until: '2020-01-01T00:00:00Z' }, 'request-refused'],
    [
      'an end before its beginning',
      { notBefore: '2090-01-02T00:00:00Z', until: '2090-01-01T00:00:00Z' },
      'request-refused',
    ],
    ['no units', { units: [] }, 'request-refused'],
    ['no lines', { lines: [] }, 'request-refused'],
    ['an SN that is none', { units: ['1'] }, 'request-refused'],
  ])('is not issued with %s', async (_name, change, code) => {
    expect((await refusal(call(app, custodian, '/v1/work-orders', newOrder(change))))[0]).toBe(code);
    expect([...as.orders.list({ name: '' }, [])]).toEqual([]);
  });

  it('is not issued for units that the set does not admit', async () => {
    await allowUnits(as, 'test', 0xba7c, [unit(1), unit(2)]);
    const [code, detail] = await refusal(call(app, custodian, '/v1/work-orders', newOrder()));
    expect([code, detail]).toEqual(['unit-not-listed', expect.stringContaining(unit(3))]);
  });

  it('is listed with what became of it, beside the numbers that exports only named', async () => {
    await issue();
    await load(olga, unit(1));
    await callJson(app, olga.token, '/v1/exports', exportRequest({ workOrder: 'only named' }));
    const { workOrders } = await callJson<WorkOrdersJson>(app, olga.token, '/v1/work-orders');
    expect(workOrders.find(({ workOrder }) => workOrder === 'JOB-4711')).toMatchObject({
      exports: 1,
      receipts: 1,
      order: { title: 'Terminals, line 3', count: 3, lines: 1, state: 'open', dryRun: false },
    });
    expect(workOrders.find(({ workOrder }) => workOrder === 'only named')).toMatchObject({ exports: 1, order: null });
  });
});

describe('an export under a work order', () => {
  it('is made for a unit, key and slot that are on it', async () => {
    await issue();
    expect((await exportFor(olga, unit(2))).answer.exportId).toMatch(/^[\w-]{22}$/);
  });

  it.each<[string, string, object, ProblemCode]>([
    ['a unit that is not on it', unit(4), {}, 'unit-not-listed'],
    ['a key that is not on it', unit(1), { ref1: 0x0104 }, 'not-on-order'],
    ['another slot', unit(1), { ref1: 0x0104, ref2: 3 }, 'not-on-order'],
    ['another suite', unit(1), { suite: 2 }, 'not-on-order'],
  ])('is refused for %s, and the refusal is in the log', async (_name, sn, change, code) => {
    await issue({ suite: 1 });
    expect((await exportRefusal(sn, change))[0]).toBe(code);
    expect((await events()).at(-1)).toMatchObject({ event: 'export-refused', details: { code } });
    expect(as.ledger.lastXc).toBe(0);
  });

  it('is refused for another set, and for a dry run', async () => {
    await fillTestAs(as, { set: 7 });
    await issue();
    await issue({ id: 'DRY', options: { dryRun: true, haltAfter: null, requireLabelScan: false } });
    expect(await exportRefusal(unit(1), { set: 7 })).toEqual(['not-on-order', expect.stringMatching(/another set/)]);
    expect(await exportRefusal(unit(1), { workOrder: 'DRY' })).toEqual([
      'not-on-order',
      expect.stringMatching(/dry run/),
    ]);
  });

  it('is refused before its time, after it, and once it is revoked', async () => {
    const day = 86_400_000;
    const at = (days: number) => new Date(Date.now() + days * day).toISOString();
    await issue({ notBefore: at(1), until: at(2) });
    expect(await exportRefusal(unit(1))).toEqual(['order-ended', expect.stringMatching(/begins at/)]);
    now = new Date(Date.now() + 1.5 * day);
    olga = { app, token: await addTestOperator(as, 'later') };
    await exportFor(olga, unit(1));
    now = new Date(Date.now() + 2.5 * day);
    olga = { app, token: await addTestOperator(as, 'latest') };
    expect(await exportRefusal(unit(2))).toEqual(['order-ended', expect.stringMatching(/ended at/)]);
  });

  it('is refused for every laptop once the order of a lost one is revoked, also after a restart', async () => {
    await issue();
    const { request, answer } = await exportFor(olga, unit(1));
    expect(((await (await revoke()).json()) as OrderJson).state).toBe('revoked');
    for (let i = 0; i < 2; i++) {
      expect(await exportRefusal(unit(2))).toEqual(['order-ended', expect.stringMatching(/laptop lost/)]);
      expect((await exportRefusal(unit(2), {}, otto))[0]).toBe('order-ended');
      await reopen();
    }
    expect(await show()).toMatchObject({ state: 'revoked', reason: 'laptop lost' });
    // What left before is still proven when its receipt comes in.
    const receipt = receiptFor(answer.data, request.random);
    const verdict = await call(app, olga.token, '/v1/receipts', { exportId: answer.exportId, receipt });
    expect(verdict.status).toBe(200);
  });

  it('holds an operator to work orders who is limited to them, and nobody else', async () => {
    await issue();
    const limits = { role: 'operator', sets: null, quota: null, embedded: false, ordersOnly: true } as const;
    await addOperator(as, 'test', { name: 'lena', ...limits });
    const { token } = await issueToken(as, 'test', 'lena', { hours: 8, replace: false });
    const post = (change: object) => call(app, token, '/v1/exports', exportRequest({ sn: unit(1), ...change }));
    expect((await refusal(post({})))[0]).toBe('not-on-order');
    expect((await refusal(post({ workOrder: 'made up' })))[0]).toBe('not-on-order');
    expect((await post({ workOrder: 'JOB-4711' })).status).toBe(200);
    expect((await call(app, olga.token, '/v1/exports', exportRequest({ sn: unit(9) }))).status).toBe(200);
  });
});

describe('a second export for the same unit and line', () => {
  it('needs a reason, from whichever laptop, also after a restart, and the reason is in the log', async () => {
    await issue();
    await exportFor(olga, unit(1));
    await reopen();
    expect((await exportRefusal(unit(1)))[0]).toBe('reason-needed');
    expect((await exportRefusal(unit(1), {}, otto))[0]).toBe('reason-needed');
    const { answer } = await exportFor(otto, unit(1), { reason: 'unit lost power' });
    expect(answer.exportId).toMatch(/^[\w-]{22}$/);
    expect((await events()).at(-1)).toMatchObject({
      event: 'export',
      actor: 'otto',
      details: { sn: unit(1), workOrder: 'JOB-4711', reason: 'unit lost power' },
    });
    expect((await show()).units).toEqual([{ sn: unit(1), exports: 2, proven: 0 }]);
  });

  it('is none when the same request or the same challenge comes again', async () => {
    await issue();
    const { request, answer } = await exportFor(olga, unit(1));
    const again = await callJson<ExportAnswerJson>(app, olga.token, '/v1/exports', request);
    const renamed = { ...request, idempotencyKey: 'A'.repeat(22) };
    const other = await callJson<ExportAnswerJson>(app, olga.token, '/v1/exports', renamed);
    expect([again.data, other.data]).toEqual([answer.data, answer.data]);
  });

  it('is not let through by two laptops that ask at once', async () => {
    await issue();
    const asked = Array.from({ length: 8 }, (_, i) => exportFor(i % 2 === 0 ? olga : otto, unit(1)));
    const answers = (await Promise.all(asked)).map(({ answer }) => answer as Partial<ExportAnswerJson & ProblemJson>);
    expect(answers.filter(({ exportId }) => exportId !== undefined)).toHaveLength(1);
    expect(answers.filter(({ type }) => type === `${PROBLEM_BASE}reason-needed`)).toHaveLength(7);
  });

  it('may be asked for under a number without an order, as ever', async () => {
    for (let i = 0; i < 2; i++)
      expect((await exportFor(olga, unit(1), { workOrder: 'old' })).answer.exportId).toBeDefined();
  });

  it('with another reason under one idempotency key is a conflict', async () => {
    await issue();
    await exportFor(olga, unit(1));
    const { request } = await exportFor(olga, unit(1), { reason: 'one' });
    const other = { ...request, reason: 'two' };
    expect((await refusal(call(app, olga.token, '/v1/exports', other)))[0]).toBe('idempotency-conflict');
  });
});
