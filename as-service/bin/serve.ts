// Starts the service: locks the data folder, opens the AS and listens on the port. The service
// stops on SIGINT, on SIGTERM, and when the disk refuses a log entry. Before it stops, it answers
// pending requests.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createApp } from '../api/app.ts';
import { ControlServer } from '../cli/control.ts';
import { UserError } from '../common/user-error.ts';
import { answerProblem, Problem } from '../http/answer.ts';
import { answerClientError } from '../http/raw-answers.ts';
import { loadStaticFiles } from '../http/static-files.ts';
import type { As } from '../service/as.ts';
import { type AsHandle, openAs } from '../service/open-as.ts';
import { prepareEmbedded } from '../service/prepare-embedded.ts';
import { rootFingerprint } from '../signing/signing.ts';
import { isSystemError } from '../storage/atomic-file.ts';
import { diskRefusal } from '../storage/disk-error.ts';
import { type Config, readConfig, SERVE_HELP } from './config.ts';
import { maxConnections } from './descriptors.ts';
import { EventLog } from './event-log.ts';
import { ownOrigins } from './loopback.ts';
import { workersOf } from './run-in-worker.ts';
import { welcomeText } from './welcome.ts';

/** How long pending requests may continue after the service was told to stop, in milliseconds. */
const GRACE_MS = 5_000;
/** Time after which the process of a failed service exits, in milliseconds. */
const EXIT_MS = 2_000;
const SERVER_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // How often Node enforces the two timeouts above.
  connectionsCheckingInterval: 2_000,
  // Without this option Node itself would answer a request without Host, without security headers.
  requireHostHeader: false,
  // Longer than the 60 s for which load balancers keep an idle connection open. If the service
  // closed the connection first, a load balancer could still send a request on it and answer status
  // 502.
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
};

const workers = workersOf(import.meta.filename);

async function main(): Promise<void> {
  process.umask(0o077);
  // A reader that closes its end of the pipe, such as a log program, must not end the service.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const config = readConfig(process.argv.slice(2), process.env, import.meta.dirname);
  if (config === 'help') {
    console.log(SERVE_HELP);
    return;
  }
  let as: As | undefined;
  const write = (line: string) => process.stderr.write(line);
  const log = new EventLog({ format: config.log, now: () => new Date(), write });
  const control = new ControlServer(
    () => as,
    (cause) => log.error('command-failed', cause),
  );
  const opened = await openAs({ ...config, derive: workers.derive, onConnection: (socket) => control.accept(socket) });
  if ('socketPath' in opened) {
    throw new UserError(`Another Keyferry AS uses ${config.directory}. Stop it, or choose another folder with --data.`);
  }
  if (opened.as.notices.length > 0) log.info('notice', { message: opened.as.notices.join('\n') });
  try {
    const accessCode = config.embedded ? (await prepareEmbedded(opened.as)).code : undefined;
    await serveUntilSignal(config, opened, accessCode, log, () => {
      as = opened.as;
    });
  } finally {
    as = undefined;
    await opened.close();
  }
}

async function serveUntilSignal(
  config: Config,
  { as, keySource }: AsHandle,
  accessCode: string | undefined,
  log: EventLog,
  ready: () => void,
) {
  const files = await loadStaticFiles(config.web, config.demo);
  let origins: readonly string[] = [];
  const app = createApp({
    as,
    files,
    origins: () => origins,
    pageOrigins: config.pageOrigins,
    exportRate: { burst: Math.max(100, Math.ceil(config.exportsPerMinute / 6)), perMinute: config.exportsPerMinute },
    signInRate: { burst: 10, perMinute: 10 },
    parseLong: workers.parseLong,
    metricsToken: config.metricsToken,
    report: (cause) => log.error('request-failed', cause),
  });
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const server = createServer(SERVER_LIMITS, getRequestListener(app.fetch, { errorHandler: answerMalformed }));
  server.on('clientError', answerClientError);
  server.maxConnections = await maxConnections();
  const { port } = await listen(server, config);
  try {
    const addresses = ownOrigins(config.host, port);
    origins = [...addresses, ...config.origins];
    await as.log.append({ event: 'service-started', actor: null, details: { demo: as.demoMode, port } });
    ready();
    log.info('started', { port, demo: as.demoMode, embedded: config.embedded });
    console.log(
      welcomeText({
        config,
        address: config.origins[0] ?? addresses[0] ?? '',
        rootFingerprint: rootFingerprint(as.state),
        keySource,
        accessCode,
        hasPage: files.hasPage,
        colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
      }),
    );
    const failure = await Promise.race([signalled, as.log.failed]);
    if (failure !== undefined) throw failure;
    log.info('stopping');
  } finally {
    await stop(server);
  }
  await as.log.append({ event: 'service-stopped', actor: null, details: {} });
}

/** Answers a request that is malformed for hono, for example one without Host. */
function answerMalformed(): Response {
  return answerProblem(new Problem('request-refused', 'The request is malformed.'), { close: true });
}

async function listen(server: Server, { host, port }: Config): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    // The listener remains after the start, because without a listener an error event would end the
    // process.
    server.on('error', (cause) => {
      const message = isSystemError(cause, 'EADDRINUSE')
        ? `Port ${port} is in use. Choose another one with --port, or stop the program that uses it.`
        : isSystemError(cause, 'EACCES')
          ? `Port ${port} needs privileges that this process does not have. Choose one above 1023 with --port.`
          : `${host} port ${port} cannot be opened: ${cause.message}`;
      reject(new UserError(message, { cause }));
    });
    server.listen(port, host, resolve);
  });
  return server.address() as AddressInfo;
}

/** Closes the server. Pending requests get their responses within GRACE_MS. */
async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A keep-alive connection becomes idle after its response. This timer then closes it.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}

main().catch((cause: unknown) => {
  const refusal = diskRefusal(cause, 'The service did not start.');
  console.error(refusal instanceof UserError ? `\n  ${refusal.message}\n` : cause);
  process.exitCode = 1;
  // Ends the process even if a handle is still open.
  setTimeout(() => process.exit(), EXIT_MS).unref();
});
