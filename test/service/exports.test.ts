// The AS service without a socket: exports and receipts, what is refused and with which problem, what is on disk afterwards.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogFile } from '#as-service/audit-log/log-file.ts';
import type { As } from '#as-service/service/as.ts';
import { addKey, allowUnits } from '#as-service/sets/sets.ts';
import { encodeState } from '#as-service/storage/state.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type {
  AuditHeadJson,
  BatchAnswerJson,
  CertificateJson,
  ExportAnswerJson,
  ProblemJson,
  ReceiptAnswerJson,
  TrustJson,
  VerdictJson,
  WorkOrdersJson,
} from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { type Envelope, openEnvelope } from '#protocol/signing/envelope.ts';
import { decodeData, signatureInput } from '#protocol/tkl/data.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { operationContext } from '#protocol/tkl/key-tree.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  spellings,
  TEST_SET,
  TEST_SN,
  temporaryFolder,
} from '#test/support/as-service.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let as: As;
let app: Hono;
let token: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  as = await openTestAs(folder.path);
  await fillTestAs(as);
  token = await addTestOperator(as, 'olga');
  app = createTestApp(as);
});
afterEach(async () => {
  await as.close();
  await folder.remove();
});

const post = <Answer>(path: string, body: unknown, who = token) => callJson<Answer>(app, who, path, body);
const exportKey = (change = {}) => post<ExportAnswerJson>('/v1/exports', exportRequest(change));
const reopen = async () => {
  await as.close();
  as = await openTestAs(folder.path);
  app = createTestApp(as);
};

