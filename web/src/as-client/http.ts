// Sends one request to the service for RemoteAs. One timeout covers the request and its answer, up
// to the last byte. The code of a failure distinguishes three cases: no answer, an answer of
// another server, and a problem document of the AS (RFC 9457).
import { ProtocolError, type SourceErrorCode } from '#protocol/errors.ts';
import { LOG_SIZE, type ProblemJson, problemSchema } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, problemCode } from '#protocol/service/problem.ts';
import { readAnswer } from './answer.ts';
import { NetworkFailure, readRetryAfter } from './retry.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly accessCode?: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Size of the audit log that the station saw. */
  readonly logSize?: number | undefined;
  readonly deadlineMs: number;
  /** Maximum length of the answer, in bytes. */
  readonly maxBytes?: number;
  /** Called with the time of each answer that comes from the AS, in milliseconds since 1970. */
  readonly onTime?: ((ms: number) => void) | undefined;
}

/**
 * Default of `maxBytes`. Even the answer to GET /v1/keys, which lists all sets of a service, is
 * much shorter.
 */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Statuses below 500 with which a proxy reports that it got no answer from the AS or did not
 * forward the request.
 */
const GATEWAY_STATUSES: readonly number[] = [408, 425, 429];

/** Statuses with which a network requires a sign-in to the network itself (RFC 6585, RFC 9110). */
const NETWORK_SIGN_IN: readonly number[] = [407, 511];

/** Returns the JSON value of the answer, not validated. @throws ProtocolError (SourceErrorCode) */
export async function call(fetch: Fetch, request: Call): Promise<unknown> {
  const { response, body } = await send(fetch, request);
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const isAnswer = response.ok && type === 'application/json';
  const value = isAnswer ? parse(body, request) : undefined;
  const problem = !response.ok && /json$/.test(type ?? '') ? problemOf(body) : undefined;
  const at = Date.parse(response.headers.get('date') ?? '');
  // The Date header has whole seconds, so on average it is half a second behind.
  if ((isAnswer || problem) && !Number.isNaN(at)) request.onTime?.(at + 500);
  if (isAnswer) return value;
  throw problem === undefined ? foreign(request, response) : refusal(response, problem);
}

async function send(fetch: Fetch, request: Call): Promise<{ response: Response; body: string }> {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (request.accessCode !== undefined) headers.authorization = `Bearer ${request.accessCode}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  if (request.logSize !== undefined) headers[LOG_SIZE] = String(request.logSize);
  const signal = AbortSignal.timeout(request.deadlineMs);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers,
      signal,
      // Sends no cookies and no referrer, and accepts no cached answer. Follows no redirect:
      // the AS never redirects, so foreign() reports a redirect as the answer of another server.
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'manual',
      referrerPolicy: 'no-referrer',
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return { response, body: await readText(response, request) };
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    if (signal.aborted) {
      const why = `${describe(request)}: no answer within ${request.deadlineMs} ms`;
      throw new NetworkFailure('service-timeout', why, { cause });
    }
    // fetch rejects with a TypeError for every network failure, including a truncated body.
    if (!(cause instanceof TypeError || cause instanceof DOMException)) throw cause;
    throw new NetworkFailure('service-unreachable', `${describe(request)}: ${String(cause)}`, { cause });
  }
}

async function readText(response: Response, request: Call): Promise<string> {
  const { maxBytes = MAX_BYTES } = request;
  // Chromium reports an abort if a short body is read in chunks, so text() reads it as a whole.
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

/**
 * True if Content-Length proves that the body is not longer than `maxBytes`. For a compressed body
 * it proves nothing, because it is the compressed length. A server of another origin may hide from
 * the page that a body is compressed, so its answers never count as short.
 */
function isShort({ headers, type }: Response, maxBytes: number): boolean {
  const length = headers.get('content-length');
  return type !== 'cors' && length !== null && !headers.has('content-encoding') && Number(length) <= maxBytes;
}

/** Parses the answer. The AS always sends complete JSON, so truncated JSON is a network failure. */
function parse(body: string, request: Call): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const why = `${describe(request)}: the answer is not JSON`;
    if (/^\s*</.test(body)) throw new ProtocolError('not-the-as', why, { cause });
    throw new NetworkFailure('service-unreachable', why, { cause });
  }
}

/** Returns the problem document of the AS; undefined for a problem document of another server. */
function problemOf(body: string): ProblemJson | undefined {
  try {
    const problem = readAnswer(problemSchema, JSON.parse(body), 'problem');
    return problem.type.startsWith(PROBLEM_BASE) ? problem : undefined;
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof ProtocolError) return undefined;
    throw cause;
  }
}

/**
 * Returns the error for a problem document of the AS. It is a NetworkFailure for status 429 or 503,
 * because the same request may succeed later.
 */
function refusal({ status, headers }: Response, { type, title, detail }: ProblemJson): ProtocolError {
  const code = problemCode(type) ?? codeOfStatus(status);
  const message = detail || title;
  if (status !== 429 && status !== 503) return new ProtocolError(code, message);
  return new NetworkFailure(code, message, { retryAfterMs: readRetryAfter(headers) });
}

function codeOfStatus(status: number): SourceErrorCode {
  if (status >= 500) return 'service-failed';
  if (status === 401) return 'signed-out';
  if (status === 403) return 'not-allowed';
  if (status === 429) return 'too-many-requests';
  return 'request-refused';
}

/**
 * Returns the error for an answer that is not from the AS. It is from a gateway that got no answer,
 * from a network that requires a sign-in, or from another server.
 */
function foreign(request: Call, { status, headers }: Response): ProtocolError {
  const why = `${describe(request)}: status ${status}, ${headers.get('content-type') ?? 'no content type'}`;
  const isGateway = (status >= 500 && !NETWORK_SIGN_IN.includes(status)) || GATEWAY_STATUSES.includes(status);
  if (!isGateway) return new ProtocolError('not-the-as', why);
  return new NetworkFailure('gateway-failed', why, { retryAfterMs: readRetryAfter(headers) });
}

function nonsense(request: Call, why: string): ProtocolError {
  return new ProtocolError('service-nonsense', `${describe(request)}: ${why}`);
}

function describe(request: Call): string {
  return `${request.method} ${request.url}`;
}
