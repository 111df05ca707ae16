import { describe, expect, it } from 'vitest';
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import type { ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { rootFingerprint } from '#protocol/signing/envelope.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import {
  ACCESS_CODE,
  BASE_URL,
  FakeAs,
  jsonAnswer,
  KEYS,
  MemoryTrust,
  PINNED_AT,
  problem,
  RECEIPT,
  signerOf,
  WHOAMI,
} from './fake-as.ts';
import { hangs, offline, REQUEST, setUp, signedIn } from './remote-as-fixture.ts';

describe('signing in', () => {
  it('returns the operator and pins the root key of the service', async () => {
    const { service, trust, as } = setUp();
    expect(await as.signIn(ACCESS_CODE)).toEqual(WHOAMI);
    expect(as.operator).toEqual(WHOAMI);
    expect(trust.pinned?.root).toBe(toBase64url(service.root.publicKey));
  });

  it('sends the access code only to its service, after the certificates are verified', async () => {
    const { service } = await signedIn();
    expect(service.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/trust', undefined],
      ['/v1/whoami', `Bearer ${ACCESS_CODE}`],
    ]);
    for (const { init } of service.requests) {
      expect(init).toMatchObject({ credentials: 'omit', cache: 'no-store', redirect: 'manual' });
    }
  });

  it('keeps the access code in a private field', async () => {
    const { as, trust } = await signedIn();
    expect(JSON.stringify(as) + JSON.stringify(trust) + Object.keys(as).join()).not.toContain(ACCESS_CODE);
  });

  it.each(['', 'with a blank', 'line\nbreak', 'ümlaut', 'x'.repeat(513)])(
    'does not send a malformed access code: %j',
    async (typed) => {
      const { service, as } = setUp();
      await expect(as.signIn(typed)).rejects.toMatchObject({ code: 'access-code-refused' });
      expect(service.requests).toEqual([]);
    },
  );

  it('refuses a service with another root key before it sends the access code', async () => {
    const { trust } = await signedIn();
    const other = new FakeAs();
    other.root = signerOf('another root');
    const { as } = setUp(trust, other);
    await expect(as.signIn(ACCESS_CODE)).rejects.toMatchObject({ code: 'service-changed' });
    expect(other.asked('/v1/whoami')).toEqual([]);
    expect(as.operator).toBeUndefined();
  });

  it('refuses a root key if another tab has pinned another root key in the meantime', async () => {
    const trust = new MemoryTrust();
    const { as } = setUp(trust);
    const read = trust.read.bind(trust);
    trust.read = async () => {
      const before = await read();
      trust.pinned = { root: toBase64url(signerOf('another root').publicKey), pinnedAt: PINNED_AT };
      return before;
    };
    await expect(as.signIn(ACCESS_CODE)).rejects.toMatchObject({ code: 'service-changed' });
    expect(as.operator).toBeUndefined();
  });

  it('trusts another root key only if the operator has compared exactly this root key', async () => {
    const { trust } = await signedIn();
    const anew = new FakeAs();
    anew.root = signerOf('set up anew');
    const { as } = setUp(trust, anew);
    const { pinned, shown } = await as.roots.compare();
    expect(pinned).toEqual({ fingerprint: rootFingerprint(new FakeAs().root.publicKey), at: PINNED_AT });
    expect(shown.fingerprint).toBe(rootFingerprint(anew.root.publicKey));
    anew.root = signerOf('a stranger who came in between');
    await expect(as.roots.replace(shown.root)).rejects.toMatchObject({ code: 'service-changed' });
    await expect(as.signIn(ACCESS_CODE)).rejects.toMatchObject({ code: 'service-changed' });
    anew.root = signerOf('set up anew');
    await as.roots.replace(shown.root);
    expect(await as.signIn(ACCESS_CODE)).toEqual(WHOAMI);
  });

  it('accepts a shorter audit log after the root key was replaced', async () => {
    const made = await signedIn();
    made.service.sequence = 100;
    await made.as.exportKey(REQUEST);
    const anew = new FakeAs();
    const { as } = setUp(made.trust, anew);
    await as.signIn(ACCESS_CODE);
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'log-changed' });
    const { shown } = await as.roots.compare();
    await as.roots.replace(shown.root);
    await as.signIn(ACCESS_CODE);
    expect(await as.exportKey(REQUEST)).toHaveProperty('exportId');
  });

  it('refuses a certificate that the root did not sign', async () => {
    const { service, as } = setUp();
    service.instead['/v1/trust'] = async () => {
      const genuine = await service.trust();
      service.root = signerOf('a stranger');
      const certificates = [
        await service.certificate({ purpose: 'verdict', publicKey: toBase64url(RECEIPT.slice(0, 32)) }),
      ];
      return jsonAnswer({ ...genuine, certificates });
    };
    await expect(as.signIn(ACCESS_CODE)).rejects.toMatchObject({ code: 'service-changed' });
  });

  it('does not sign in with an unknown access code', async () => {
    const { as, trust } = setUp();
    await expect(as.signIn('kf_unknown')).rejects.toMatchObject({ code: 'access-code-refused' });
    expect(as.operator).toBeUndefined();
    expect(trust.pinned).toBeUndefined();
  });

  it('ends the session of the earlier operator', async () => {
    const { as } = await signedIn();
    await expect(as.signIn('kf_unknown')).rejects.toMatchObject({ code: 'access-code-refused' });
    await expect(as.keys()).rejects.toMatchObject({ code: 'not-signed-in' });
  });
});