async function expectProblem(response: Response, code: ProblemCode, detail: RegExp, status?: number) {
  const problem = (await response.json()) as ProblemJson;
  expect(problem).toMatchObject({ type: PROBLEM_BASE + code, title: PROBLEMS[code].title });
  expect(problem.detail).toMatch(detail);
  expect(response.status).toBe(status ?? PROBLEMS[code].status);
  expect(problem.status).toBe(response.status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
}

/** The payload of an envelope, once root, certificate and signature are verified as a station would. */
async function verified<Payload>(envelope: Envelope, purpose: CertificateJson['purpose']): Promise<Payload> {
  const trust = await callJson<TrustJson>(app, token, '/v1/trust');
  const decode = <T>(octets: Uint8Array) => JSON.parse(Buffer.from(octets).toString()) as T;
  const root = fromBase64url(trust.root);
  for (const each of trust.certificates) {
    const type = 'application/vnd.keyferry.certificate+json';
    const certificate = decode<CertificateJson>(await openEnvelope(each, type, root, isSignedBy));
    if (certificate.purpose !== purpose) continue;
    const publicKey = fromBase64url(certificate.publicKey);
    return decode(await openEnvelope(envelope, `application/vnd.keyferry.${purpose}+json`, publicKey, isSignedBy));
  }
  throw new Error(`no certificate for ${purpose}`);
}

describe('an export', () => {
  it('is DATA for that unit, slot and key, with the signed head of the log that holds it', async () => {
    const answer = await exportKey({ workOrder: '4711' });
    const { header } = decodeData(fromBase64url(answer.data));
    expect(header).toMatchObject({
      set: 0xba7c,
      ref1: 0x0103,
      slot: 2,
      akv: 1,
      xc: 1,
      attributes: 'D0AB00N',
      asNumber: 0,
    });
    const head = await verified<AuditHeadJson>(answer.auditHead, 'audit-head');
    expect(head).toEqual(as.log.head);
    const lines = (await readFile(join(folder.path, 'audit.log'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(head.sequence);
    const last = JSON.parse(lines.at(-1) ?? '');
    expect(last.hash).toBe(head.hash);
    expect(last.entry).toMatchObject({
      event: 'export',
      actor: 'olga',
      details: { sn: TEST_SN, xc: 1, workOrder: '4711' },
    });
  });

  it('carries the AS signature when it is asked for, by the certified key', async () => {
    const request = exportRequest({ sign: true });
    const data = fromBase64url((await post<ExportAnswerJson>('/v1/exports', request)).data);
    const sealed = data.subarray(0, -64);
    const input = signatureInput(operationContext(data.subarray(0, 48), fromBase64url(request.random)), sealed);
    expect(isSignedBy(as.state.signingKeys.data.publicKey, input, data.subarray(-64))).toBe(true);
  });

  it('is the same under the same idempotency key, once, ten times at once and after a restart', async () => {
    const request = exportRequest();
    const first = await Promise.all(Array.from({ length: 10 }, () => post<ExportAnswerJson>('/v1/exports', request)));
    await reopen();
    const again = await post<ExportAnswerJson>('/v1/exports', request);
    expect(new Set([...first, again].map(({ data }) => data)).size).toBe(1);
    expect(as.ledger.countOfOperator('olga')).toBe(1);
    // The order of members and a receipt in between change nothing.
    await post('/v1/receipts', { exportId: again.exportId, receipt: receiptFor(again.data, request.random) });
    const reversed = Object.fromEntries(Object.entries(request).reverse());
    expect((await post<ExportAnswerJson>('/v1/exports', reversed)).data).toBe(again.data);
  });

  it.each([
    ['another random', () => ({ random: toBase64url(new Uint8Array(16)) })],
    ['another key', () => ({ ref1: 0x0104 })],
    ['a work order', () => ({ workOrder: '1' })],
  ])('is refused under a used idempotency key with %s, also after a restart', async (_name, change) => {
    const request = exportRequest();
    await post('/v1/exports', request);
    const other = exportRequest({ ...request, challengeMac: undefined as never, ...change() });
    const mac = exportRequest({ random: other.random }).challengeMac;
    for (let i = 0; i < 2; i++) {
      const response = await call(app, token, '/v1/exports', { ...other, challengeMac: mac });
      await expectProblem(response, 'idempotency-conflict', /Use a new key/);
      await reopen();
    }
  });

  it('keeps idempotency keys of two operators apart', async () => {
    const other = await addTestOperator(as, 'otto');
    const request = exportRequest();
    const mine = await post<ExportAnswerJson>('/v1/exports', request);
    const theirs = exportRequest({ idempotencyKey: request.idempotencyKey });
    const answer = await post<ExportAnswerJson>('/v1/exports', theirs, other);
    expect(answer.exportId).not.toBe(mine.exportId);
  });

  it('binds a new idempotency key to the export that the same challenge already has', async () => {
    const request = exportRequest();
    const first = await post<ExportAnswerJson>('/v1/exports', request);
    const renamed = { ...request, idempotencyKey: toBase64url(new Uint8Array(16).fill(9)) };
    expect((await post<ExportAnswerJson>('/v1/exports', renamed)).data).toBe(first.data);
    await reopen();
    const elsewhere = exportRequest({ idempotencyKey: renamed.idempotencyKey });
    await expectProblem(await call(app, token, '/v1/exports', elsewhere), 'idempotency-conflict', /Use a new key/);
    expect(as.ledger.countOfOperator('olga')).toBe(1);
  });

  it('is refused for a used challenge and another key, also after a restart', async () => {
    const request = exportRequest({ ref1: 0x0104 });
    await post('/v1/exports', request);
    await reopen();
    const other = { ...request, ref1: 0x0103, idempotencyKey: toBase64url(new Uint8Array(16)) };
    await expectProblem(await call(app, token, '/v1/exports', other), 'challenge-reused', /new challenge/);
  });

  it('never reuses a number, also after a restart', async () => {
    const xcs = [];
    for (let i = 0; i < 3; i++) {
      for (const { data } of await Promise.all([exportKey(), exportKey()]))
        xcs.push(decodeHeader(fromBase64url(data)).xc);
      await reopen();
    }
    expect(xcs.sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each<[string, () => object, ProblemCode, RegExp]>([
    ['an unknown set', () => exportRequest({ set: 1 }), 'set-unknown', /00000001/],
    ['an unknown transport key', () => exportRequest({ tkv: 9 }), 'set-unknown', /transport key 9/],
    ['a suite of the other family', () => exportRequest({ suite: 4 }), 'request-refused', /suite 4/],
    ['an unknown key', () => exportRequest({ ref1: 7 }), 'key-unknown', /REF1 7/],
    ['a slot that is not permitted', () => exportRequest({ ref2: 3 }), 'slot-not-permitted', /slot 3/],
    ['a unit that does not hold T', () => exportRequest({}, new Uint8Array(32).fill(1)), 'challenge-refused', /prove/],
    [
      'the challenge of another unit',
      () => ({ ...exportRequest(), sn: `${'0'.repeat(31)}8` }),
      'challenge-refused',
      /prove/,
    ],
  ])('is refused for %s, and the refusal is in the log', async (_name, request, code, detail) => {
    await expectProblem(await call(app, token, '/v1/exports', request()), code, detail);
    const [last] = await as.log.read(as.log.head.sequence, as.log.head.sequence);
    expect(last?.entry).toMatchObject({ event: 'export-refused', actor: 'olga', details: { code } });
    expect(as.ledger.countOfOperator('olga')).toBe(0);
  });

  it('is refused for a unit that is not on the list of its set', async () => {
    await allowUnits(as, 'test', 0xba7c, ['8']);
    await expectProblem(await call(app, token, '/v1/exports', exportRequest()), 'unit-not-listed', /4549000000000007/);
    await allowUnits(as, 'test', 0xba7c, [TEST_SN]);
    expect((await call(app, token, '/v1/exports', exportRequest())).status).toBe(200);
  });

  it('is refused beyond the quota of the operator, also when they come at once and after a restart', async () => {
    const limited = await addTestOperator(as, 'lea', 'operator', { quota: 3 });
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => call(app, limited, '/v1/exports', exportRequest())),
    );
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(3);
    await reopen();
    await expectProblem(await call(app, limited, '/v1/exports', exportRequest()), 'quota-used', /all 3 exports/);
  });

  it('is refused beyond the quota of the unit, and another unit still has its own', async () => {
    await fillTestAs(as, { set: 0x0002, quotaPerUnit: 1 });
    const first = await call(app, token, '/v1/exports', exportRequest({ set: 2 }));
    expect(first.status).toBe(200);
    await expectProblem(
      await call(app, token, '/v1/exports', exportRequest({ set: 2 })),
      'unit-quota-used',
      /allows a unit/,
    );
    const other = exportRequest({ set: 2, sn: `${'0'.repeat(31)}9` });
    expect((await call(app, token, '/v1/exports', other)).status).toBe(200);
  });

  it('is refused for a set that the operator was not given, in the words for one that is not there', async () => {
    const limited = await addTestOperator(as, 'nils', 'operator', { sets: [0x9999] });
    const asked = async (change: Parameters<typeof exportRequest>[0], by: string): Promise<unknown> => {
      const response = await call(app, by, '/v1/exports', exportRequest(change));
      return { status: response.status, problem: await response.json() };
    };
    const wordsFor = (set: number): object => ({
      status: 404,
      problem: expect.objectContaining({ detail: wordsOf(set) }),
    });
    const wordsOf = (set: number): string => `This AS has no set ${setHex(set)} with transport key 1.`;
    const setHex = (set: number): string => hexNumber(set, 8);
    expect(await asked({ set: 1 }, token)).toEqual(wordsFor(1));
    expect(await asked({}, limited)).toEqual(wordsFor(TEST_SET));
    // Whatever else is wrong with the request says no more.
    for (const wrong of [{ suite: 4 }, { ref1: 7 }, { ref2: 3 }, { sn: `${'0'.repeat(31)}9` }] as const) {
      expect(await asked(wrong, limited)).toEqual(wordsFor(TEST_SET));
    }
    expect(await callJson(app, limited, '/v1/keys')).toEqual({ sets: [] });
  });
});

describe('a batch', () => {
  it('answers each item in order, and one that is refused does not hold up the others', async () => {
    const requests = [exportRequest(), exportRequest({ ref1: 7 }), exportRequest()];
    const { results, auditHead } = await post<BatchAnswerJson>('/v1/exports:batch', { exports: requests });
    expect(results.map((result) => ('problem' in result ? result.problem.type : 'exported'))).toEqual([
      'exported',
      `${PROBLEM_BASE}key-unknown`,
      'exported',
    ]);
    expect(await verified<AuditHeadJson>(auditHead, 'audit-head')).toEqual(as.log.head);
  });

  it('makes one export of two items that are the same', async () => {
    const request = exportRequest();
    const { results } = await post<BatchAnswerJson>('/v1/exports:batch', { exports: [request, request] });
    expect(results[0]).toEqual(results[1]);
  });
});

describe('a receipt', () => {
  it('earns a signed verdict, the same one each time, also after a restart', async () => {
    const request = exportRequest({ workOrder: '4711' });
    const { exportId, data } = await post<ExportAnswerJson>('/v1/exports', request);
    const receipt = receiptFor(data, request.random);
    const first = await post<ReceiptAnswerJson>('/v1/receipts', { exportId, receipt });
    const verdict = await verified<VerdictJson>(first.verdict, 'verdict');
    expect(verdict).toMatchObject({ exportId, receipt, workOrder: '4711', operator: 'olga' });
    expect(verdict.dataHash).toBe(toBase64url(sha256(fromBase64url(data))));
    const before = as.log.head.sequence;
    await reopen();
    const again = await post<ReceiptAnswerJson>('/v1/receipts', { exportId, receipt });
    expect(again.verdict).toEqual(first.verdict);
    expect(as.log.head.sequence).toBe(before);
    expect((await callJson<WorkOrdersJson>(app, token, '/v1/work-orders')).workOrders).toMatchObject([
      { workOrder: '4711', exports: 1, receipts: 1 },
    ]);
  });

  it('is refused when it is forged, for another export, or another than the one on file', async () => {
    const request = exportRequest();
    const one = await post<ExportAnswerJson>('/v1/exports', request);
    const two = await post<ExportAnswerJson>('/v1/exports', exportRequest());
    const receipt = receiptFor(one.data, request.random);
    const refuse = async (exportId: string, octets: string, code: ProblemCode, detail: RegExp) =>
      expectProblem(await call(app, token, '/v1/receipts', { exportId, receipt: octets }), code, detail);
    await refuse(one.exportId, toBase64url(new Uint8Array(64)), 'receipt-refused', /not the one/);
    await refuse(two.exportId, receipt, 'receipt-refused', /not the one/);
    await refuse(toBase64url(new Uint8Array(16)), receipt, 'export-unknown', /no export/);
    await post('/v1/receipts', { exportId: one.exportId, receipt });
    const other = receiptFor(one.data, request.random, { importCounter: 2 });
    await refuse(one.exportId, other, 'receipt-conflict', /Another receipt/);
  });

  it('of a set that the operator may not see is for no export at all', async () => {
    const request = exportRequest();
    const { exportId, data } = await post<ExportAnswerJson>('/v1/exports', request);
    const limited = await addTestOperator(as, 'nils', 'operator', { sets: [1] });
    const body = { exportId, receipt: receiptFor(data, request.random) };
    await expectProblem(await call(app, limited, '/v1/receipts', body), 'export-unknown', /no export/);
  });
});

describe('the disk', () => {
  it('that fails makes no export: the answer is a failure, and the number is not spent twice', async () => {
    const log = await openLogFile(join(folder.path, 'audit.log'));
    let broken = false;
    await as.close();
    as = await openTestAs(folder.path, {
      logFile: { ...log, sync: () => (broken ? Promise.reject(new Error('EIO')) : log.sync()) },
    });
    const reported: unknown[] = [];
    app = createTestApp(as, { report: (cause) => reported.push(cause) });
    const request = exportRequest();
    broken = true;
    await expectProblem(await call(app, token, '/v1/exports', request), 'service-failed', /Its own log/);
    broken = false;
    await expectProblem(await call(app, token, '/v1/exports', request), 'service-failed', /Its own log/);
    expect(String(reported[0])).toContain('restarted');
    await reopen();
    const { data } = await post<ExportAnswerJson>('/v1/exports', request);
    const xcs = (await readFile(join(folder.path, 'audit.log'), 'utf8')).match(/"xc":\d+/g) ?? [];
    expect(new Set(xcs).size).toBe(xcs.length);
    expect(decodeHeader(fromBase64url(data)).xc).toBe(1);
  });

  it('holds no key in any form that can be read', async () => {
    await addKey(as, 'test', {
      set: 0xba7c,
      ref1: 1,
      label: 'x',
      attributes: 'D0AB00N',
      slot: 1,
      key: undefined,
      length: 16,
    });
    await exportKey();
    const secrets = [...as.state.sets.flatMap(({ keys, transportKeys }) => [...keys, ...transportKeys])].map(
      ({ key }) => key,
    );
    expect(secrets).toHaveLength(4);
    const holds = (content: Buffer, secret: Uint8Array) =>
      spellings(secret).some((spelling) => content.includes(spelling));
    const unsealed = Buffer.from(encodeState(as.state));
    for (const secret of secrets) expect(holds(unsealed, secret)).toBe(true);
    for (const name of ['audit.log', 'state.sealed']) {
      const content = await readFile(join(folder.path, name));
      expect(content.length).toBeGreaterThan(1000);
      for (const secret of secrets) expect(holds(content, secret)).toBe(false);
    }
  });
});
