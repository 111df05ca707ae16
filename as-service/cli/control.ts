// The CLI talks to a running service over the socket of its claim: one request and one answer, each a line of JSON. Whoever may open
// the socket (mode 0600, in a folder of mode 0700) may also read the key file, so it needs no password; HTTP never reaches it.
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { UserError } from '../common/user-error.ts';
import type { As } from '../service/as.ts';
import { type AdminRequest, runAdminRequest } from './admin-requests.ts';

interface ControlAnswer {
  readonly lines?: readonly string[];
  readonly refused?: string;
}

const DEADLINE_MS = 30_000;

/** Serves requests one after another, also those of different connections. */
export class ControlServer {
  readonly #as: () => As | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(as: () => As | undefined) {
    this.#as = as;
  }

  accept(socket: Socket): void {
    const lines = createInterface({ input: socket });
    // A client that is gone before its answer; without a listener its EPIPE would end the service.
    lines.on('error', () => socket.destroy());
    lines.once('line', (line) => {
      this.#running = this.#running.then(async () => {
        socket.end(`${JSON.stringify(await this.#answer(line))}\n`);
      });
    });
    socket.setTimeout(DEADLINE_MS, () => socket.destroy());
  }

  async #answer(line: string): Promise<ControlAnswer> {
    const as = this.#as();
    if (as === undefined) return { refused: 'The service is still starting. Try again in a moment.' };
    try {
      const { actor, request } = JSON.parse(line) as { actor: string; request: AdminRequest };
      return { lines: await runAdminRequest(as, actor, request) };
    } catch (cause) {
      if (cause instanceof UserError) return { refused: cause.message };
      console.error('A command of the CLI failed:', cause);
      return { refused: 'The service failed to run this command; its own log says why.' };
    }
  }
}

/** @throws UserError with the service's words, or when it does not answer */
export async function requestControl(
  socketPath: string,
  actor: string,
  request: AdminRequest,
): Promise<readonly string[]> {
  const answer = await new Promise<ControlAnswer>((resolve, reject) => {
    const silent = (why: string) => reject(new UserError(`The service that holds this data folder ${why}.`));
    const socket = createConnection(socketPath, () => socket.write(`${JSON.stringify({ actor, request })}\n`));
    socket.setTimeout(DEADLINE_MS, () => {
      socket.destroy();
      silent('does not answer');
    });
    socket.once('error', () => silent('cannot be reached'));
    socket.once('close', () => silent('closed the connection'));
    const lines = createInterface({ input: socket });
    lines.on('error', () => silent('cannot be reached'));
    lines.once('line', (line) => resolve(JSON.parse(line) as ControlAnswer));
  });
  if (answer.refused !== undefined) throw new UserError(answer.refused);
  return answer.lines ?? [];
}
