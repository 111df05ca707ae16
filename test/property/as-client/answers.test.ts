import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { ACCESS_CODE } from '#test/unit/web/as-client/fake-as.ts';
import { setUp } from '#test/unit/web/as-client/remote-as-fixture.ts';
import { call } from '#web/as-client/http.ts';

const status = fc
  .oneof(fc.constant(200), fc.integer({ min: 200, max: 599 }))
  .filter((code) => ![204, 205, 304].includes(code));
const type = fc.constantFrom(
  'application/json',
  'application/problem+json',
  'text/html',
  'application/json; charset=utf-8',
  '',
);
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .record({ type: fc.string(), title: fc.string(), status: fc.integer(), detail: fc.string() })
    .map((value) => JSON.stringify(value)),
);

const answer = fc
  .tuple(status, type, body)
  .map(([code, contentType, text]) => new Response(text, { status: code, headers: { 'content-type': contentType } }));

const REQUEST = { method: 'GET', url: 'https://as.example/v1/keys', deadlineMs: 10_000 } as const;

async function failure(action: Promise<unknown>): Promise<unknown> {
  return await action.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('an arbitrary response', () => {
  it('is accepted as JSON or leads to a ProtocolError', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (response) => {
        const isGood = response.ok && response.headers.get('content-type')?.startsWith('application/json');
        const error = await failure(call(async () => response, REQUEST));
        if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
        else expect(isGood).toBe(true);
      }),
    );
  });

  it('does not sign in an operator and does not pin a root key', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (response) => {
        const { service, trust, as } = setUp();
        service.instead['/v1/trust'] = () => response;
        expect(await failure(as.signIn(ACCESS_CODE))).toBeInstanceOf(ProtocolError);
        expect(as.operator).toBeUndefined();
        expect(trust.pinned).toBeUndefined();
        expect(service.asked('/v1/whoami')).toEqual([]);
      }),
    );
  });
});
