// Work orders over HTTP: the roles that may issue, see and revoke an order, the exports that an
// order permits, and repeated exports for the same unit and line.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { allowUnits } from '#as-service/sets/sets.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import type { OrderJson, WorkOrdersJson } from '#protocol/orders/messages.ts';
import { decodeWorkOrder } from '#protocol/orders/order.ts';
import { Certificates } from '#protocol/service/certificates.ts';
import type { ExportAnswerJson, ProblemJson, Role } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { exportRequest, fillTestAs, refusalOf } from '#test/support/as-service.ts';
import { exportFor, LINE, load, newOrder, ORDER_PATH, OrderSetup, sendReceipt, unit } from '#test/support/orders.ts';

const DAY_MS = 86_400_000;

let service: OrderSetup;
let now: Date;

beforeEach(async () => {
  now = new Date();
  service = await OrderSetup.open({ now: () => now });
});
afterEach(() => service.close());

const lastEvent = async () => (await service.events()).at(-1);
const issueRefusal = (change: object) =>
  refusalOf(service.call(service.custodian, '/v1/work-orders', newOrder(change)));

describe('a work order', () => {
  it('is issued with versions and check values, signed by a certified key for orders, and logged', async () => {
    const { order: envelope, state, units } = await service.issue();
    const { root, certificates } = service.as.signatures.trust;
    const trusted = await Certificates.from(fromBase64url(root), certificates, isSignedBy);
    const order = decodeWorkOrder((await trusted.open(envelope, 'work-order')).value);
    expect(order).toMatchObject({
      id: 'JOB-4711',
      count: 3,
      units: [[unit(1), unit(3)]],
      lines: [{ ...LINE, akv: 1, label: 'Data key' }],
      service: 'Keyferry AS',
    });
    expect(order.lines[0]?.kcv).toMatch(/^[0-9A-F]{10}$/);
    expect([state, units]).toEqual(['open', []]);
    expect(await lastEvent()).toMatchObject({ event: 'work-order-issued', actor: 'carl' });
  });

  it('keeps a number with blanks over a restart, and no other order may use the number', async () => {
    const id = 'A-7 ü+&';
    const first = await service.issue({ id: ` A-7\u00A0u\u0308+& ` });
    await service.reopen();
    const shown = await service.show(service.olga.token, `/v1/work-orders/${encodeURIComponent(id)}`);
    expect(shown).toMatchObject({ order: first.order, state: 'open' });
    expect(await issueRefusal({ id })).toEqual(['request-refused', expect.stringMatching(/already/)]);
  });

  it.each([
    ['A/7', /^body\.id contains \/, which web addresses cannot carry: write - instead\./],
    ['A.', /^body\.id begins or ends with a dot/],
    ['JOB-\u202E1174', /^body\.id contains U\+202E RIGHT-TO-LEFT OVERRIDE at position 5\. Type the text again\./],
  ])('is not issued under the number %j', async (id, words) => {
    expect(await issueRefusal({ id })).toEqual(['request-refused', expect.stringMatching(words)]);
  });

  it('of an earlier version can be read and worked under a number that is refused today', async () => {
    const ids = ['A/7 ü?#%', 'JOB\u00A04711', 'JOB-\u202E1174'];
    for (const id of ids) await service.as.orders.issue(newOrder({ id }), { name: 'cli test' });
    await service.reopen();
    for (const id of ids) {
      const path = `/v1/work-orders/${encodeURIComponent(id)}`;
      expect(await service.show(service.olga.token, path)).toMatchObject({ state: 'open' });
      const { answer } = await exportFor(service.olga, unit(1), { workOrder: id });
      expect(answer).toHaveProperty('exportId');
    }
  });

  it.each<[Role, number]>([
    ['operator', 403],
    ['auditor', 403],
    ['custodian', 200],
    ['administrator', 200],
  ])('that the role %s tries to issue or revoke leads to status %i', async (role, status) => {
    const token = await service.addOperator('test', role);
    expect((await service.call(token, '/v1/work-orders', newOrder())).status).toBe(status);
    if (status !== 200) await service.issue();
    expect((await service.revoke(token)).status).toBe(status);
  });

  it('is visible to every role, but not to operators of other sets', async () => {
    await service.issue();
    for (const role of ['operator', 'auditor', 'administrator'] as const) {
      const token = await service.addOperator(`one-${role}`, role);
      expect((await service.show(token)).state).toBe('open');
    }
    const other = await service.addOperator('other', 'operator', { sets: [5] });
    expect(await service.problem(other, ORDER_PATH)).toBe('order-unknown');
    expect((await service.json<WorkOrdersJson>(other, '/v1/work-orders')).workOrders).toEqual([]);
    const custodian = await service.addOperator('other-custodian', 'custodian', { sets: [5] });
    expect(await service.problem(custodian, '/v1/work-orders', newOrder({ id: 'X' }))).toBe('set-unknown');
  });

  it.each<[string, object, ProblemCode]>([
    ['an unknown set', { set: 9 }, 'set-unknown'],
    ['an unknown key', { lines: [{ ref1: 9, ref2: 2 }] }, 'key-unknown'],
    ['a slot that the key does not permit', { lines: [{ ref1: 0x0103, ref2: 1 }] }, 'slot-not-permitted'],
    ['one slot twice', { lines: [LINE, { ref1: 0x0104, ref2: 2 }] }, 'request-refused'],
    ['a unit twice', { units: [unit(1), [unit(1), unit(2)]] }, 'request-refused'],
    ['a descending range', { units: [[unit(3), unit(1)]] }, 'request-refused'],
    ['too many units', { units: [[unit(1), unit(90_000)]] }, 'request-refused'],
    ['an end in the past', { until: '2020-01-01T00:00:00Z' }, 'request-refused'],
    [
      'an end before its beginning',
      { notBefore: '2090-01-02T00:00:00Z', until: '2090-01-01T00:00:00Z' },
      'request-refused',
    ],
    ['no units', { units: [] }, 'request-refused'],
    ['no lines', { lines: [] }, 'request-refused'],
    ['a malformed SN', { units: ['1'] }, 'request-refused'],
  ])('with %s is not issued', async (_name, change, code) => {
    expect((await issueRefusal(change))[0]).toBe(code);
    expect(await service.as.orders.list({ name: '' }, [])).toEqual([]);
  });

  it('for units that the set does not admit is not issued', async () => {
    await allowUnits(service.as, 'test', 0xba7c, [unit(1), unit(2)]);
    expect(await issueRefusal({})).toEqual(['unit-not-listed', expect.stringContaining(unit(3))]);
  });

  it('is listed with its counts; so is a number that exports contain but for which there is no order', async () => {
    await service.issue();
    await load(service.olga, unit(1));
    await service.json(service.olga.token, '/v1/exports', exportRequest({ workOrder: 'only named' }));
    const { workOrders } = await service.json<WorkOrdersJson>(service.olga.token, '/v1/work-orders');
    expect(workOrders.find(({ workOrder }) => workOrder === 'JOB-4711')).toMatchObject({
      exports: 1,
      receipts: 1,
      order: { title: 'Terminals, line 3', count: 3, lines: 1, done: 1, state: 'open', dryRun: false },
    });
    expect(workOrders.find(({ workOrder }) => workOrder === 'only named')).toMatchObject({ exports: 1, order: null });
  });
});

