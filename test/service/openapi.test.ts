// Compares the OpenAPI document with the routes and their responses. ajv applies the schemas of the
// document. The test therefore does not depend on valibot, from which the document is generated.
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '#as-service/api/routes/table.ts';
import type { As } from '#as-service/service/as.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { type ExportAnswerJson, LOG_SIZE } from '#protocol/service/messages.ts';
import type { VaultAnswerJson } from '#protocol/vault/messages.ts';
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
import { load, newOrder, stationReport, unit } from '#test/support/orders.ts';
import { quickKey, SoftwareVault } from '#test/support/vault.ts';
import { VAULT_REQUEST } from '#test/support/vault-service.ts';

interface Operation {
  readonly security?: unknown;
  readonly 'x-roles'?: readonly string[];
  readonly requestBody?: Described;
  readonly parameters?: readonly { readonly name: string; readonly required: boolean; readonly schema: object }[];
  readonly responses: Record<string, Described>;
}
interface Described {
  readonly content: Record<string, { readonly schema: AnySchema }>;
}
interface Document {
  readonly openapi: string;
  readonly components: { readonly schemas: { readonly Problem: AnySchema } };
  readonly paths: Record<string, Record<string, Operation>>;
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let as: As;
let app: Hono;
let document: Document;
let ajv: Ajv2020;
let operator: string;
let auditor: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  as = await openTestAs(folder.path, { derive: quickKey });
  await fillTestAs(as);
  operator = await addTestOperator(as, 'olga');
  auditor = await addTestOperator(as, 'anna', 'auditor');
  app = createTestApp(as);
  document = await callJson<Document>(app, operator, '/openapi.json');
  ajv = new Ajv2020({ strictTypes: false, formats: { 'date-time': true } });
  ajv.addSchema(document.components.schemas.Problem, '#/components/schemas/Problem');
});
afterAll(async () => {
  await as.close();
  await folder.remove();
});

