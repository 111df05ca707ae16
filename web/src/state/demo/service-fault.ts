// Answers a request of the demo in place of the AS, so that a load ends with a given code of the AS
// (web/src/as-client/http.ts).
import type { ErrorCode } from '#protocol/errors.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';

export interface ServiceFault {
  /** The request that fails. */
  readonly path: '/v1/exports' | '/v1/receipts';
  readonly code: ErrorCode;
}

const HTML = { 'content-type': 'text/html' } as const;

/** The answer for each code that no problem document of the AS has. */
const OTHERS = {
  'service-unreachable': () => Promise.reject(new TypeError('Failed to fetch')),
  'service-timeout': ({ signal }: RequestInit) =>
    new Promise<Response>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  'gateway-failed': async () => new Response('Bad gateway', { status: 502, headers: HTML }),
  'not-the-as': async () => new Response('<!doctype html>', { headers: HTML }),
  'service-nonsense': async () => Response.json({}),
} as const;

/** Whether serviceAnswer() can end a request with this code. */
export function isServiceCode(code: ErrorCode): boolean {
  return Object.hasOwn(OTHERS, code) || Object.hasOwn(PROBLEMS, code);
}

/** Returns the answer to a request; undefined if the fault does not affect it. */
export function serviceAnswer(
  { path, code }: ServiceFault,
  url: string,
  init: RequestInit,
): Promise<Response> | undefined {
  if (!new URL(url).pathname.endsWith(path)) return undefined;
  if (Object.hasOwn(OTHERS, code)) return OTHERS[code as keyof typeof OTHERS](init);
  const { status, title } = PROBLEMS[code as keyof typeof PROBLEMS];
  const headers = { 'content-type': 'application/problem+json' };
  const problem = { type: PROBLEM_BASE + code, title, status, detail: title };
  return Promise.resolve(new Response(JSON.stringify(problem), { status, headers }));
}
