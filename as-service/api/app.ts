// Creates the HTTP application: the API, the OpenAPI document and the static files. Checks the Host
// and the Origin of every request except /readyz. bin/serve.ts opens the port.
import { type Context, Hono } from 'hono';
import { answer, answerProblem, Problem, problemOf, tooManyRequests } from '../http/answer.ts';
import { allowPages } from '../http/cors.ts';
import { type Rate, RateLimit } from '../http/rate-limit.ts';
import { parse, readJson } from '../http/request-body.ts';
import { signIn } from '../http/sign-in.ts';
import type { StaticFiles } from '../http/static-files.ts';
import type { As } from '../service/as.ts';
import { createOpenApi } from './openapi.ts';
import type { Call, Route } from './routes/route.ts';
import { ROUTES } from './routes/table.ts';

export interface AppOptions {
  readonly as: As;
  readonly files: StaticFiles;
  /**
   * The origins at which browsers reach this service. Requests with another Host are refused, as a
   * protection against DNS rebinding.
   */
  readonly origins: () => readonly string[];
  /** Origins of pages on other servers. Requests of these pages are served only under /v1/. */
  readonly pageOrigins: readonly string[];
  readonly exportRate: Rate;
  readonly signInRate: Rate;
  /** Receives errors whose details must not reach a client. */
  readonly report: (cause: unknown) => void;
}

/** After this time the client receives status 503. The handler still runs to its end. */
const DEADLINE_MS = 20_000;

export function createApp(options: AppOptions): Hono {
  const { as, files, report } = options;
  const app = new Hono();
  const limits = {
    // Uses a monotonic clock, because setting back the wall clock must not lock operators out.
    exports: new RateLimit(options.exportRate, () => performance.now()),
    failures: new RateLimit(options.signInRate, () => performance.now()),
  };

  app.onError((cause) => answerProblem(problemOf(cause, report)));
  app.notFound((c) => {
    throw new Problem('request-refused', `There is nothing at ${c.req.path}.`, { status: 404 });
  });
  // This route comes before the check of the Host, because a load balancer probes the service by
  // its IP address. The response reveals no more than an open port does.
  app.get('/readyz', () => {
    if (as.isReady) return answer({ ready: true });
    throw new Problem('service-failed', 'The service cannot write to its disk, and ends.', { status: 503 });
  });
  app.use('/v1/*', allowPages(options.pageOrigins));
  app.use('*', async (c, next) => {
    const origins = options.origins();
    guardHost(c, origins);
    guardOrigin(c, c.req.path.startsWith('/v1/') ? [...origins, ...options.pageOrigins] : origins);
    await next();
  });

  for (const route of ROUTES) {
    app.on(route.method.toUpperCase(), pattern(route.path), async (c) => {
      const refused = await as.followClock();
      if (refused !== undefined) report(refused);
      const signedIn = route.roles === 'anyone' ? undefined : signIn(as, limits.failures, route.roles, credentials(c));
      const input = await readInput(c, route);
      // Checks the access code again, because it may have been revoked while the body arrived.
      signedIn?.requireSignedIn();
      const call: Call<unknown> = {
        as,
        input,
        id: c.req.param('id') ?? '',
        get signedIn() {
          if (signedIn === undefined) throw new RangeError('the route needs no sign-in');
          return signedIn;
        },
        spend: (count) => takeExports(limits.exports, signedIn?.account.name ?? '', count),
        report,
      };
      return answer(await withDeadline(Promise.resolve(route.handle(call)), route.deadlineMs));
    });
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    const methods = ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    const allow = methods.join(', ');
    app.all(pattern(path), () => {
      throw new Problem('request-refused', `Use ${allow} here.`, { status: 405, headers: { allow } });
    });
  }

  const openApi = createOpenApi(ROUTES);
  app.get('/openapi.json', () => answer(openApi));
  app.get('*', async (c, next) => files.answer(c.req.path, c.req.raw.headers) ?? (await next()));
  return app;
}

/** @throws Problem request-refused */
function guardHost(c: Context, origins: readonly string[]): void {
  const { host } = new URL(c.req.url);
  if (!origins.some((origin) => new URL(origin).host === host)) {
    throw new Problem('request-refused', `This service does not answer to the name ${host}: see KEYFERRY_ORIGINS.`, {
      status: 421,
    });
  }
}

/** @throws Problem not-allowed */
function guardOrigin(c: Context, origins: readonly string[]): void {
  const origin = c.req.header('origin');
  if (origin !== undefined && !origins.includes(origin)) {
    throw new Problem(
      'not-allowed',
      `A page of ${origin} may not call this service: see KEYFERRY_ORIGINS and KEYFERRY_ALLOW_ORIGINS.`,
    );
  }
}

function credentials(c: Context) {
  // @hono/node-server sets `incoming`. Tests call the app without a server, so their address is
  // empty.
  const env = c.env as { readonly incoming?: { readonly socket: { readonly remoteAddress?: string } } } | undefined;
  return { authorization: c.req.header('authorization'), address: env?.incoming?.socket.remoteAddress ?? '' };
}

/** Converts an OpenAPI path to a pattern of the router: {id} becomes :id. */
function pattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function readInput(c: Context, { method, input, bodyLimit }: Route): Promise<unknown> | unknown {
  if (input === undefined) return undefined;
  return method === 'post' ? readJson(c, input, bodyLimit) : parse(input, c.req.query(), 'query');
}

function takeExports(limit: RateLimit, operator: string, count: number): void {
  const wait = limit.take(operator, count);
  if (wait !== undefined) throw tooManyRequests(`${operator} makes exports faster than this service allows.`, wait);
}

async function withDeadline<Result>(work: Promise<Result>, deadlineMs: number = DEADLINE_MS): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new Problem('service-failed', 'The service took too long. Retry: nothing is done twice.', { status: 503 }),
      );
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