function operation(method: string, path: string): Operation {
  const found = document.paths[path]?.[method];
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`);
  return found;
}

/** Returns the response, which must match the schema for its status and media type. */
async function checked(
  method: 'get' | 'post',
  path: string,
  who: string,
  body?: unknown,
  named = path.split('?')[0] ?? path,
): Promise<unknown> {
  return checkedAnswer(await call(app, who, path, body), method, named);
}

async function checkedAnswer(response: Response, method: 'get' | 'post', named: string): Promise<unknown> {
  const type = response.headers.get('content-type') ?? '';
  const described = operation(method, named).responses[String(response.status)];
  const schema = described?.content[type]?.schema;
  if (schema === undefined)
    throw new Error(`${named} answered ${response.status} ${type}, which is not in the document`);
  const answer: unknown = await response.json();
  expect(faultsOf(schema, answer), named).toEqual([]);
  return answer;
}

/** Returns the faults that ajv finds in a value. */
function faultsOf(schema: AnySchema, value: unknown): readonly string[] {
  const validate = ajv.compile(schema);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('the OpenAPI document', () => {
  it('is of version 3.1 and names exactly the routes of the service', () => {
    expect(document.openapi).toBe('3.1.0');
    const routes = app.routes.filter(({ path, method }) => /^\/(v1|log)\//.test(path) && method !== 'ALL');
    const named = (path: string) => path.replace(':id{.+}', '{tile}').replaceAll(/\/:(\w+)/g, '/{$1}');
    const there = routes.map(({ method, path }) => `${method.toLowerCase()} ${named(path)}`).sort();
    const described = Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .sort();
    expect(described).toEqual(there);
    expect(there).toHaveLength(ROUTES.length);
  });

  it('describes the answers that the service gives', async () => {
    const request = exportRequest({ workOrder: '4711' });
    const exported = (await checked('post', '/v1/exports', operator, request)) as ExportAnswerJson;
    await checked('post', '/v1/exports:batch', operator, { exports: [exportRequest(), exportRequest({ ref1: 9 })] });
    const receipt = receiptFor(exported.data, request.random);
    await checked('post', '/v1/receipts', operator, { exportId: exported.exportId, receipt });
    for (const path of ['/v1/keys', '/v1/work-orders', '/v1/whoami', '/v1/trust']) await checked('get', path, operator);
    for (const path of ['/v1/audit', '/v1/audit?limit=3&before=5']) await checked('get', path, auditor);
  });

  it('describes the answers about work orders', async () => {
    const custodian = await addTestOperator(as, 'carl', 'custodian');
    const one = (tail = '') => `/v1/work-orders/JOB-4711${tail}`;
    const ask = (method: 'get' | 'post', tail: string, who: string, body?: unknown) =>
      checked(method, one(tail), who, body, `/v1/work-orders/{id}${tail}`);
    await checked('post', '/v1/work-orders', custodian, newOrder());
    await load({ app, token: operator }, unit(1));
    await checked('post', '/v1/exports', operator, exportRequest({ sn: unit(1), workOrder: 'JOB-4711' }));
    for (const query of ['', '?unit=0001']) await checked('get', `/v1/work-orders${query}`, operator);
    await ask('get', '', operator);
    await ask('get', '/report', operator);
    await ask('post', '/report', operator, stationReport({ close: true }));
    await ask('post', '/revoke', custodian, { reason: 'over' });
    await ask('post', '/report', operator, stationReport({ absentReason: 'over', close: true }));
    await ask('get', '/report', auditor);
    await ask('post', '/revoke', custodian, { reason: 'again' });
    expect(operation('get', '/v1/work-orders/{id}').parameters).toMatchObject([
      { name: 'id', in: 'path' },
      { name: LOG_SIZE, in: 'header' },
    ]);
  });

  it('describes the answers about vaults', async () => {
    const custodian = await addTestOperator(as, 'cora', 'custodian');
    const issued = (await checked('post', '/v1/vaults', custodian, VAULT_REQUEST)) as VaultAnswerJson;
    const vault = await SoftwareVault.open(issued.file, issued.passphrase, fromBase64url(as.signatures.trust.root), {
      derive: quickKey,
    });
    const below = (tail: string, who: string, body: unknown) =>
      checked('post', `/v1/vaults/${issued.vault.vaultId}/${tail}`, who, body, `/v1/vaults/{id}/${tail}`);
    await below('journal', operator, { journal: await vault.returnJournal() });
    await below('journal', operator, { journal: { ...(await vault.returnJournal()), payload: 'AAAA' } });
    await below('revoke', custodian, { reason: 'lost' });
    await checked('get', '/v1/vaults', auditor);
    await checked('post', '/v1/vaults', custodian, { ...VAULT_REQUEST, set: 3 });
    await checked('post', '/v1/vaults', operator, VAULT_REQUEST);
  });

  it('describes the problems that the service answers with', async () => {
    const zero = { exportId: 'A'.repeat(22), receipt: 'A'.repeat(86) };
    await checked('post', '/v1/exports', operator, {});
    await checked('post', '/v1/exports', auditor, exportRequest());
    await checked('post', '/v1/exports', 'nobody', exportRequest());
    await checked('post', '/v1/exports', operator, exportRequest({ set: 3 }));
    await checked('post', '/v1/exports', operator, { ...exportRequest(), challengeMac: 'A'.repeat(22) });
    await checked('post', '/v1/receipts', operator, zero);
    await checked('get', '/v1/audit', operator);
  });

  it.each([
    [413, 'http://localhost', { 'content-type': 'application/json' }, `"${'x'.repeat(200_000)}"`],
    [415, 'http://localhost', { 'content-type': 'text/plain' }, '{}'],
    [421, 'http://evil.example', { 'content-type': 'application/json' }, '{}'],
  ])('describes the answer %i to a malformed request', async (status, origin, headers, body) => {
    const response = await app.request(`${origin}/v1/exports`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${operator}` },
      body,
    });
    expect(response.status).toBe(status);
    await checkedAnswer(response, 'post', '/v1/exports');
  });

  it('describes the answer 503 after a timeout', () => {
    for (const methods of Object.values(document.paths)) {
      for (const { responses } of Object.values(methods)) expect(Object.keys(responses)).toContain('503');
    }
  });

  it('refuses the same requests as the service', async () => {
    const schema = operation('post', '/v1/exports').requestBody?.content['application/json']?.schema ?? {};
    expect(faultsOf(schema, exportRequest())).toEqual([]);
    for (const change of [{ extra: 1 }, { suite: 3 }, { set: -1 }, { random: 'AA' }, { sn: 'x' }, { sign: 'yes' }]) {
      expect(faultsOf(schema, { ...exportRequest(), ...change })).not.toEqual([]);
      expect((await call(app, operator, '/v1/exports', { ...exportRequest(), ...change })).status).toBe(400);
    }
  });

  it('requires an access code and names the roles for every route that the service protects', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const each of Object.values(methods)) {
        expect([path, each.security === undefined]).toEqual([path, path === '/v1/trust']);
        expect([path, each['x-roles'] === undefined]).toEqual([path, path === '/v1/trust']);
      }
    }
  });

  it('describes the query of the audit log with its default', () => {
    expect(operation('get', '/v1/audit').parameters).toEqual([
      {
        name: 'before',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 2, maximum: Number.MAX_SAFE_INTEGER },
      },
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      },
      {
        name: LOG_SIZE,
        in: 'header',
        required: false,
        description: 'Size of the log that the station saw. The answer then has the consistency proof.',
        schema: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      },
    ]);
  });
});
