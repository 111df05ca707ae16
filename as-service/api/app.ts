// Creates the HTTP application: the API, the OpenAPI document and the static files. Checks the Host
// and the Origin of every request except those of operations.ts. bin/serve.ts opens the port.
import { type Context, Hono } from 'hono';
import { LOG_SIZE } from '#protocol/service/messages.ts';
import { ADMISSION_LIMITS, Admission, type AdmissionLimits } from '../http/admission.ts';
import { answer, answerJson, answerProblem, Problem, problemOf } from '../http/answer.ts';
import { allowPages } from '../http/cors.ts';
import { Metrics } from '../http/metrics.ts';
import { type Rate, RateLimit } from '../http/rate-limit.ts';
import { declaredLength, MAX_SHORT_BODY_LENGTH, parse } from '../http/request-body.ts';
import { signIn } from '../http/sign-in.ts';
import type { StaticFiles } from '../http/static-files.ts';
import type { As } from '../service/as.ts';
import { createOpenApi } from './openapi.ts';
import { addOperations } from './operations.ts';
import { receiveInput } from './receive-input.ts';
import type { ParseLong } from './routes/long-bodies.ts';
import { type Call, logSizeSchema } from './routes/route.ts';
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
  readonly admission?: AdmissionLimits;
  /** Parses long bodies, outside of the event loop. */
  readonly parseLong: ParseLong;
  /** Token that reads /metrics. Without it there are no metrics. */
  readonly metricsToken?: string | undefined;
  /** Receives errors whose details must not reach a client. */
  readonly report: (cause: unknown) => void;
}

/** After this time the client receives status 503. The handler still runs to its end. */
const DEADLINE_MS = 20_000;

export function createApp(options: AppOptions): Hono {
  const { as, files, report } = options;
  const app = new Hono();
  // A monotonic clock, because setting back the wall clock must not lock operators out.
  const now = () => performance.now();
  const failures = new RateLimit(options.signInRate, now);
  const admission = new Admission({ rate: options.exportRate, limits: options.admission ?? ADMISSION_LIMITS, now });

  const metrics = new Metrics();
  app.onError((cause, c) => {
    const problem = problemOf(cause, report);
    metrics.countResponse(problem.status);
    return answerProblem(problem, { close: hasLongBody(c) });
  });
  app.notFound((c) => {
    throw new Problem('request-refused', `There is nothing at ${c.req.path}.`, { status: 404 });
  });
  addOperations(app, { as, admission, metrics, metricsToken: options.metricsToken });
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
      const signedIn = route.roles === 'anyone' ? undefined : signIn(as, failures, route.roles, credentials(c));
      const logSize = logSizeOf(c);
      const operator = signedIn?.account.name ?? '';
      const received = await receiveInput(c, route, operator, admission, options.parseLong);
      const work = async () => {
        const input = await received.parse();
        // Checks the access code again, because it may have been revoked while the request waited.
        signedIn?.requireSignedIn();
        const call: Call<unknown> = {
          as,
          input,
          id: c.req.param('id') ?? '',
          get signedIn() {
            if (signedIn === undefined) throw new RangeError('the route needs no sign-in');
            return signedIn;
          },
          signLog: () => as.signLog(logSize),
          spend: (count) => admission.spend(operator, count),
          report,
        };
        return route.handle(call);
      };
      const isSlow = route.isSlow === true || received.isLong;
      const answerWithin = async (deadline: Deadline) => {
        try {
          if (signedIn === undefined) return await work();
          return await admission.run(operator, isSlow, () => deadline.limit(work));
        } finally {
          received.release();
        }
      };
      const handled = await withDeadline(answerWithin, route.deadlineMs);
      metrics.countResponse(200);
      return handled instanceof Response ? handled : answer(handled);
    });
  }
  for (const path of new Set(ROUTES.map((route) => route.path))) {
    const methods = ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    const allow = methods.join(', ');
    app.all(pattern(path), () => {
      throw new Problem('request-refused', `Use ${allow} here.`, { status: 405, headers: { allow } });
    });
  }

  const openApi = JSON.stringify(createOpenApi(ROUTES));
  app.get('/openapi.json', () => answerJson(openApi));
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

/** Reads the size of the log that a station saw, from the header. @throws Problem request-refused */
function logSizeOf(c: Context): number | undefined {
  const size = c.req.header(LOG_SIZE);
  return size === undefined ? undefined : parse(logSizeSchema, size, LOG_SIZE);
}

/**
 * Converts an OpenAPI path to a pattern of the router: {id} becomes :id. The path of a tile
 * contains slashes.
 */
function pattern(path: string): string {
  return path.replaceAll('{tile}', ':id{.+}').replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Whether the client may still send a long body that the service has not read. */
function hasLongBody(c: Context): boolean {
  return c.req.method === 'POST' && (declaredLength(c) ?? Number.POSITIVE_INFINITY) > MAX_SHORT_BODY_LENGTH;
}

interface Deadline {
  /** Runs `work`, and rejects at the deadline. Does not begin after it. */
  limit<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Waits for `work`, including its wait for a turn, until the deadline. */
async function withDeadline<Result>(
  work: (deadline: Deadline) => Promise<Result>,
  deadlineMs: number = DEADLINE_MS,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      isOver = true;
      reject(
        new Problem('service-failed', 'The service took too long. Retry: nothing is done twice.', { status: 503 }),
      );
    }, deadlineMs);
  });
  const limit = <Of>(begin: () => Promise<Of>) => (isOver ? late : Promise.race([begin(), late]));
  try {
    return await Promise.race([work({ limit }), late]);
  } finally {
    clearTimeout(timer);
  }
}
