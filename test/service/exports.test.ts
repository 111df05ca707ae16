// Exports and receipts over HTTP: the responses, the problem of each refusal, and the content of
// the files.
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogFile } from '#as-service/audit-log/log-file.ts';
import { addKey, allowUnits } from '#as-service/sets/sets.ts';
import { encodeState } from '#as-service/storage/state.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { WorkOrdersJson } from '#protocol/orders/messages.ts';
import type {
  AuditHeadJson,
  BatchAnswerJson,
  CertificateJson,
  ExportAnswerJson,
  ProblemJson,
  ReceiptAnswerJson,
  TrustJson,
  VerdictJson,
} from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { type Envelope, openEnvelope } from '#protocol/signing/envelope.ts';
import { decodeData, signatureInput } from '#protocol/tkl/data.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { operationContext } from '#protocol/tkl/key-tree.ts';
import {
  createTestApp,
  exportRequest,
  fillTestAs,
  receiptFor,
  ServiceSetup,
  spellings,
  TEST_SET,
  TEST_SN,
} from '#test/support/as-service.ts';

const OTHER_SN = `${'0'.repeat(31)}9`;

let service: ServiceSetup;
let token: string;

beforeEach(async () => {
  service = await ServiceSetup.open();
  token = await service.addOperator('olga');
});
afterEach(() => service.close());

const post = <Answer>(path: string, body: unknown) => service.json<Answer>(token, path, body);
const exportKey = (request: object = exportRequest()) => post<ExportAnswerJson>('/v1/exports', request);
const readLog = () => readFile(service.path('audit.log'), 'utf8');
const countOfOlga = () => service.as.ledger.countOfOperator('olga');

