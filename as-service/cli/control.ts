// Lets a running service execute the commands of the CLI. requestControl() sends a command over the
// socket of the folder lock, and ControlServer answers it in the service. Request and answer are
// one line of JSON each. The socket needs no authentication: a process that may open it (mode 0600)
// may also read the key file.
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { UserError } from '../common/user-error.ts';
import type { As } from '../service/as.ts';
import { type AdminRequest, runAdminRequest } from './admin-requests.ts';
import { localZone } from './times.ts';

interface ControlRequest {
  readonly actor: string;
  readonly request: AdminRequest;
  /** IANA time zone of the terminal, in which the answer shows times. */
  readonly zone: string;
}

interface ControlAnswer {
  readonly lines?: readonly string[];
  readonly refused?: string;
}

const TIMEOUT_MS = 30_000;

/** Runs the requests of all connections one at a time. */
export class ControlServer {
  readonly #as: () => As | undefined;
  readonly #report: (cause: unknown) => void;
  #running: Promise<unknown> = Promise.resolve();

  /** `report` receives errors whose details must not reach the client. */
  constructor(as: () => As | undefined, report: (cause: unknown) => void) {
    this.#as = as;
    this.#report = report;
  }

  accept(socket: Socket): void {
    const lines = createInterface({ input: socket });
    // A write to a client that has closed its connection causes EPIPE. That error would end the
    // process if there were no listener.
    lines.on('error', () => socket.destroy());
    lines.once('line', (line) => {
      this.#running = this.#running.then(async () => {
        socket.end(`${JSON.stringify(await this.#answer(line))}\n`);
      });
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
  }

  async #answer(line: string): Promise<ControlAnswer> {
    const as = this.#as();
    if (as === undefined) return { refused: 'The service is starting. Retry in a moment.' };
    try {
      const { actor, request, zone } = JSON.parse(line) as ControlRequest;
      return { lines: await runAdminRequest(as, actor, request, zone) };
    } catch (cause) {
      if (cause instanceof UserError) return { refused: cause.message };
      this.#report(cause);
      return { refused: 'The service failed to run this command. Its own log contains the cause.' };
    }
  }
}

/** @throws UserError with the refusal of the service, or when the service does not answer */
export async function requestControl(
  socketPath: string,
  actor: string,
  request: AdminRequest,
): Promise<readonly string[]> {
  const sent: ControlRequest = { actor, request, zone: localZone() };
  const answer = await new Promise<ControlAnswer>((resolve, reject) => {
    const fail = (why: string) => reject(new UserError(`The service on this data folder ${why}.`));
    const socket = createConnection(socketPath, () => socket.write(`${JSON.stringify(sent)}\n`));
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      fail('does not answer');
    });
    socket.once('error', () => fail('cannot be reached'));
    socket.once('close', () => fail('closed the connection'));
    const lines = createInterface({ input: socket });
    lines.on('error', () => fail('cannot be reached'));
    lines.once('line', (line) => resolve(JSON.parse(line) as ControlAnswer));
  });
  if (answer.refused !== undefined) throw new UserError(answer.refused);
  return answer.lines ?? [];
}
