// Makes JSON responses and problem documents (RFC 9457).
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { ProblemJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const JSON_HEADERS = { ...SECURITY_HEADERS, 'cache-control': 'no-store', 'content-type': 'application/json' };
const PROBLEM_HEADERS = { ...JSON_HEADERS, 'content-type': 'application/problem+json' };

/** An error response. `detail` says what is wrong and what to do. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    { status = PROBLEMS[code].status as number, headers = {} as Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** Returns the problem too-many-requests. `wait` is in seconds. */
export function tooManyRequests(detail: string, wait: number): Problem {
  return new Problem('too-many-requests', `${detail} Wait ${wait} s.`, { headers: { 'retry-after': String(wait) } });
}

/** Returns the problem of a service that is busy (503). `wait` is in seconds. */
export function busy(detail: string, wait: number): Problem {
  const headers = { 'retry-after': String(wait) };
  return new Problem('too-many-requests', `${detail} Retry in ${wait} s.`, { status: 503, headers });
}

export function answer(body: object): Response {
  return answerJson(JSON.stringify(body));
}

/** Answers with a JSON text. */
export function answerJson(text: string): Response {
  return new Response(text, { headers: JSON_HEADERS });
}

/**
 * Converts an error to a problem. A refusal keeps its message. The details of any other error go to
 * `report` only.
 */
export function problemOf(cause: unknown, report: (cause: unknown) => void): Problem {
  if (cause instanceof Problem) return cause;
  if (cause instanceof ProtocolError && isProblemCode(cause.code)) return new Problem(cause.code, cause.message);
  report(cause);
  return new Problem('service-failed', 'The service failed. Its own log contains the cause: ask the administrator.');
}

export function problemJson({ code, status, message }: Problem): ProblemJson {
  return { type: `${PROBLEM_BASE}${code}`, title: PROBLEMS[code].title, status, detail: message };
}

/**
 * Answers with a problem document. With `close`, Node closes the connection afterwards, and does
 * not read the rest of the body of the request.
 */
export function answerProblem(problem: Problem, { close = false } = {}): Response {
  const challenge = problem.code === 'signed-out' ? { 'www-authenticate': 'Bearer' } : {};
  const closing = close ? { connection: 'close' } : {};
  const headers = { ...PROBLEM_HEADERS, ...challenge, ...problem.headers, ...closing };
  return new Response(JSON.stringify(problemJson(problem)), { status: problem.status, headers });
}

function isProblemCode(code: ErrorCode): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
