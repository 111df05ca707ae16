// Repeated and concurrent export requests: one export per idempotency key and per challenge, quotas
// that concurrent requests cannot exceed, and repeated requests that are checked like first
// requests.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { ExportAnswerJson, RecallAnswerJson } from '#protocol/service/messages.ts';
import type { ExportRequestJson } from '#protocol/service/requests.ts';
import { exportRequest, fillTestAs, refusalOf } from '#test/support/as-service.ts';
import { LINE, OrderSetup, unit } from '#test/support/orders.ts';

let service: OrderSetup;
let token: string;
beforeEach(async () => {
  service = await OrderSetup.open();
  token = service.olga.token;
});
afterEach(() => service.close());

const send = (request: object, who = token) => service.call(who, '/v1/exports', request);
const exportKey = async (request: object, who = token) => (await (await send(request, who)).json()) as ExportAnswerJson;
const refusal = async (request: object, who = token) => (await refusalOf(send(request, who)))[0];
const key = (n: number) => toBase64url(new Uint8Array(16).fill(n));
const statuses = async (responses: readonly Promise<Response>[]) =>
  (await Promise.all(responses)).map(({ status }) => status).sort();
const exportCount = async () => (await service.events('export')).length;

describe('an idempotency key', () => {
  it('makes one export for different requests that arrive at the same time', async () => {
    const requests = Array.from({ length: 4 }, () => exportRequest({ idempotencyKey: key(1) }));
    expect(await statuses(requests.map((request) => send(request)))).toEqual([200, 409, 409, 409]);
    expect(await exportCount()).toBe(1);
  });

  it.each([false, true])(
    'that was the second one for a challenge is stored with its export (restart: %s)',
    async (restarts) => {
      const first = exportRequest({ idempotencyKey: key(1) });
      const { exportId } = await exportKey(first);
      expect((await exportKey({ ...first, idempotencyKey: key(2) })).exportId).toBe(exportId);
      if (restarts) await service.reopen();
      const recalled = await service.json<RecallAnswerJson>(token, '/v1/exports:recall', { idempotencyKey: key(2) });
      expect(recalled.exportId).toBe(exportId);
      expect(await refusal(exportRequest({ idempotencyKey: key(2) }))).toBe('idempotency-conflict');
      expect(await exportCount()).toBe(1);
    },
  );

  it('that was the second one for a challenge is logged once, however often it is repeated', async () => {
    const first = exportRequest({ idempotencyKey: key(1) });
    await exportKey(first);
    for (let i = 0; i < 3; i++) await exportKey({ ...first, idempotencyKey: key(2) });
    expect(await service.events('export-repeated')).toHaveLength(1);
  });
});

describe('a quota', () => {
  it('of a unit is not exceeded by concurrent requests', async () => {
    await fillTestAs(service.as, { set: 2, quotaPerUnit: 2 });
    const responses = Array.from({ length: 6 }, () => send(exportRequest({ set: 2 })));
    expect(await statuses(responses)).toEqual([200, 200, 403, 403, 403, 403]);
    expect(await exportCount()).toBe(2);
  });

  it.each<[string, () => Promise<string>]>([
    ['of an operator', () => service.addOperator('lea', 'operator', { quota: 1 })],
    [
      'of a unit',
      async () => {
        await service.as.change({
          event: 'test',
          actor: null,
          details: {},
          next: (state) => ({ ...state, sets: state.sets.map((set) => ({ ...set, quotaPerUnit: 1 })) }),
        });
        return token;
      },
    ],
  ])('%s is restored if an export fails after it was counted', async (_name, prepare) => {
    const who = await prepare();
    await service.issue({ units: [unit(1)] });
    const request = () => exportRequest({ ...LINE, sn: unit(1), workOrder: 'JOB-4711' });
    // The revocation is logged while the export, which is already counted, waits to be written.
    const [refused] = await Promise.all([send(request(), who), service.revoke()]);
    expect((await refusalOf(refused))[0]).toBe('order-ended');
    expect(await exportCount()).toBe(0);
    expect((await send(exportRequest({ sn: unit(1) }), who)).status).toBe(200);
    expect((await send(exportRequest({ sn: unit(1) }), who)).status).toBe(403);
  });
});

describe('a repeated export request', () => {
  const anySlot = { ref1: 0x0104, ref2: 7 };

  it.each<[string, (first: ExportRequestJson) => Partial<ExportRequestJson>, string]>([
    ['for another slot', () => ({ ref2: 8 }), 'challenge-reused'],
    ['for another key', () => ({ ref1: 0x0103, ref2: 2 }), 'challenge-reused'],
    ['with SIG', () => ({ sign: true }), 'challenge-reused'],
    ['with a wrong CHM', () => ({ challengeMac: key(0) }), 'challenge-refused'],
    ['with the CHM of another challenge', () => ({ challengeMac: exportRequest().challengeMac }), 'challenge-refused'],
    ['for a slot that is not permitted', () => ({ ref2: 0xfffe }), 'slot-not-permitted'],
  ])('%s is refused, and returns no DATA', async (_name, change, code) => {
    const first = exportRequest({ ...anySlot, idempotencyKey: key(1) });
    await exportKey(first);
    for (const restarts of [false, true]) {
      if (restarts) await service.reopen();
      expect(await refusal({ ...first, ...change(first), idempotencyKey: key(2) })).toBe(code);
    }
    expect(await exportCount()).toBe(1);
  });

  it('is refused after its order was revoked, under the same and under a new idempotency key', async () => {
    await service.issue({ units: [unit(1)] });
    const first = exportRequest({ ...LINE, sn: unit(1), workOrder: 'JOB-4711', idempotencyKey: key(1) });
    await exportKey(first);
    await service.revoke();
    for (const restarts of [false, true]) {
      if (restarts) await service.reopen();
      expect(await refusal(first)).toBe('order-ended');
      expect(await refusal({ ...first, idempotencyKey: key(2) })).toBe('order-ended');
    }
    expect(await service.events('export-repeated')).toEqual([]);
  });

  it('is refused to an operator who may not use the set', async () => {
    const first = exportRequest({ idempotencyKey: key(1) });
    await exportKey(first);
    const limited = await service.addOperator('nils', 'operator', { sets: [0x9999] });
    expect(await refusal(first, limited)).toBe('set-unknown');
  });
});

describe('REF2', () => {
  it.each([0xffff, 0xfffe])(
    '%i is not a slot: the AS refuses it for a key that is permitted in any slot',
    async (ref2) => {
      expect(await refusal(exportRequest({ ref1: 0x0104, ref2 }))).toBe('slot-not-permitted');
      expect(await exportCount()).toBe(0);
    },
  );

  it.each([0, 1, 0x8000, 0xfffd])('%i is a slot of a key that is permitted in any slot', async (ref2) => {
    expect((await send(exportRequest({ ref1: 0x0104, ref2 }))).status).toBe(200);
  });

  it.each([-1, 0x10000, 1.5, '2', null])('%s is not a slot number', async (ref2) => {
    expect(await refusal({ ...exportRequest({ ref1: 0x0104 }), ref2 })).toBe('request-refused');
  });
});