describe('the orders with one unit', () => {
  const find = async (digits: string) =>
    (await service.json<WorkOrdersJson>(service.olga.token, `/v1/work-orders?unit=${digits}`)).workOrders;

  it('are found by its SN or the last digits of it, with what is loaded into it', async () => {
    await service.issue();
    await service.issue({ id: 'OTHER', units: [unit(4)] });
    await load(service.olga, unit(2));
    await service.json(service.olga.token, '/v1/exports', exportRequest({ workOrder: 'only named' }));
    for (const digits of [unit(2), unit(2).slice(-4)]) {
      expect(await find(digits)).toMatchObject([
        { workOrder: 'JOB-4711', order: { done: 1 }, unit: { sn: unit(2), count: 1, exports: 1, proven: 1 } },
      ]);
    }
    expect(await find(unit(3))).toMatchObject([{ unit: { sn: unit(3), exports: 0, proven: 0 } }]);
    expect(await find(unit(9))).toEqual([]);
    await service.issue({ id: 'TWICE', units: [unit(5), `F${unit(5).slice(1)}`] });
    expect(await find(unit(5).slice(-4))).toMatchObject([{ workOrder: 'TWICE', unit: { count: 2 } }]);
  });

  it('are found with the loads of each order collected once, and other requests get turns', async () => {
    for (const id of ['ONE', 'TWO']) await service.issue({ id });
    const collect = vi.spyOn(service.as.ledger, 'exportsOf');
    const finding = service.as.orders.list({ name: '' }, [], unit(2));
    expect(collect.mock.calls).toHaveLength(1);
    expect(await finding).toHaveLength(2);
    expect(collect.mock.calls.map(([id]) => id).sort()).toEqual(['ONE', 'TWO']);
  });

  it('are not searched by fewer than four digits', async () => {
    expect(await service.problem(service.olga.token, '/v1/work-orders?unit=002')).toBe('request-refused');
  });
});

