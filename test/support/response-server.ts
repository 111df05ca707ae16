// An HTTP server whose answers a test gives as Response objects.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (path: string, request: Headers) => Response | undefined | Promise<Response | undefined>;

export class ResponseServer {
  readonly url: string;
  readonly #server: Server;
  /** Answers each request; undefined sends status 404. */
  answer: Answer = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('request', ({ url = '/', headers }, answer) => {
      const names = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
      void (async () => {
        const response = (await this.answer(url, new Headers(names))) ?? new Response(null, { status: 404 });
        answer.writeHead(response.status, Object.fromEntries(response.headers));
        answer.end(Buffer.from(await response.arrayBuffer()));
      })();
    });
  }

  static async start(): Promise<ResponseServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ResponseServer(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
