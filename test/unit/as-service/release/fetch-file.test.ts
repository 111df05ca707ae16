// The fetch of one file of a served page: its limits, and the sentence for each failure.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { ENCODINGS, fetchFile } from '#as-service/release/fetch-file.ts';
import { ResponseServer } from '#test/support/response-server.ts';

const LIMITS = { ms: 30_000, bytes: 1000 };

let server: ResponseServer;
let url: URL;

beforeEach(async () => {
  server = await ResponseServer.start();
  url = new URL('file.js', server.url);
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});

/** Makes fetch() resolve or reject without a server. */
function stubFetch(result: () => Promise<Response>): void {
  vi.stubGlobal('fetch', result);
}

function refusal(reason: Error): Promise<unknown> {
  stubFetch(() => Promise.reject(reason));
  return fetchFile(url, 'identity').catch((error: unknown) => error);
}

describe('a file', () => {
  it.each(ENCODINGS)('is requested in the encoding %s', async (encoding) => {
    server.answer = (path, request) => new Response(`${path} ${request.get('accept-encoding')}`);
    const { status, content, elsewhere } = await fetchFile(url, encoding, LIMITS);
    const text = Buffer.from(content ?? []).toString();
    expect({ status, text, elsewhere }).toEqual({ status: 200, text: `/file.js ${encoding}`, elsewhere: undefined });
  });

  it('may have the length of the limit, and no byte more', async () => {
    server.answer = () => new Response('x'.repeat(1000));
    expect((await fetchFile(url, 'identity', LIMITS)).content).toHaveLength(1000);
    server.answer = () => new Response('x'.repeat(1001));
    await expect(fetchFile(url, 'identity', LIMITS)).rejects.toThrow(
      new UserError(`${url} cannot be read: the file is longer than 1000 bytes.`),
    );
  });

  it('may be empty', async () => {
    server.answer = () => new Response('');
    expect((await fetchFile(url, 'identity', LIMITS)).content).toHaveLength(0);
  });

  it.each([201, 203, 404, 500])('has no content with status %i, but its headers', async (status) => {
    server.answer = () => new Response('text', { status, headers: { 'x-name': 'value' } });
    const { headers, ...rest } = await fetchFile(url, 'identity', LIMITS);
    expect(rest).toEqual({ status });
    expect(headers.get('x-name')).toBe('value');
  });

  it('may come from another path of the same server', async () => {
    server.answer = (path) =>
      path === '/file.js' ? new Response(null, { status: 302, headers: { location: '/other.js' } }) : new Response('x');
    expect(await fetchFile(url, 'identity', LIMITS)).toMatchObject({ status: 200, content: Buffer.from('x') });
  });

  it('of another server is not read', async () => {
    const other = await ResponseServer.start();
    other.answer = () => new Response('x'.repeat(2000));
    server.answer = () => new Response(null, { status: 302, headers: { location: other.url } });
    const { status, content, elsewhere } = await fetchFile(url, 'identity', LIMITS);
    await other.stop();
    const { origin } = new URL(other.url);
    expect({ status, content, elsewhere }).toEqual({ status: 200, content: undefined, elsewhere: origin });
  });
});

describe('without limits of the caller', () => {
  it('a file may be 32 MiB long', async () => {
    const limit = 32 * 1024 * 1024;
    const body = (length: number): Promise<Response> => {
      const response = new Response(new Uint8Array(length));
      Object.defineProperty(response, 'url', { value: url.href });
      return Promise.resolve(response);
    };
    stubFetch(() => body(limit));
    expect((await fetchFile(url, 'identity')).content).toHaveLength(limit);
    stubFetch(() => body(limit + 1));
    await expect(fetchFile(url, 'identity')).rejects.toThrow('the file is longer than 33554432 bytes.');
  });

  it('a server has 20 seconds for the whole answer', async () => {
    const limit = vi.spyOn(AbortSignal, 'timeout');
    server.answer = () => new Response('x');
    await fetchFile(url, 'identity');
    expect(limit.mock.calls).toEqual([[20_000]]);
    const late = await refusal(new DOMException('late', 'TimeoutError'));
    expect(late).toEqual(new UserError(`${url} cannot be read: no whole answer within 20 s.`));
  });
});

describe('a failure of the network', () => {
  const failed = (cause?: unknown): TypeError => new TypeError('fetch failed', { cause });

  it('is reported with the reason of the system', async () => {
    const error = await refusal(failed(new Error('connect ECONNREFUSED 127.0.0.1:9')));
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toBe(`${url} cannot be read: connect ECONNREFUSED 127.0.0.1:9.`);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  it('is reported with the code, if the reason has no text', async () => {
    const reason = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    expect(await refusal(failed(reason))).toEqual(new UserError(`${url} cannot be read: ECONNREFUSED.`));
  });

  it.each([undefined, 'a text', new Error('')])('is reported without a reason, if there is none: %s', async (cause) => {
    expect(await refusal(failed(cause))).toEqual(new UserError(`${url} cannot be read: fetch failed.`));
  });

  it.each([new RangeError('a bug'), new DOMException('aborted', 'AbortError')])('is none: %s', async (bug) => {
    expect(await refusal(bug)).toBe(bug);
  });
});
