// The routes of the API: what each passes to the AS, and what it answers.
import { describe, expect, it } from 'vitest';
import { ROUTES } from '#as-service/api/routes/table.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { LOG_SIZE } from '#protocol/service/messages.ts';
import { testSet } from '#test/support/memory-exporter.ts';
import {
  BALANCE,
  bytes,
  detailOf,
  EXPORT,
  EXPORTED,
  HEAD,
  SN,
  STATION,
  simulatedService as setup,
} from '#test/support/simulated-service.ts';

describe('the rate of exports', () => {
  it.each<[string, object, number]>([
    ['/v1/exports', EXPORT, 5],
    ['/v1/exports:batch', { exports: [EXPORT, EXPORT] }, 2],
    ['/v1/exports:recall', { idempotencyKey: bytes(16) }, 5],
    ['/v1/receipts', { exportId: bytes(16), receipt: bytes(64) }, 5],
    ['/v1/work-orders/a/report', { ...STATION, absentReason: null, close: false }, 5],
  ])('counts %s', async (path, body, allowed) => {
    const { send } = setup();
    for (let i = 0; i < allowed; i++) expect((await send(path, { body })).status).toBe(200);
    const limited = await send(path, { body });
    expect([limited.status, await detailOf(limited)]).toEqual([
      429,
      expect.stringContaining('operator makes exports faster'),
    ]);
    expect((await send('/v1/work-orders/a/report', { role: 'custodian' })).status).toBe(200);
  });

  it('does not count reads, which have a limit of their own', async () => {
    const { send } = setup();
    for (const path of ['/v1/keys', '/v1/work-orders', '/v1/work-orders/a', '/v1/whoami', '/v1/work-orders/a/report']) {
      expect((await send(path)).status, path).toBe(200);
    }
    const limited = await send('/v1/work-orders/a/report');
    expect([limited.status, await detailOf(limited)]).toEqual([429, expect.stringContaining('operator reads faster')]);
    expect((await send('/v1/exports', { body: EXPORT })).status).toBe(200);
  });
});

describe('the size of the log that a station saw', () => {
  it('is passed on, and a wrong one is refused before anything is done', async () => {
    const { as, send } = setup();
    expect((await send('/v1/exports', { body: EXPORT, headers: { [LOG_SIZE]: '17' } })).status).toBe(200);
    expect(as.signLog).toHaveBeenCalledWith(17);
    as.exporter.export.mockClear();
    for (const wrong of ['0', 'x', '-1', '1.5', '']) {
      expect((await send('/v1/exports', { body: EXPORT, headers: { [LOG_SIZE]: wrong } })).status, wrong).toBe(400);
    }
    expect(as.exporter.export).not.toHaveBeenCalled();
  });
});

describe('a route for exports', () => {
  it('returns DATA with the audit head', async () => {
    const { as, send } = setup();
    const response = await send('/v1/exports', { body: EXPORT });
    const data = toBase64url(EXPORTED.data);
    expect(await response.json()).toEqual({ exportId: 'e1', data, auditHead: HEAD });
    expect(as.exporter.export).toHaveBeenCalledWith(
      EXPORT,
      expect.objectContaining({ account: as.state.operators[0] }),
    );
  });

  it('exports what can be exported of a batch', async () => {
    const { as, send } = setup();
    as.exporter.export.mockRejectedValueOnce(new ProtocolError('quota-used', 'none left'));
    const response = await send('/v1/exports:batch', { body: { exports: [EXPORT, EXPORT] } });
    expect(await response.json()).toEqual({
      results: [
        { problem: expect.objectContaining({ detail: 'none left' }) },
        { exportId: 'e1', data: toBase64url(EXPORTED.data) },
      ],
      auditHead: HEAD,
    });
  });

  it('recalls the header and the hash of an export, and no more', async () => {
    const { as, send } = setup();
    const response = await send('/v1/exports:recall', { body: { idempotencyKey: bytes(16) } });
    expect(await response.json()).toEqual({
      ...{ exportId: 'e1', header: toBase64url(EXPORTED.data.subarray(0, 48)) },
      ...{ dataHash: toBase64url(EXPORTED.dataHash), auditHead: HEAD },
    });
    expect(as.exporter.recall).toHaveBeenCalledWith(bytes(16), as.state.operators[0]);
  });

  it('returns the signed verdict on a receipt', async () => {
    const response = await setup().send('/v1/receipts', { body: { exportId: bytes(16), receipt: bytes(64) } });
    expect(await response.json()).toEqual({ verdict: { signed: 'verdict' }, auditHead: HEAD });
  });
});

