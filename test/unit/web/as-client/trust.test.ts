import { describe, expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { FakeAs, jsonAnswer, RECEIPT, signerOf } from './fake-as.ts';
import { offline, REQUEST, signedIn } from './remote-as-fixture.ts';

describe('a verdict', () => {
  const dataHash = (service: FakeAs): Uint8Array => sha256(service.data);

  it('is verified and stored unchanged', async () => {
    const { service, as } = await signedIn();
    const verdict = await as.verifyReceipt('export-1', RECEIPT, dataHash(service));
    expect(verdict.time).toBe('2026-01-02T03:04:05Z');
    expect(JSON.parse(verdict.envelope)).toMatchObject({ payloadType: 'application/vnd.keyferry.verdict+json' });
    expect(service.asked('/v1/receipts')[0]?.body).toEqual({ exportId: 'export-1', receipt: toBase64url(RECEIPT) });
  });

  it.each([
    ['another export', { exportId: 'export-2' }],
    ['another receipt', { receipt: toBase64url(new Uint8Array(64)) }],
    ['another DATA', { dataHash: toBase64url(new Uint8Array(32)) }],
  ])('on %s is refused as service-nonsense', async (_what, other) => {
    const { service, as } = await signedIn();
    service.instead['/v1/receipts'] = async ({ body }) =>
      jsonAnswer(await service.receiptAnswer(body as object, other));
    await expect(as.verifyReceipt('export-1', RECEIPT, dataHash(service))).rejects.toMatchObject({
      code: 'service-nonsense',
    });
  });

  it.each([
    ['of a key without a certificate', signerOf('a stranger')],
    ['of a key that is certified for another purpose', new FakeAs().headKey],
  ])('%s is refused', async (_what, verdictKey) => {
    const { service, as } = await signedIn();
    const trust = await service.trust();
    service.instead['/v1/trust'] = () => jsonAnswer(trust);
    service.verdictKey = verdictKey;
    await expect(as.verifyReceipt('export-1', RECEIPT, dataHash(service))).rejects.toMatchObject({
      code: 'service-changed',
    });
  });

  it('with a wrong signature is refused', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/receipts'] = async ({ body }) => {
      const answer = await service.receiptAnswer(body as object);
      const genuine = await service.verdict(body as object);
      const sig = toBase64url(RECEIPT);
      return jsonAnswer({ ...answer, verdict: { ...genuine, signatures: [{ ...genuine.signatures[0], sig }] } });
    };
    await expect(as.verifyReceipt('export-1', RECEIPT, dataHash(service))).rejects.toMatchObject({
      code: 'service-changed',
    });
  });

  it.each(['2041-01-01T00:00:00Z', '2019-12-31T23:59:59Z'])(
    'from %s, outside the validity of its certificate, is refused',
    async (time) => {
      const { service, as } = await signedIn();
      service.instead['/v1/receipts'] = async ({ body }) =>
        jsonAnswer(await service.receiptAnswer(body as object, { time }));
      await expect(as.verifyReceipt('export-1', RECEIPT, dataHash(service))).rejects.toMatchObject({
        code: 'service-changed',
      });
    },
  );

  it('of a key that was certified after the sign-in is accepted', async () => {
    const { service, as } = await signedIn();
    service.verdictKey = signerOf('the next verdict key');
    await as.verifyReceipt('export-1', RECEIPT, dataHash(service));
    expect(service.asked('/v1/trust')).toHaveLength(2);
  });

  it('is requested again after a network failure', async () => {
    const { service, as } = await signedIn();
    let failures = 1;
    service.instead['/v1/receipts'] = (request) => (failures-- > 0 ? offline() : service.answer(request));
    await as.verifyReceipt('export-1', RECEIPT, dataHash(service));
    expect(service.asked('/v1/receipts')).toHaveLength(2);
  });
});

describe('the audit log', () => {
  it('has rising numbers, and its newest head is stored', async () => {
    const { service, trust, as } = await signedIn();
    await as.exportKey(REQUEST);
    await as.verifyReceipt('export-1', RECEIPT, sha256(service.data));
    expect(as.auditHead?.sequence).toBe(2);
    expect(trust.pinned?.head).toEqual(as.auditHead);
    expect(JSON.parse(as.auditHead?.envelope ?? '')).toMatchObject({
      payloadType: 'application/vnd.keyferry.audit-head+json',
    });
  });

  it('that was truncated is detected, even by another page of the station', async () => {
    const { service, trust, as } = await signedIn();
    await as.exportKey(REQUEST);
    await as.exportKey(REQUEST);
    service.sequence = 0;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-changed' });
    const another = await signedIn(trust, service);
    service.sequence = 0;
    await expect(another.as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-changed' });
  });

  it('with a changed entry is detected', async () => {
    const { service, trust, as } = await signedIn();
    await as.exportKey(REQUEST);
    const hash = toBase64url(new Uint8Array(32));
    const rewritten = async () =>
      jsonAnswer({ ...(await service.exportAnswer()), auditHead: await service.head({ sequence: 1, hash }) });
    service.instead['/v1/exports'] = rewritten;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-changed' });
    const another = await signedIn(trust, service);
    await expect(another.as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-changed' });
  });

  it('is accepted if one response overtakes another', async () => {
    const { service, as } = await signedIn();
    const heads = await Promise.all([service.head(), service.head()]);
    let release = (): void => undefined;
    const overtaken = new Promise<void>((resolve) => (release = resolve));
    let count = 0;
    service.instead['/v1/exports'] = async () => {
      const auditHead = heads[count++];
      const answer = { ...(await service.exportAnswer()), auditHead };
      if (count === 1) await overtaken;
      return jsonAnswer(answer);
    };
    const first = as.exportKey(REQUEST);
    await as.exportKey(REQUEST);
    release();
    await first;
    expect(as.auditHead?.sequence).toBe(2);
  });

  it('with a head of another signer is refused', async () => {
    const { service, as } = await signedIn();
    const trust = await service.trust();
    service.instead['/v1/trust'] = () => jsonAnswer(trust);
    service.headKey = signerOf('a stranger');
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-changed' });
  });
});
