// Lets pages of listed origins call the API (Fetch standard, CORS protocol). Answers preflight
// requests and adds the CORS headers to each answer. An origin that is not listed gets no such
// header. The service accepts no cookies, so it never permits credentials.
import type { Context, MiddlewareHandler } from 'hono';
import { LOG_SIZE } from '#protocol/service/messages.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Time for which a browser may reuse a preflight answer, in seconds: the maximum of Chromium. */
const PREFLIGHT_AGE_S = 7200;

const PREFLIGHT_HEADERS = {
  ...SECURITY_HEADERS,
  'cache-control': 'no-store',
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': `authorization, content-type, ${LOG_SIZE}`,
  'access-control-max-age': String(PREFLIGHT_AGE_S),
};

/** Headers that the page reads. Browsers hide unlisted headers from a page of another origin. */
const EXPOSED = 'Date, Retry-After';

/**
 * Returns a handler that must run before every other handler. Refusals then have the CORS headers
 * too, and the page can read them.
 */
export function allowPages(origins: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    if (origin === undefined || !origins.includes(origin)) return await next();
    const allowed = { 'access-control-allow-origin': origin, vary: 'Origin' };
    if (isPreflight(c)) return new Response(null, { status: 204, headers: { ...PREFLIGHT_HEADERS, ...allowed } });
    await next();
    for (const [name, value] of Object.entries({ ...allowed, 'access-control-expose-headers': EXPOSED }))
      c.res.headers.set(name, value);
  };
}

function isPreflight(c: Context): boolean {
  return c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
}
