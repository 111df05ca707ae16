// A plain web server for a folder that `site pack` wrote, below a path. Sends the headers of the
// file `_headers`, as hosts of static pages do.
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** Path at which the server has the folder. */
const FOLDER = '/tools/keys';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

export class PackedServer {
  readonly origin: string;
  readonly #server: Server;
  /** The folder to serve. */
  folder = '';
  /** Content of `site.json`, in place of the file in the folder; null for status 404. */
  siteFile: string | null | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', ({ url = '/' }, answer) => void this.#serve(new URL(url, this.origin).pathname, answer));
  }

  static async start(): Promise<PackedServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PackedServer(server);
  }

  /** Address of the page. */
  get url(): string {
    return `${this.origin}${FOLDER}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(pathname: string, answer: ServerResponse): Promise<void> {
    const path = pathname.slice(FOLDER.length);
    const name = path === '/' ? 'index.html' : path.slice(1);
    const content = await this.#read(name);
    if (content === undefined) return void answer.writeHead(404).end();
    const headers = { ...(await this.#headersOf(path)), 'content-type': TYPES[extname(name)] ?? 'text/plain' };
    answer.writeHead(200, headers).end(content);
  }

  async #read(name: string): Promise<Buffer | string | undefined> {
    if (name === 'site.json' && this.siteFile !== undefined) return this.siteFile ?? undefined;
    return await readFile(join(this.folder, name)).catch(() => undefined);
  }

  async #headersOf(path: string): Promise<Record<string, string>> {
    const rules = (await readFile(join(this.folder, '_headers'), 'utf8')).split(/^(?=\/)/m);
    const [, ...lines] =
      rules
        .find((rule) => rule.startsWith(`${path}\n`))
        ?.trim()
        .split('\n') ?? [];
    return Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
  }
}