describe('an export under a work order', () => {
  it('is made for a unit, key and slot of the order', async () => {
    await service.issue();
    expect((await exportFor(service.olga, unit(2))).answer.exportId).toMatch(/^[\w-]{22}$/);
  });

  it.each<[string, string, object, ProblemCode]>([
    ['a unit that is not on the order', unit(4), {}, 'unit-not-listed'],
    ['a key that is not on the order', unit(1), { ref1: 0x0104 }, 'not-on-order'],
    ['another slot', unit(1), { ref1: 0x0104, ref2: 3 }, 'not-on-order'],
    ['another suite', unit(1), { suite: 2 }, 'not-on-order'],
  ])('is refused for %s, and the log records the refusal', async (_name, sn, change, code) => {
    await service.issue({ suite: 1 });
    expect((await service.exportRefusal(sn, change))[0]).toBe(code);
    expect(await lastEvent()).toMatchObject({ event: 'export-refused', details: { code } });
    expect(service.as.ledger.lastXc).toBe(0);
  });

  it('is refused for another set, and for a dry run', async () => {
    await fillTestAs(service.as, { set: 7 });
    await service.issue();
    await service.issue({ id: 'DRY', options: { dryRun: true, haltAfter: null, requireLabelScan: false } });
    const refused = (change: object) => service.exportRefusal(unit(1), change);
    expect(await refused({ set: 7 })).toEqual(['not-on-order', expect.stringMatching(/another set/)]);
    expect(await refused({ workOrder: 'DRY' })).toEqual(['not-on-order', expect.stringMatching(/dry run/)]);
  });

  it('is refused before and after the validity of the order', async () => {
    const at = (days: number) => new Date(Date.now() + days * DAY_MS);
    await service.issue({ notBefore: at(1).toISOString(), until: at(2).toISOString() });
    expect(await service.exportRefusal(unit(1))).toEqual(['order-ended', expect.stringMatching(/begins at/)]);
    now = at(1.5);
    await exportFor(service.station(await service.addOperator('during')), unit(1));
    now = at(2.5);
    const after = service.station(await service.addOperator('after'));
    expect(await service.exportRefusal(unit(2), {}, after)).toEqual(['order-ended', expect.stringMatching(/ended at/)]);
  });

  it('is refused at every station once the order is revoked, even after a restart', async () => {
    await service.issue();
    const { request, answer } = await exportFor(service.olga, unit(1));
    expect(((await (await service.revoke()).json()) as OrderJson).state).toBe('revoked');
    for (let i = 0; i < 2; i++) {
      expect(await service.exportRefusal(unit(2))).toEqual(['order-ended', expect.stringMatching(/laptop lost/)]);
      expect((await service.exportRefusal(unit(2), {}, service.otto))[0]).toBe('order-ended');
      await service.reopen({ now: () => now });
    }
    expect(await service.show()).toMatchObject({ state: 'revoked', reason: 'laptop lost' });
    // The receipt of an earlier export is still accepted.
    expect((await sendReceipt(service.olga, request, answer)).verdict).toBeDefined();
  });

  it('is the only export for an operator who is limited to work orders, but not for others', async () => {
    await service.issue();
    const limited = await service.addOperator('lena', 'operator', { ordersOnly: true });
    const problemOf = (change: object, token = limited) =>
      service.problem(token, '/v1/exports', exportRequest({ sn: unit(1), ...change }));
    expect(await problemOf({})).toBe('not-on-order');
    expect(await problemOf({ workOrder: 'made up' })).toBe('not-on-order');
    expect(await problemOf({ workOrder: 'JOB-4711' })).toBe('');
    expect(await problemOf({ sn: unit(9) }, service.olga.token)).toBe('');
  });
});