describe('signing out', () => {
  it('deletes the access code, so that no more requests are sent', async () => {
    const { service, as } = await signedIn();
    as.signOut();
    const before = service.requests.length;
    await expect(as.keys()).rejects.toMatchObject({ code: 'not-signed-in' });
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'not-signed-in' });
    expect(service.requests).toHaveLength(before);
    expect(as.operator).toBeUndefined();
  });

  it('happens automatically when the access code has expired', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/keys'] = () => problem('signed-out', 'the access code has expired');
    await expect(as.keys()).rejects.toMatchObject({ code: 'signed-out', message: 'the access code has expired' });
    expect(as.operator).toBeUndefined();
  });
});

describe('the keys', () => {
  it('are those that the service lists, without unknown members', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/keys'] = () => jsonAnswer({ ...KEYS, more: { than: 'known' } });
    expect(await as.keys()).toEqual(KEYS.sets);
  });
});

describe('an export', () => {
  it('sends exactly the request and returns DATA', async () => {
    const { service, as } = await signedIn();
    const exported = await as.exportKey({ ...REQUEST, workOrder: 'WO 12' });
    expect(exported.exportId).toBe('export-1');
    expect(equalBytes(exported.data, service.data)).toBe(true);
    expect(service.asked('/v1/exports')[0]?.body).toEqual({
      set: 0xba7c,
      tkv: 1,
      suite: 1,
      sign: false,
      ref1: 7,
      ref2: 2,
      sn: 'ABABABABABABABABABABABABABABABAB',
      random: 'AQEBAQEBAQEBAQEBAQEBAQ',
      challengeMac: 'AgICAgICAgICAgICAgICAg',
      idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
      workOrder: 'WO 12',
    });
    expect(as.auditHead?.sequence).toBe(1);
  });

  it('is retried under the same idempotency key after a network failure, at most twice', async () => {
    const { service, as } = await signedIn();
    let failures = 2;
    service.instead['/v1/exports'] = (request) => (failures-- > 0 ? offline() : service.answer(request));
    expect((await as.exportKey(REQUEST)).exportId).toBe('export-1');
    const bodies = service.asked('/v1/exports').map(({ init }) => init.body);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
    service.instead['/v1/exports'] = offline;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-unreachable' });
    expect(service.asked('/v1/exports')).toHaveLength(6);
  });

  it('is retried after a timeout, and finally fails', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/exports'] = hangs;
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'service-timeout' });
    expect(service.asked('/v1/exports')).toHaveLength(3);
  });

  it('is not retried after a refusal of the service', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/exports'] = () => problem('quota-used');
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'quota-used' });
    expect(service.asked('/v1/exports')).toHaveLength(1);
  });
});

