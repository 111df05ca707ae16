// A web server that is not the AS: serves the built page below a path with the headers of
// pageHeaders(), and forwards requests to the AS as a reverse proxy does.
import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import { Service, type ServiceOptions } from './service.ts';

/** Path at which the server has the page. */
const FOLDER = '/tools/keys/';
const HOST = '127.0.0.1';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.json': 'application/json',
};

export class WebServer {
  readonly origin: string;
  readonly #server: Server;
  /** Base URL of the AS to which the server forwards requests. */
  as: string | undefined;
  /** Which requests the server forwards: all in the folder of the page, or only those below v1. */
  forwards: 'v1' | 'all' = 'v1';
  /** Contents of files, by path in the folder, in place of those of the build. */
  contents: ReadonlyMap<string, string> = new Map();
  /** The AS addresses in the Content-Security-Policy of the page. */
  policyNames: readonly string[] = [];
  /** The folders whose files the server sends. */
  folders: readonly string[] = ['dist/app', 'dist/demo'];
  /** Headers that replace those of pageHeaders(). */
  headers: Readonly<Record<string, string>> = {};
  /** Whether the server closes each connection without an answer. */
  isDown = false;
  /** Called with the path of each file. The server sends the file when the promise resolves. */
  beforeFile: (path: string) => Promise<void> = async () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (from: IncomingMessage, to: ServerResponse) => void this.#serve(from, to));
  }

  static async start(): Promise<WebServer> {
    return new WebServer(await listen(createServer()));
  }

  /** Address of the page. */
  get url(): string {
    return this.origin + FOLDER;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
    if (this.isDown) return void from.socket.destroy();
    const { pathname, search } = new URL(from.url ?? '', this.origin);
    // Sends the page for the address of the folder without a slash, as some servers do. Others
    // redirect.
    const path = `${pathname}/` === FOLDER ? '' : pathname.slice(FOLDER.length);
    if (!`${pathname}/`.startsWith(FOLDER)) return send(to, 404);
    if (this.as !== undefined && (this.forwards === 'all' || path.startsWith('v1/')))
      return forward(from, to, `${this.as}/${path}${search}`);
    await this.#sendFile(to, path === '' ? 'index.html' : path);
  }

  async #sendFile(to: ServerResponse, path: string): Promise<void> {
    await this.beforeFile(path);
    for (const folder of this.folders) {
      const changed = this.contents.get(path);
      const content =
        changed === undefined ? await readFile(join(folder, path)).catch(() => undefined) : Buffer.from(changed);
      if (content === undefined) continue;
      const html = path.endsWith('.html') ? content.toString() : undefined;
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      const headers = { ...pageHeaders({ path, html }, this.policyNames), 'content-type': type, ...this.headers };
      return send(to, 200, headers, content);
    }
    send(to, 404);
  }
}

/** Starts an AS to which the server forwards requests. */
export async function startAsBehind(web: WebServer, options: ServiceOptions = {}): Promise<Service> {
  const port = await freePort();
  const service = await Service.start({ ...options, port, args: ['--origin', web.origin] });
  web.as = `http://127.0.0.1:${port}`;
  return service;
}

/** Returns a port that no program uses. */
async function freePort(): Promise<number> {
  const server = await listen(createServer());
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, HOST, () => resolve(server)));
}

function send(to: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}, body: Buffer | string = ''): void {
  to.writeHead(status, headers).end(body);
}

/** Forwards a request with its Host header. Sends the answer, or status 502 if there is none. */
function forward(from: IncomingMessage, to: ServerResponse, url: string): void {
  const onward = request(url, { method: from.method ?? 'GET', headers: from.headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(to);
  });
  onward.on('error', () => send(to, 502));
  from.pipe(onward);
}