describe('a route for work orders', () => {
  it('lists those of the operator, and all for an overseer', async () => {
    const { as, send } = setup();
    for (const [role, named] of [
      ['operator', 'operator'],
      ['custodian', 'custodian'],
      ['auditor', undefined],
      ['administrator', undefined],
    ] as const) {
      expect(await (await send('/v1/work-orders?unit=0007', { role })).json()).toEqual({ workOrders: ['listed'] });
      expect(as.orders.list).toHaveBeenLastCalledWith(
        expect.objectContaining({ name: role }),
        `named ${named}`,
        '0007',
      );
    }
  });

  it('shows an order, its progress and its report', async () => {
    const { as, send } = setup();
    expect(await (await send('/v1/work-orders/JOB-1')).json()).toEqual({ viewed: true, auditHead: HEAD });
    const actor = expect.objectContaining({
      name: 'operator',
      account: as.state.operators[0],
      requireSignedIn: expect.any(Function),
    });
    expect(as.orders.find).toHaveBeenCalledWith('JOB-1', actor);
    expect(await (await send('/v1/work-orders/JOB-1/progress')).json()).toEqual({ loaded: 1 });
    expect(await (await send('/v1/work-orders/JOB-1/report')).json()).toEqual({ report: 1 });
    expect(as.orders.makeReport).toHaveBeenCalledWith('JOB-1', actor);
  });

  it('revokes an order', async () => {
    const { as, send } = setup();
    const response = await send('/v1/work-orders/JOB-1/revoke', { role: 'custodian', body: { reason: 'over' } });
    expect(await response.json()).toEqual({ viewed: true, auditHead: HEAD });
    expect(as.orders.revoke).toHaveBeenCalledWith('JOB-1', 'over', expect.objectContaining({ name: 'custodian' }));
  });

  it('records a station report, and closes the order only if it is asked to', async () => {
    const { as, send } = setup();
    const report = { ...STATION, absentReason: 'not there', close: false };
    const answers = [];
    for (const close of [false, true]) {
      answers.push(await (await send('/v1/work-orders/JOB-1/report', { body: { ...report, close } })).json());
    }
    const balance = { ...BALANCE, gaps: BALANCE.gaps.slice(0, 1000), missing: BALANCE.missing.slice(0, 1000) };
    expect(answers).toEqual([
      { closed: false, balance, auditHead: HEAD },
      { closed: true, balance, auditHead: HEAD },
    ]);
    expect(as.orders.report).toHaveBeenCalledTimes(2);
    expect(as.orders.close.mock.calls).toEqual([['JOB-1', 'not there', expect.objectContaining({ name: 'operator' })]]);
    as.orders.find.mockReturnValue({ envelope: {}, state: 'closed' });
    expect(await (await send('/v1/work-orders/JOB-1/report', { body: report })).json()).toMatchObject({ closed: true });
  });

  it('accepts a body for 20,000 units', async () => {
    const { send } = setup();
    const tooLong = (length: number) => send('/v1/work-orders/a/report', { body: { x: 'x'.repeat(length) } });
    expect((await tooLong(8 * 1024 * 1024)).status).toBe(413);
    expect((await tooLong(8 * 1024 * 1024 - 10)).status).toBe(400);
  });
});

describe('a route for vaults', () => {
  const REQUEST = { set: 0xba7c, units: [SN], ref1: [0x103], exports: 5, exportsPerUnit: null, days: 3 };
  const custodian = expect.objectContaining({
    actor: 'custodian',
    sets: [0xba7c],
    requireSignedIn: expect.any(Function),
  });

  it('issues a vault, and lists and revokes vaults', async () => {
    const { as, send } = setup();
    const issued = await send('/v1/vaults', { role: 'custodian', body: REQUEST });
    expect(await issued.json()).toEqual({
      file: 'file',
      passphrase: 'phrase',
      vault: { vaultId: 'v1' },
      auditHead: HEAD,
    });
    expect(as.vaults.issue).toHaveBeenCalledWith(REQUEST, custodian);
    const listed = await send('/v1/vaults', { role: 'custodian' });
    expect(await listed.json()).toEqual({ vaults: [{ vaultId: 'v1' }] });
    const revoked = await send('/v1/vaults/v1/revoke', { role: 'custodian', body: { reason: 'lost' } });
    expect(await revoked.json()).toEqual({ vault: { vaultId: 'v1' }, auditHead: HEAD });
    expect(as.vaults.revoke).toHaveBeenCalledWith('v1', 'lost', custodian);
  });

  it('reconciles a journal', async () => {
    const { as, send } = setup();
    const journal = {
      payloadType: 'a/b',
      payload: bytes(3),
      signatures: [{ keyid: '0123456789ABCDEF', sig: bytes(64) }],
    };
    const response = await send('/v1/vaults/v1/journal', { role: 'custodian', body: { journal } });
    expect(await response.json()).toEqual({
      ...{ vault: { vaultId: 'v1' }, entries: 3, exports: 2, receipts: 1, findings: [] },
      ...{ verdicts: [{ signed: 'v' }], auditHead: HEAD },
    });
    expect(as.vaults.reconcile).toHaveBeenCalledWith(journal, custodian, 'v1');
  });

  it('that issues or reconciles counts as an export', async () => {
    const { send } = setup({ exportRate: { burst: 1, perMinute: 1 } });
    expect((await send('/v1/vaults', { role: 'custodian', body: REQUEST })).status).toBe(200);
    expect((await send('/v1/vaults', { role: 'custodian', body: REQUEST })).status).toBe(429);
  });
});

