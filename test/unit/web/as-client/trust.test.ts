import { describe, expect, it } from 'vitest';
import { ascii, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { LogTree } from '#protocol/log/tree.ts';
import { LOG_SIZE } from '#protocol/service/messages.ts';
import { FakeAs, jsonAnswer, MemoryTrust, RECEIPT, signerOf } from './fake-as.ts';
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

describe('an audit log with a tree', () => {
  const dataHash = (service: FakeAs): Uint8Array => sha256(service.data);
  /** A log of `size` entries. Another `label` makes another log. */
  const logOf = (size: number, label = 'entry') => {
    const log = new LogTree();
    for (let i = 0; i < size; i++) log.append(sha256(ascii(`${label} ${i}`)));
    return log;
  };
  /** A station that has seen a log of 23 entries. */
  const stationAt23 = async () => {
    const service = new FakeAs();
    service.log = logOf(22);
    const station = await signedIn(new MemoryTrust(), service);
    await station.as.exportKey(REQUEST);
    expect(station.trust.pinned?.head).toMatchObject({ sequence: 23, treeRoot: toBase64url(logOf(23).rootOf(23)) });
    return station;
  };
  const CHANGED = { code: 'log-changed' };

  it('that has grown is accepted, at the sign-in and with each answer', async () => {
    const { service, trust, as } = await stationAt23();
    await as.exportKey(REQUEST);
    service.log = logOf(70);
    await as.verifyReceipt('export-1', RECEIPT, dataHash(service));
    expect(service.requests.at(-1)).toMatchObject({ path: '/v1/receipts', headers: { [LOG_SIZE]: '24' } });
    const another = await signedIn(trust, service);
    expect(service.requests.at(-1)).toMatchObject({ path: '/v1/whoami', headers: { [LOG_SIZE]: '71' } });
    expect(another.as.auditHead?.sequence).toBe(71);
  });

  it.each([
    ['a restored backup that has grown past the kept size', 'fork', 51],
    ['a rewritten log of the same size', 'fork', 23],
    ['a truncated log', 'entry', 22],
  ])('is refused at the sign-in of the station if it is %s', async (_what, label, size) => {
    const { service, trust } = await stationAt23();
    service.log = logOf(size, label);
    await expect(signedIn(trust, service)).rejects.toMatchObject(CHANGED);
    expect(trust.pinned?.head?.sequence).toBe(23);
  });

  it('is refused with the answer to an export if one earlier entry differs', async () => {
    const { service, trust, as } = await stationAt23();
    const forked = new LogTree();
    for (let i = 0; i < 51; i++) forked.append(sha256(ascii(i === 7 ? 'forged' : `entry ${i}`)));
    service.log = forked;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject(CHANGED);
    expect(trust.pinned?.head?.sequence).toBe(23);
  });

  it('is refused without a proof, with a wrong proof and without a tree', async () => {
    const { service, trust, as } = await stationAt23();
    const genuine = service.signedLog.bind(service);
    service.signedLog = async (added) => ({ ...(await genuine(added)), consistency: undefined });
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject(CHANGED);
    service.signedLog = async (added) => ({
      ...(await genuine(added)),
      consistency: [toBase64url(new Uint8Array(32))],
    });
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject(CHANGED);
    service.signedLog = async () => ({ auditHead: await service.head({ sequence: 60 }) });
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject(CHANGED);
    service.log = undefined;
    await expect(signedIn(trust, service)).rejects.toMatchObject(CHANGED);
  });

  it('continues the head that a station kept from a service without a tree', async () => {
    const { service, trust, as } = await signedIn();
    await as.exportKey(REQUEST);
    expect(trust.pinned?.head?.treeRoot).toBeUndefined();
    service.log = logOf(5);
    await as.exportKey(REQUEST);
    expect(trust.pinned?.head).toMatchObject({ sequence: 6, treeRoot: expect.any(String) });
    service.log = logOf(9, 'fork');
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject(CHANGED);
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
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'log-changed' });
    const another = await signedIn(trust, service);
    service.sequence = 0;
    await expect(another.as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'log-changed' });
  });

  it('with a changed entry is detected', async () => {
    const { service, trust, as } = await signedIn();
    await as.exportKey(REQUEST);
    const hash = toBase64url(new Uint8Array(32));
    const rewritten = async () =>
      jsonAnswer({ ...(await service.exportAnswer()), auditHead: await service.head({ sequence: 1, hash }) });
    service.instead['/v1/exports'] = rewritten;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'log-changed' });
    const another = await signedIn(trust, service);
    await expect(another.as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'log-changed' });
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
