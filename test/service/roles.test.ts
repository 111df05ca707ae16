// The roles: which role may call which route, and that no other role gets an export or a verdict.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROUTES } from '#as-service/api/routes/table.ts';
import type { ExportAnswerJson, Role } from '#protocol/service/messages.ts';
import { exportRequest, receiptFor, ServiceSetup } from '#test/support/as-service.ts';

let service: ServiceSetup;
let token: string;
beforeEach(async () => {
  service = await ServiceSetup.open();
  token = await service.addOperator('olga');
});
afterEach(() => service.close());

const statusOf = async (who: string, path: string, body: unknown) => (await service.call(who, path, body)).status;

describe('a role', () => {
  /** Written by hand from docs/protocol.md: o operator, c custodian, a auditor, m administrator. */
  const ALLOWED: Readonly<Record<string, string>> = {
    'POST /v1/exports': 'o',
    'POST /v1/exports:batch': 'o',
    'POST /v1/exports:recall': 'o',
    'POST /v1/receipts': 'o',
    'GET /v1/keys': 'ocam',
    'GET /v1/whoami': 'ocam',
    'GET /v1/audit': 'am',
    'GET /v1/work-orders': 'ocam',
    'POST /v1/work-orders': 'cm',
    'GET /v1/work-orders/{id}': 'ocam',
    'GET /v1/work-orders/{id}/progress': 'ocam',
    'POST /v1/work-orders/{id}/revoke': 'cm',
    'POST /v1/work-orders/{id}/report': 'ocm',
    'GET /v1/work-orders/{id}/report': 'ocam',
    'GET /v1/vaults': 'cam',
    'POST /v1/vaults': 'c',
    'POST /v1/vaults/{id}/revoke': 'cm',
    'POST /v1/vaults/{id}/journal': 'oc',
    'GET /v1/trust': 'ocam',
    'GET /log/checkpoint': 'ocam',
    'GET /log/tile/entries/{tile}': 'am',
    'GET /log/tile/{tile}': 'ocam',
  };
  const LETTERS: Readonly<Record<Role, string>> = { operator: 'o', custodian: 'c', auditor: 'a', administrator: 'm' };

  it('may use exactly the routes that this table lists for it, and the table has every route', async () => {
    expect(ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(
      Object.keys(ALLOWED).sort(),
    );
    for (const [role, letter] of Object.entries(LETTERS) as [Role, string][]) {
      const who = await service.addOperator(role, role);
      for (const [name, allowed] of Object.entries(ALLOWED)) {
        const [method, path = ''] = name.split(' ');
        const response = await service.call(who, path.replace(/\{\w+\}/, 'x'), method === 'POST' ? {} : undefined);
        expect([name, role, response.status === 403]).toEqual([name, role, !allowed.includes(letter)]);
      }
    }
  });

  it('other than operator gets neither an export nor a verdict, and leaves no entry in the log', async () => {
    const request = exportRequest();
    const exported = await service.json<ExportAnswerJson>(token, '/v1/exports', request);
    const receipt = { exportId: exported.exportId, receipt: receiptFor(exported.data, request.random) };
    for (const role of ['custodian', 'auditor', 'administrator'] as const) {
      const who = await service.addOperator(role, role);
      const before = service.as.log.head.sequence;
      for (const [path, body] of [
        ['/v1/exports', exportRequest()],
        ['/v1/exports:batch', { exports: [exportRequest()] }],
        ['/v1/exports:recall', { idempotencyKey: request.idempotencyKey }],
        ['/v1/receipts', receipt],
      ] as const) {
        expect([role, path, await statusOf(who, path, body)]).toEqual([role, path, 403]);
      }
      expect(service.as.log.head.sequence).toBe(before);
    }
  });

  it('is required by every route except the route with the root key', () => {
    expect(ROUTES.filter(({ roles }) => roles === 'anyone').map(({ path }) => path)).toEqual(['/v1/trust']);
  });
});
