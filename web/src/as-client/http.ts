// Sends one request to the service, with one deadline from the request to the last byte of the
// answer. Below RemoteAs. Every failure has a code: the service is unreachable, slow or sends
// nonsense, or it answers with a problem (RFC 9457).
import { ProtocolError, type SourceErrorCode } from '#protocol/errors.ts';
import { problemSchema } from '#protocol/service/messages.ts';
import { problemCode } from '#protocol/service/problem.ts';
import { readAnswer } from './answer.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly accessCode?: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly deadlineMs: number;
  /** Maximum length of the answer. */
  readonly maxBytes?: number;
}

/** Well above the length of GET /v1/keys of a service with all its sets. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The JSON value of the answer, not validated. @throws ProtocolError (SourceErrorCode) */
export async function call(fetch: Fetch, request: Call): Promise<unknown> {
  const { response, body } = await send(fetch, request);
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (response.ok && type === 'application/json') return parse(body, request);
  if (response.ok) throw nonsense(request, `the content type of the answer is ${type || 'missing'}`);
  throw type === 'application/problem+json' ? problemOf(parse(body, request), response) : refusal(request, response);
}

async function send(fetch: Fetch, request: Call): Promise<{ response: Response; body: string }> {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (request.accessCode !== undefined) headers.authorization = `Bearer ${request.accessCode}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(request.deadlineMs);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers,
      signal,
      // No cookies, referrer or redirects, and no answer from a cache.
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return { response, body: await readText(response, request) };
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    if (signal.aborted) {
      throw new ProtocolError('service-timeout', `${describe(request)}: no answer within ${request.deadlineMs} ms`, {
        cause,
      });
    }
    // fetch rejects with TypeError for each network failure, also for a body that breaks off.
    if (!(cause instanceof TypeError || cause instanceof DOMException)) throw cause;
    throw new ProtocolError('service-unreachable', `${describe(request)}: ${String(cause)}`, { cause });
  }
}

async function readText(response: Response, request: Call): Promise<string> {
  const { maxBytes = MAX_BYTES } = request;
  // Chromium reports a short body that is read in chunks as aborted, so such a body is read at
  // once.
  if (isShort(response, maxBytes)) return await response.text();
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  if (response.body === null) return text;
  const reader = response.body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    length += chunk.value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw nonsense(request, `the answer is longer than ${maxBytes} bytes`);
    }
    text += decoder.decode(chunk.value, { stream: true });
  }
  return text + decoder.decode();
}

/** True if the browser limits the body to its content-length. It does not for a compressed body. */
function isShort({ headers }: Response, maxBytes: number): boolean {
  const length = headers.get('content-length');
  return length !== null && !headers.has('content-encoding') && Number(length) <= maxBytes;
}

function parse(body: string, request: Call): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw nonsense(request, 'the answer is not JSON');
    throw cause;
  }
}

/** The problem that the service states. */
function problemOf(value: unknown, response: Response): ProtocolError {
  const { type, title, detail } = readAnswer(problemSchema, value, 'problem');
  return new ProtocolError(problemCode(type) ?? codeOfStatus(response.status), detail || title);
}

/** For an error without a problem document: from a proxy, or from a server that is not an AS. */
function refusal(request: Call, response: Response): ProtocolError {
  const known = response.status >= 500 || response.status === 401 || response.status === 429;
  if (!known) return nonsense(request, `status ${response.status} without a problem document`);
  return new ProtocolError(codeOfStatus(response.status), `${describe(request)}: status ${response.status}`);
}

function codeOfStatus(status: number): SourceErrorCode {
  if (status >= 500) return 'service-failed';
  if (status === 401) return 'signed-out';
  if (status === 403) return 'not-allowed';
  if (status === 429) return 'too-many-requests';
  return 'request-refused';
}

function nonsense(request: Call, why: string): ProtocolError {
  return new ProtocolError('service-nonsense', `${describe(request)}: ${why}`);
}

function describe(request: Call): string {
  return `${request.method} ${request.url}`;
}