describe('a view', () => {
  it('shows the operator and the service', async () => {
    expect(await (await setup().send('/v1/whoami')).json()).toEqual({
      ...{ operator: 'operator', role: 'operator', expires: '2026-11-23T13:00:00.000Z' },
      service: { name: 'Test AS', asNumber: 3, demo: false },
      auditHead: HEAD,
    });
  });

  it('shows the sets that the operator may use', async () => {
    const { as, send } = setup();
    expect(await (await send('/v1/keys')).json()).toMatchObject({ sets: [{ set: 0xba7c, name: 'Test set' }] });
    as.state.sets = [testSet({ set: 1 })];
    expect(await (await send('/v1/keys')).json()).toEqual({ sets: [] });
  });

  it('shows the audit log page by page, newest entry first', async () => {
    const { send } = setup();
    const page = async (query: string) => await (await send(`/v1/audit${query}`, { role: 'auditor' })).json();
    expect(await page('')).toEqual({ entries: [120, 71], before: 71, auditHead: HEAD });
    expect(await page('?limit=200')).toEqual({ entries: [120, 1], before: null, auditHead: HEAD });
    expect(await page('?before=71&limit=70')).toMatchObject({ entries: [70, 1], before: null });
    expect(await page('?before=71&limit=69')).toMatchObject({ entries: [70, 2], before: 2 });
    expect(await page('?before=999')).toMatchObject({ entries: [120, 71] });
  });

  it('shows the root key to anyone', async () => {
    const { app } = setup();
    const response = await app.request('https://as.example/v1/trust');
    expect(await response.json()).toEqual({ root: 'r' });
  });
});

it('each route has the roles and the problems of the specification', () => {
  const EVERYONE = 'operator custodian auditor administrator';
  const EXPORT_PROBLEMS =
    'set-unknown key-unknown slot-not-permitted transport-key-current unit-not-listed not-on-order order-ended reason-needed demo-refused challenge-refused challenge-reused idempotency-conflict quota-used unit-quota-used too-many-requests';
  expect(
    ROUTES.map(({ method, path, roles, problems }) => [
      `${method} ${path}`,
      typeof roles === 'string' ? roles : roles.join(' '),
      problems.join(' '),
    ]),
  ).toEqual([
    ['post /v1/exports', 'operator', EXPORT_PROBLEMS],
    ['post /v1/exports:batch', 'operator', 'too-many-requests'],
    ['post /v1/exports:recall', 'operator', 'export-unknown not-allowed too-many-requests'],
    ['post /v1/receipts', 'operator', 'export-unknown receipt-refused receipt-conflict too-many-requests'],
    ['get /v1/keys', EVERYONE, ''],
    ['get /v1/work-orders', EVERYONE, ''],
    [
      'post /v1/work-orders',
      'custodian administrator',
      'set-unknown key-unknown slot-not-permitted unit-not-listed demo-refused',
    ],
    ['get /v1/work-orders/{id}', EVERYONE, 'order-unknown'],
    ['get /v1/work-orders/{id}/progress', EVERYONE, 'order-unknown'],
    ['post /v1/work-orders/{id}/revoke', 'custodian administrator', 'order-unknown order-ended'],
    [
      'post /v1/work-orders/{id}/report',
      'operator custodian administrator',
      'order-unknown unit-not-listed too-many-requests',
    ],
    ['get /v1/work-orders/{id}/report', EVERYONE, 'order-unknown receipt-refused too-many-requests'],
    ['get /v1/vaults', 'custodian auditor administrator', ''],
    ['post /v1/vaults', 'custodian', 'set-unknown key-unknown unit-not-listed demo-refused too-many-requests'],
    ['post /v1/vaults/{id}/revoke', 'custodian administrator', 'vault-unknown'],
    [
      'post /v1/vaults/{id}/journal',
      'operator custodian',
      'vault-unknown journal-refused receipt-refused too-many-requests',
    ],
    ['get /v1/whoami', EVERYONE, ''],
    ['get /v1/audit', 'auditor administrator', ''],
    ['get /v1/trust', 'anyone', ''],
    ['get /log/checkpoint', EVERYONE, ''],
    ['get /log/tile/entries/{tile}', 'auditor administrator', ''],
    ['get /log/tile/{tile}', EVERYONE, ''],
  ]);
});
