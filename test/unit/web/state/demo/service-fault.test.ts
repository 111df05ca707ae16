// The demo answers in place of the AS, so that the page ends with the recorded code.
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '#protocol/errors.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { call } from '#web/as-client/http.ts';
import { isServiceCode, serviceAnswer } from '#web/state/demo/service-fault.ts';

const URL = 'https://as.example/below/v1/exports';
const ask = (code: ErrorCode, deadlineMs = 1_000): Promise<unknown> =>
  call((url, init) => serviceAnswer({ path: '/v1/exports', code }, url, init) ?? Promise.reject(new RangeError(url)), {
    method: 'POST',
    url: URL,
    deadlineMs,
  });

describe('a fault of the AS in the demo', () => {
  const codes = ['service-unreachable', 'gateway-failed', 'not-the-as', ...Object.keys(PROBLEMS)] as ErrorCode[];

  it.each(codes)('makes a request end with %s', async (code) => {
    expect(isServiceCode(code)).toBe(true);
    await expect(ask(code)).rejects.toMatchObject({ code });
  });

  it('makes a request end with service-timeout at its deadline', async () => {
    await expect(ask('service-timeout', 1)).rejects.toMatchObject({ code: 'service-timeout' });
  });

  it('answers with a document that is not the expected one for service-nonsense', async () => {
    expect(await ask('service-nonsense')).toEqual({});
  });

  it('leaves other requests alone', () => {
    expect(serviceAnswer({ path: '/v1/receipts', code: 'quota-used' }, URL, {})).toBeUndefined();
    expect(
      ['cancelled', 'device-lost', 'vault-expired', 'toString'].map((code) => isServiceCode(code as ErrorCode)),
    ).toEqual([false, false, false, false]);
  });
});