describe('a refusal of the service', () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])('keeps the code %s and the detail of the service', async (code) => {
    const { service, as } = await signedIn();
    service.instead['/v1/exports'] = () => problem(code, 'in its own words');
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code, message: 'in its own words' });
  });

  it.each([
    [400, 'request-refused'],
    [401, 'signed-out'],
    [403, 'not-allowed'],
    [404, 'request-refused'],
    [429, 'too-many-requests'],
    [503, 'service-failed'],
  ])('with status %i and an unknown problem has the code %s', async (status, code) => {
    const { service, as } = await signedIn();
    const unknown = { type: 'urn:keyferry:problem:of-later', title: 'New', status, detail: '' };
    service.instead['/v1/keys'] = () => jsonAnswer(unknown, status, 'application/problem+json');
    await expect(as.keys()).rejects.toMatchObject({ code, message: 'New' });
  });
});

describe('a service that is unreachable or sends nonsense', () => {
  it('leads to a specific error code, and the next request succeeds', async () => {
    const { service, as } = await signedIn();
    const failures: [string, () => Response | Promise<Response>][] = [
      ['service-unreachable', offline],
      ['service-nonsense', () => jsonAnswer('x'.repeat(9 * 1024 * 1024))],
    ];
    for (const [code, answer] of failures) {
      service.instead['/v1/keys'] = answer;
      await expect(as.keys()).rejects.toMatchObject({ code });
    }
    service.instead['/v1/keys'] = hangs;
    await expect(as.keys()).rejects.toMatchObject({ code: 'service-timeout' });
    delete service.instead['/v1/keys'];
    expect(await as.keys()).toHaveLength(1);
  });

  it.each([
    ['a compressed answer', { 'content-encoding': 'br' }, 'basic'],
    ['an answer of another origin, which hides that it is compressed', {}, 'cors'],
  ])('is not read beyond 8 MB: %s', async (_what, compression, type) => {
    const { service, as } = await signedIn();
    const body = JSON.stringify('x'.repeat(9 * 1024 * 1024));
    const headers = { 'content-type': 'application/json', 'content-length': '30', ...compression };
    service.instead['/v1/keys'] = () => Object.defineProperty(new Response(body, { headers }), 'type', { value: type });
    await expect(as.keys()).rejects.toMatchObject({ message: expect.stringContaining('longer than 8388608 bytes') });
  });

  it('leads to service-unreachable if its response breaks off, and to service-timeout if it stalls', async () => {
    const { service, as } = await signedIn();
    const headers = { 'content-type': 'application/json' };
    const begun = (
      rest: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
    ): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(Uint8Array.of(0x7b));
          rest(controller);
        },
      });
    service.instead['/v1/keys'] = () =>
      new Response(
        begun((body) => body.error(new TypeError('terminated'))),
        { headers },
      );
    await expect(as.keys()).rejects.toMatchObject({ code: 'service-unreachable' });
    service.instead['/v1/keys'] = ({ init }) =>
      new Response(
        begun((body) => init.signal?.addEventListener('abort', () => body.error(init.signal?.reason))),
        { headers },
      );
    await expect(as.keys()).rejects.toMatchObject({ code: 'service-timeout' });
  });
});

describe('a browser without Ed25519', () => {
  it('is reported with its own code', async () => {
    const service = new FakeAs();
    const subtle = {
      importKey: () => Promise.reject(new DOMException('no', 'NotSupportedError')),
    } as unknown as SubtleCrypto;
    const as = new RemoteAs({ fetch: service.fetch, baseUrl: () => BASE_URL, subtle, trust: new MemoryTrust() });
    await expect(as.signIn(ACCESS_CODE)).rejects.toMatchObject({ code: 'browser-unsupported' });
  });
});