describe('a second export for the same unit and line', () => {
  it('needs a reason at every station, even after a restart, and the log records the reason', async () => {
    await service.issue();
    await exportFor(service.olga, unit(1));
    await service.reopen({ now: () => now });
    expect((await service.exportRefusal(unit(1)))[0]).toBe('reason-needed');
    expect((await service.exportRefusal(unit(1), {}, service.otto))[0]).toBe('reason-needed');
    const { answer } = await exportFor(service.otto, unit(1), { reason: 'unit lost power' });
    expect(answer.exportId).toMatch(/^[\w-]{22}$/);
    expect(await lastEvent()).toMatchObject({
      event: 'export',
      actor: 'otto',
      details: { sn: unit(1), workOrder: 'JOB-4711', reason: 'unit lost power' },
    });
    expect((await service.show()).units).toEqual([{ sn: unit(1), exports: 2, proven: 0 }]);
  });

  it('does not happen when the same request or challenge is repeated', async () => {
    await service.issue();
    const { request, answer } = await exportFor(service.olga, unit(1));
    const send = (body: object) => service.json<ExportAnswerJson>(service.olga.token, '/v1/exports', body);
    const again = await send(request);
    const other = await send({ ...request, idempotencyKey: 'A'.repeat(22) });
    expect([again.data, other.data]).toEqual([answer.data, answer.data]);
  });

  it('is refused even if two stations send their requests at the same time', async () => {
    await service.issue();
    const requests = Array.from({ length: 8 }, (_, i) => exportFor(i % 2 === 0 ? service.olga : service.otto, unit(1)));
    const answers = (await Promise.all(requests)).map(
      ({ answer }) => answer as Partial<ExportAnswerJson & ProblemJson>,
    );
    expect(answers.filter(({ exportId }) => exportId !== undefined)).toHaveLength(1);
    expect(answers.filter(({ type }) => type === `${PROBLEM_BASE}reason-needed`)).toHaveLength(7);
  });

  it('needs no reason if there is no order with the number that the export contains', async () => {
    for (let i = 0; i < 2; i++) {
      expect((await exportFor(service.olga, unit(1), { workOrder: 'old' })).answer.exportId).toBeDefined();
    }
  });

  it('with another reason under the same idempotency key is a conflict', async () => {
    await service.issue();
    await exportFor(service.olga, unit(1));
    const { request } = await exportFor(service.olga, unit(1), { reason: 'one' });
    const other = { ...request, reason: 'two' };
    expect(await service.problem(service.olga.token, '/v1/exports', other)).toBe('idempotency-conflict');
  });
});
