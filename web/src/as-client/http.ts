// Sends one request to the service, with one deadline for the request and its whole answer. Each
// failure has a code: the service is unreachable, is too slow, sends nonsense, or answers with a
// problem (RFC 9457).
import { ProtocolError, type SourceErrorCode } from '#protocol/errors.ts';
import { problemCode } from '#protocol/service/problem.ts';
import { decodeProblem } from './decode.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly deadlineMs: number;
  /** Maximum length of the answer in bytes. Default: MAX_BYTES. */
  readonly mostBytes?: number;
}

/** Default limit, far above the longest usual answer: GET /v1/keys of a full service. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Returns the JSON value of the answer, not validated yet.
 * @throws ProtocolError (SourceErrorCode)
 */
export async function call(fetch: Fetch, request: Call): Promise<unknown> {
  const { response, body } = await send(fetch, request);
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (response.ok && type === 'application/json') return parse(body, request);
  if (response.ok) throw nonsense(request, `the answer's type is ${type || 'not named'}`);
  throw type === 'application/problem+json' ? problemOf(parse(body, request), response) : refusal(request, response);
}

async function send(fetch: Fetch, request: Call): Promise<{ response: Response; body: string }> {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (request.token !== undefined) headers.authorization = `Bearer ${request.token}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(request.deadlineMs);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers,
      signal,
      // The browser adds no cookie or referrer, and accepts no cached or redirected answer.
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
      throw new ProtocolError('service-timeout', `${said(request)}: no answer within ${request.deadlineMs} ms`, {
        cause,
      });
    }
    // fetch throws TypeError for every network failure, and so does reading a broken body.
    if (!(cause instanceof TypeError || cause instanceof DOMException)) throw cause;
    throw new ProtocolError('service-unreachable', `${said(request)}: ${String(cause)}`, { cause });
  }
}

async function readText(response: Response, request: Call): Promise<string> {
  const { mostBytes = MAX_BYTES } = request;
  // text() reads a body of declared length at once: Chromium reports a short body as aborted if it
  // is read in parts.
  if (isShort(response, mostBytes)) return await response.text();
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  if (response.body === null) return text;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length;
    if (length > mostBytes) {
      await reader.cancel();
      throw nonsense(request, `the answer is longer than ${mostBytes} bytes`);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

/** True iff the body has a declared length within the limit and is not compressed. */
function isShort({ headers }: Response, mostBytes: number): boolean {
  const length = headers.get('content-length');
  return length !== null && !headers.has('content-encoding') && Number(length) <= mostBytes;
}

function parse(body: string, request: Call): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw nonsense(request, 'the answer is not JSON');
    throw cause;
  }
}

/** The error for a problem document of the service. */
function problemOf(value: unknown, response: Response): ProtocolError {
  const { type, title, detail } = decodeProblem(value);
  return new ProtocolError(problemCode(type) ?? codeOfStatus(response.status), detail || title);
}

/** The error for an answer without a problem document: from a proxy, or a server that is no AS. */
function refusal(request: Call, response: Response): ProtocolError {
  const known = response.status >= 500 || response.status === 401 || response.status === 429;
  if (!known) return nonsense(request, `status ${response.status} without a problem document`);
  return new ProtocolError(codeOfStatus(response.status), `${said(request)}: status ${response.status}`);
}

function codeOfStatus(status: number): SourceErrorCode {
  if (status >= 500) return 'service-failed';
  if (status === 401) return 'signed-out';
  if (status === 403) return 'not-allowed';
  if (status === 429) return 'too-many-requests';
  return 'request-refused';
}

function nonsense(request: Call, why: string): ProtocolError {
  return new ProtocolError('service-nonsense', `${said(request)}: ${why}`);
}

function said(request: Call): string {
  return `${request.method} ${request.url}`;
}