async function expectProblem(path: string, body: unknown, code: ProblemCode, detail: RegExp, who = token) {
  const response = await service.call(who, path, body);
  const problem = (await response.json()) as ProblemJson;
  expect(problem).toMatchObject({ type: PROBLEM_BASE + code, title: PROBLEMS[code].title });
  expect(problem.detail).toMatch(detail);
  expect([response.status, problem.status]).toEqual([PROBLEMS[code].status, PROBLEMS[code].status]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
}

const expectRefusal = (request: object, code: ProblemCode, detail: RegExp, who = token) =>
  expectProblem('/v1/exports', request, code, detail, who);

/**
 * Verifies root key, certificate and signature of an envelope as a station does. Returns the
 * payload.
 */
async function verified<Payload>(envelope: Envelope, purpose: CertificateJson['purpose']): Promise<Payload> {
  const trust = await service.json<TrustJson>(token, '/v1/trust');
  const decode = <T>(content: Uint8Array) => JSON.parse(Buffer.from(content).toString()) as T;
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
  it('returns DATA for unit, slot and key, and the signed head of the log that contains the export', async () => {
    const answer = await exportKey(exportRequest({ workOrder: '4711' }));
    const { header } = decodeData(fromBase64url(answer.data));
    const expected = { set: 0xba7c, ref1: 0x0103, slot: 2, akv: 1, xc: 1, attributes: 'D0AB00N', asNumber: 0 };
    expect(header).toMatchObject(expected);
    const head = await verified<AuditHeadJson>(answer.auditHead, 'audit-head');
    expect(head).toEqual(service.as.log.withTreeRoot());
    const lines = (await readLog()).trimEnd().split('\n');
    expect(lines).toHaveLength(head.sequence);
    const last = JSON.parse(lines.at(-1) ?? '');
    expect(last.hash).toBe(head.hash);
    const details = { sn: TEST_SN, xc: 1, workOrder: '4711' };
    expect(last.entry).toMatchObject({ event: 'export', actor: 'olga', details });
  });

  it('is signed on request, by the certified key', async () => {
    const request = exportRequest({ sign: true });
    const data = fromBase64url((await exportKey(request)).data);
    const sealed = data.subarray(0, -64);
    const input = signatureInput(operationContext(data.subarray(0, 48), fromBase64url(request.random)), sealed);
    expect(isSignedBy(service.as.state.signingKeys.data.publicKey, input, data.subarray(-64))).toBe(true);
  });

  it('happens once per idempotency key, for ten concurrent requests and after a restart', async () => {
    const request = exportRequest();
    const first = await Promise.all(Array.from({ length: 10 }, () => exportKey(request)));
    await service.reopen();
    const again = await exportKey(request);
    expect(new Set([...first, again].map(({ data }) => data)).size).toBe(1);
    expect(countOfOlga()).toBe(1);
    // After a receipt, a repeated request with its JSON members in another order does not cause a
    // second export.
    await post('/v1/receipts', { exportId: again.exportId, receipt: receiptFor(again.data, request.random) });
    const reversed = Object.fromEntries(Object.entries(request).reverse());
    expect((await exportKey(reversed)).data).toBe(again.data);
  });

  it.each([
    ['another random number', () => ({ random: toBase64url(new Uint8Array(16)) })],
    ['another key', () => ({ ref1: 0x0104 })],
    ['a work order', () => ({ workOrder: '1' })],
  ])('with a used idempotency key and %s is refused before and after a restart', async (_name, change) => {
    const request = exportRequest();
    await exportKey(request);
    const other = exportRequest({ ...request, challengeMac: undefined as never, ...change() });
    const mac = exportRequest({ random: other.random }).challengeMac;
    for (let i = 0; i < 2; i++) {
      await expectRefusal({ ...other, challengeMac: mac }, 'idempotency-conflict', /Use a new key/);
      await service.reopen();
    }
  });

  it('may have an idempotency key that another operator has used', async () => {
    const other = await service.addOperator('otto');
    const request = exportRequest();
    const { exportId } = await exportKey(request);
    const sameKey = exportRequest({ idempotencyKey: request.idempotencyKey });
    const answer = await service.json<ExportAnswerJson>(other, '/v1/exports', sameKey);
    expect(answer.exportId).not.toBe(exportId);
  });

  it('for a used challenge returns the first export, also under the new idempotency key from then on', async () => {
    const request = exportRequest();
    const first = await exportKey(request);
    const renamed = { ...request, idempotencyKey: toBase64url(new Uint8Array(16).fill(9)) };
    expect((await exportKey(renamed)).data).toBe(first.data);
    await service.reopen();
    const elsewhere = exportRequest({ idempotencyKey: renamed.idempotencyKey });
    await expectRefusal(elsewhere, 'idempotency-conflict', /Use a new key/);
    expect(countOfOlga()).toBe(1);
  });

  it('for a used challenge but another key is refused, even after a restart', async () => {
    const request = exportRequest({ ref1: 0x0104 });
    await exportKey(request);
    await service.reopen();
    const other = { ...request, ref1: 0x0103, idempotencyKey: toBase64url(new Uint8Array(16)) };
    await expectRefusal(other, 'challenge-reused', /new challenge/);
  });

  it('never reuses XC, even after a restart', async () => {
    const xcs = [];
    for (let i = 0; i < 3; i++) {
      for (const { data } of await Promise.all([exportKey(), exportKey()])) {
        xcs.push(decodeHeader(fromBase64url(data)).xc);
      }
      await service.reopen();
    }
    expect(xcs.sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each<[string, () => object, ProblemCode, RegExp]>([
    ['an unknown set', () => exportRequest({ set: 1 }), 'set-unknown', /00000001/],
    ['an unknown transport key', () => exportRequest({ tkv: 9 }), 'set-unknown', /transport key 9/],
    ['a suite of the other family', () => exportRequest({ suite: 4 }), 'request-refused', /suite 4/],
    ['an unknown key', () => exportRequest({ ref1: 7 }), 'key-unknown', /REF1 0007/],
    ['a slot that is not permitted', () => exportRequest({ ref2: 3 }), 'slot-not-permitted', /slot 0003/],
    ['a unit without T', () => exportRequest({}, new Uint8Array(32).fill(1)), 'challenge-refused', /prove/],
    ['the challenge of another unit', () => ({ ...exportRequest(), sn: OTHER_SN }), 'challenge-refused', /prove/],
  ])('for %s is refused, and the log records the refusal', async (_name, request, code, detail) => {
    await expectRefusal(request(), code, detail);
    expect((await service.events()).at(-1)).toMatchObject({
      event: 'export-refused',
      actor: 'olga',
      details: { code },
    });
    expect(countOfOlga()).toBe(0);
  });

  it('for a unit that is not on the list of its set is refused', async () => {
    await allowUnits(service.as, 'test', 0xba7c, ['8']);
    await expectRefusal(exportRequest(), 'unit-not-listed', /4549000000000007/);
    await allowUnits(service.as, 'test', 0xba7c, [TEST_SN]);
    expect((await service.call(token, '/v1/exports', exportRequest())).status).toBe(200);
  });

  it("beyond the operator's quota is refused, even in concurrent requests and after a restart", async () => {
    const limited = await service.addOperator('lea', 'operator', { quota: 3 });
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => service.call(limited, '/v1/exports', exportRequest())),
    );
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(3);
    await service.reopen();
    await expectRefusal(exportRequest(), 'quota-used', /may make 3 exports, and none is left/, limited);
  });

  it('beyond the quota of its unit is refused, and another unit has its own quota', async () => {
    await fillTestAs(service.as, { set: 0x0002, quotaPerUnit: 1 });
    expect((await service.call(token, '/v1/exports', exportRequest({ set: 2 }))).status).toBe(200);
    await expectRefusal(exportRequest({ set: 2 }), 'unit-quota-used', /allows 1 export per unit/);
    expect((await service.call(token, '/v1/exports', exportRequest({ set: 2, sn: OTHER_SN }))).status).toBe(200);
  });

  it('from a set that the operator may not use is refused as if the set were unknown', async () => {
    const limited = await service.addOperator('nils', 'operator', { sets: [0x9999] });
    const answerTo = async (change: Parameters<typeof exportRequest>[0], who: string): Promise<unknown> => {
      const response = await service.call(who, '/v1/exports', exportRequest(change));
      return { status: response.status, problem: await response.json() };
    };
    const unknown = (set: number): object => ({
      status: 404,
      problem: expect.objectContaining({ detail: `This AS has no set ${hexNumber(set, 8)} with transport key 1.` }),
    });
    expect(await answerTo({ set: 1 }, token)).toEqual(unknown(1));
    expect(await answerTo({}, limited)).toEqual(unknown(TEST_SET));
    // A request with a second fault gets the same refusal. So the refusal does not reveal that the
    // set exists.
    for (const wrong of [{ suite: 4 }, { ref1: 7 }, { ref2: 3 }, { sn: OTHER_SN }] as const) {
      expect(await answerTo(wrong, limited)).toEqual(unknown(TEST_SET));
    }
    expect(await service.json(limited, '/v1/keys')).toEqual({ sets: [] });
  });
});

describe('a batch', () => {
  it('returns one result per item, and a refused item does not affect the others', async () => {
    const requests = [exportRequest(), exportRequest({ ref1: 7 }), exportRequest()];
    const { results, auditHead } = await post<BatchAnswerJson>('/v1/exports:batch', { exports: requests });
    expect(results.map((result) => ('problem' in result ? result.problem.type : 'exported'))).toEqual([
      'exported',
      `${PROBLEM_BASE}key-unknown`,
      'exported',
    ]);
    expect(await verified<AuditHeadJson>(auditHead, 'audit-head')).toEqual(service.as.log.withTreeRoot());
  });

  it('makes one export for two equal items', async () => {
    const request = exportRequest();
    const { results } = await post<BatchAnswerJson>('/v1/exports:batch', { exports: [request, request] });
    expect(results[0]).toEqual(results[1]);
  });
});

describe('a receipt', () => {
  it('leads to a signed verdict, and to the same verdict again after a restart', async () => {
    const request = exportRequest({ workOrder: '4711' });
    const { exportId, data } = await exportKey(request);
    const receipt = receiptFor(data, request.random);
    const first = await post<ReceiptAnswerJson>('/v1/receipts', { exportId, receipt });
    const verdict = await verified<VerdictJson>(first.verdict, 'verdict');
    expect(verdict).toMatchObject({ exportId, receipt, workOrder: '4711', operator: 'olga' });
    expect(verdict.dataHash).toBe(toBase64url(sha256(fromBase64url(data))));
    const before = service.as.log.head.sequence;
    await service.reopen();
    const again = await post<ReceiptAnswerJson>('/v1/receipts', { exportId, receipt });
    expect(again.verdict).toEqual(first.verdict);
    expect(service.as.log.head.sequence).toBe(before);
    expect((await service.json<WorkOrdersJson>(token, '/v1/work-orders')).workOrders).toMatchObject([
      { workOrder: '4711', exports: 1, receipts: 1 },
    ]);
  });

  it('is refused when it is forged, when it is for another export, or when the export already has another receipt', async () => {
    const request = exportRequest();
    const one = await exportKey(request);
    const two = await exportKey();
    const receipt = receiptFor(one.data, request.random);
    const refuse = (exportId: string, value: string, code: ProblemCode, detail: RegExp) =>
      expectProblem('/v1/receipts', { exportId, receipt: value }, code, detail);
    await refuse(one.exportId, toBase64url(new Uint8Array(64)), 'receipt-refused', /not that of this export/);
    await refuse(two.exportId, receipt, 'receipt-refused', /not that of this export/);
    await refuse(toBase64url(new Uint8Array(16)), receipt, 'export-unknown', /no export/);
    await post('/v1/receipts', { exportId: one.exportId, receipt });
    const other = receiptFor(one.data, request.random, { importCounter: 2 });
    await refuse(one.exportId, other, 'receipt-conflict', /Another receipt/);
  });

  it('for a set that the operator may not use is refused as if the export were unknown', async () => {
    const request = exportRequest();
    const { exportId, data } = await exportKey(request);
    const limited = await service.addOperator('nils', 'operator', { sets: [1] });
    const body = { exportId, receipt: receiptFor(data, request.random) };
    await expectProblem('/v1/receipts', body, 'export-unknown', /no export/, limited);
  });
});

describe('the disk', () => {
  it('may fail: the service then makes no export, reports a failure and does not reuse an XC', async () => {
    const log = await openLogFile(service.path('audit.log'));
    let broken = false;
    const sync = () => (broken ? Promise.reject(new Error('EIO')) : log.sync());
    await service.reopen({ logFile: { ...log, sync } });
    const reported: unknown[] = [];
    service.app = createTestApp(service.as, { report: (cause) => reported.push(cause) });
    const request = exportRequest();
    broken = true;
    await expectRefusal(request, 'service-failed', /Its own log/);
    broken = false;
    await expectRefusal(request, 'service-failed', /Its own log/);
    expect(String(reported[0])).toContain('restarted');
    await service.reopen();
    const { data } = await exportKey(request);
    const xcs = (await readLog()).match(/"xc":\d+/g) ?? [];
    expect(new Set(xcs).size).toBe(xcs.length);
    expect(decodeHeader(fromBase64url(data)).xc).toBe(1);
  });

  it('contains no key in a readable form', async () => {
    const key = { ref1: 1, label: 'x', attributes: 'D0AB00N', slot: 1, key: undefined, length: 16 };
    await addKey(service.as, 'test', { set: 0xba7c, ...key });
    await exportKey();
    const secrets = service.as.state.sets.flatMap(({ keys, transportKeys }) =>
      [...keys, ...transportKeys].map((each) => each.key),
    );
    expect(secrets).toHaveLength(4);
    const contains = (content: Buffer, secret: Uint8Array) =>
      spellings(secret).some((spelling) => content.includes(spelling));
    const unsealed = Buffer.from(encodeState(service.as.state));
    for (const secret of secrets) expect(contains(unsealed, secret)).toBe(true);
    for (const name of ['audit.log', 'state.sealed']) {
      const content = await readFile(service.path(name));
      expect(content.length).toBeGreaterThan(1000);
      for (const secret of secrets) expect(contains(content, secret)).toBe(false);
    }
  });
});
