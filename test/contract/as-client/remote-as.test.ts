// Runs RemoteAs against the real service, without a socket. Shows that both use the same JSON and
// trust the same keys.
import { afterEach, describe, expect, it } from 'vitest';
import type { As } from '#as-service/service/as.ts';
import { copy, equalBytes } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ExportedKey, ExportRequest } from '#protocol/provisioning/key-source.ts';
import {
  addTestOperator,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  TEST_SET,
  temporaryFolder,
} from '#test/support/as-service.ts';
import { MemoryTrust } from '#test/unit/web/as-client/fake-as.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';

const ORIGIN = 'http://localhost';

interface Station {
  readonly service: As;
  readonly accessCode: string;
  readonly trust: MemoryTrust;
  readonly remote: RemoteAs;
  /** How many of the next responses to POST requests the network loses. */
  lostAnswers: number;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function station(): Promise<Station> {
  const folder = await temporaryFolder();
  cleanups.push(folder.remove);
  const service = await openTestAs(folder.path);
  cleanups.push(() => service.close());
  await fillTestAs(service);
  const accessCode = await addTestOperator(service, 'Ada');
  const app = createTestApp(service);
  const trust = new MemoryTrust();
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await app.request(url, init);
    if (made.lostAnswers > 0 && init.method === 'POST') {
      made.lostAnswers--;
      throw new TypeError('the network failed');
    }
    return response;
  };
  const { subtle } = globalThis.crypto;
  const remote = new RemoteAs({ fetch, baseUrl: () => ORIGIN, subtle, trust, retryPausesMs: [0, 0] });
  const made: Station = { service, accessCode, trust, remote, lostAnswers: 0 };
  return made;
}

/** Returns an export request for a unit of the set, with a new challenge. */
function request(): ExportRequest {
  const { sn, random, challengeMac, ...rest } = exportRequest();
  return {
    ...rest,
    sn: fromHex(sn),
    random: fromBase64url(random),
    challengeMac: fromBase64url(challengeMac),
  };
}

function receiptOf(asked: ExportRequest, exported: ExportedKey): Uint8Array {
  return fromBase64url(receiptFor(toBase64url(exported.data), toBase64url(asked.random)));
}

describe('the page and the service', () => {
  it('agree on the operator and the keys', async () => {
    const { remote, accessCode, trust, service } = await station();
    expect(await remote.signIn(accessCode)).toMatchObject({
      operator: 'Ada',
      role: 'operator',
      service: { demo: false },
    });
    expect(trust.pinned?.root).toBe(service.signatures.trust.root);
    const [set] = await remote.keys();
    expect(set).toMatchObject({ set: TEST_SET, profile: 'diversified', transportKeys: [{ tkv: 1, suites: [1, 2] }] });
    expect(set?.keys.map(({ ref1, slot }) => [ref1, slot])).toEqual([
      [0x0103, 2],
      [0x0104, 0xffff],
    ]);
  });

  it('complete a load, from the export to the verdict on the receipt', async () => {
    const { remote, accessCode, trust } = await station();
    await remote.signIn(accessCode);
    const asked = request();
    const exported = await remote.exportKey({ ...asked, workOrder: 'WO 12' });
    const verdict = await remote.verifyReceipt(exported.exportId, receiptOf(asked, exported), sha256(exported.data));
    const envelope = JSON.parse(verdict.envelope) as { payload: string };
    const payload: unknown = JSON.parse(Buffer.from(envelope.payload, 'base64url').toString());
    expect(payload).toMatchObject({ exportId: exported.exportId, workOrder: 'WO 12', operator: 'Ada' });
    expect(trust.pinned?.head?.sequence).toBe(remote.auditHead?.sequence);
  });

  it('make one export for a request whose response was lost twice', async () => {
    const made = await station();
    const { remote, accessCode, service } = made;
    await remote.signIn(accessCode);
    const before = service.log.head.sequence;
    made.lostAnswers = 2;
    const asked = request();
    const exported = await remote.exportKey(asked);
    expect(service.log.head.sequence).toBe(before + 1);
    const again = await remote.exportKey(asked);
    expect(again.exportId).toBe(exported.exportId);
    expect(equalBytes(again.data, exported.data)).toBe(true);
  });

  it('give the same verdict on a receipt that is sent again', async () => {
    const made = await station();
    const { remote, accessCode } = made;
    await remote.signIn(accessCode);
    const asked = request();
    const exported = await remote.exportKey(asked);
    const receipt = receiptOf(asked, exported);
    made.lostAnswers = 1;
    const first = await remote.verifyReceipt(exported.exportId, receipt, sha256(exported.data));
    const second = await remote.verifyReceipt(exported.exportId, receipt, sha256(exported.data));
    expect(second.time).toBe(first.time);
  });

  it('agree on refusals', async () => {
    const { remote, accessCode } = await station();
    await expect(remote.signIn('unknown')).rejects.toMatchObject({ code: 'access-code-refused' });
    await remote.signIn(accessCode);
    const asked = request();
    const exported = await remote.exportKey(asked);
    const receipt = copy(receiptOf(asked, exported));
    receipt[63] = (receipt[63] ?? 0) ^ 1;
    const refusals: [string, () => Promise<unknown>][] = [
      ['key-unknown', () => remote.exportKey({ ...request(), ref1: 0x0999 })],
      ['slot-not-permitted', () => remote.exportKey({ ...request(), ref2: 3 })],
      ['set-unknown', () => remote.exportKey({ ...request(), set: 1 })],
      ['challenge-refused', () => remote.exportKey({ ...request(), challengeMac: new Uint8Array(16) })],
      ['idempotency-conflict', () => remote.exportKey({ ...request(), idempotencyKey: asked.idempotencyKey })],
      ['request-refused', () => remote.exportKey({ ...request(), idempotencyKey: 'short' })],
      ['export-unknown', () => remote.verifyReceipt('AAAAAAAAAAAAAAAAAAAAAA', receipt, sha256(exported.data))],
      ['receipt-refused', () => remote.verifyReceipt(exported.exportId, receipt, sha256(exported.data))],
    ];
    for (const [code, refusal] of refusals) await expect(refusal(), code).rejects.toMatchObject({ code });
  });
});
