// The command verify-deployment against web servers that serve a release, a changed one, and none.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import { loadStaticFiles } from '#as-service/http/static-files.ts';
import { type Comparison, verifyDeployment } from '#as-service/release/verify-deployment.ts';
import { packSite } from '#as-service/site/pack-site.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { digestOf } from '#protocol/release/build-files.ts';
import { digestsIn, namedBuild, OTHER_RELEASE_KEY, publicKeyOf, signRelease } from '#test/support/release.ts';
import { type Answer, ResponseServer } from '#test/support/response-server.ts';
import { runCommand } from '#test/support/run-command.ts';
import { bundleService } from '#test/support/service-bundle.ts';
import { SITE, signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

const INDEX = '<!doctype html><style>p{}</style><script type="module" src="./assets/a-AbCd1234.js"></script>';
const SCRIPT = 'let a = 1;';
const LIST = { 'assets/a-AbCd1234.js': digestOf(utf8(SCRIPT)), 'index.html': digestOf(utf8(INDEX)) };
const { worker: WORKER, list: BUILD_LIST } = namedBuild(LIST, { code: 'x();\n' });
const BUILD = {
  'app/index.html': INDEX,
  'app/assets/a-AbCd1234.js': SCRIPT,
  'app/service-worker.js': WORKER,
  'app/build.json': BUILD_LIST,
  'demo/demo.html': '<!doctype html><p>Demo</p>',
};

let folder: string;
let server: ResponseServer;
let release: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kf-verify-'));
  await makeFolder(folder, BUILD);
  release = await signRelease(digestsIn(folder, ['app', 'demo']));
  server = await ResponseServer.start();
  await serveBuild();
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Serves the folder as the service does. */
async function serveBuild(demo = false): Promise<void> {
  const files = await loadStaticFiles(folder, demo);
  server.answer = (path, request) => files.answer(path, request);
}

/** Changes the answers for one path. */
function change(path: string, answer: (original: Response, request: Headers) => ReturnType<Answer>): void {
  const original = server.answer;
  server.answer = async (asked, request) => {
    const response = await original(asked, request);
    return asked === path && response !== undefined ? answer(response, request) : response;
  };
}

const compare = (key: Uint8Array | null = null, url = server.url, ms = 30_000): Promise<Comparison> =>
  verifyDeployment({ command: 'verify-deployment', url, release, key }, { ms, bytes: 100_000 });
/** The lines about differences, without their padding. */
const differences = async (): Promise<readonly string[]> => {
  const { lines, isEqual } = await compare();
  const found = lines.filter((line) => /^(missing|changed|additional|header) /.test(line));
  expect(isEqual).toBe(found.length === 0);
  return found.map((line) => line.replace(/ +/, ' '));
};

describe('a deployment that is the release', () => {
  it('is the page of the service', async () => {
    const { isEqual, lines } = await compare(publicKeyOf());
    expect(lines).toEqual([
      expect.stringMatching(/^Release 1\.2\.3, signed with the key ([\dA-F]{4} ?){8}$/),
      `Compared 4 files at ${server.url} in the encodings br, gzip, identity.`,
      'There is no site.json.',
      'The page is release 1.2.3.',
    ]);
    expect(isEqual).toBe(true);
  });

  it('asks the reader to compare the key, if none is named', async () => {
    expect((await compare()).lines.join('\n')).toContain('Compare this key with the one that the publisher');
  });

  it('may have the demo', async () => {
    await serveBuild(true);
    expect(await differences()).toEqual([]);
    const { lines } = await compare();
    expect(lines).toContain('The server also has the demo.');
    expect(lines.join('\n')).toContain('Compared 5 files');
  });

  it('may have a site file, which changes the policy and the hash of the build, and is named', async () => {
    await makeFolder(folder, { 'app/site.json': await signSiteFile() });
    await serveBuild();
    expect(await differences()).toEqual([]);
    expect((await compare()).lines.join('\n')).toContain(
      `site.json is not part of a release. It names the AS ${SITE.as.join(' ')}. Check its signature with "site check".`,
    );
  });

  it('may be a folder that site pack wrote, on a server that sends the page for a missing file', async () => {
    const out = join(folder, 'packed');
    await packSite({ web: folder, out }, await signSiteFile(), SITE.as);
    server.answer = async (url) => {
      const path = url === '/' ? 'index.html' : url.slice(1);
      const content = await readFile(join(out, path), 'utf8').catch(() => undefined);
      const html = path.endsWith('.html') || content === undefined ? (content ?? INDEX) : undefined;
      const type = html !== undefined ? 'text/html' : path.endsWith('.js') ? 'text/javascript' : 'application/json';
      const headers = { ...pageHeaders({ path, html }, SITE.as), 'content-type': type };
      return new Response(content ?? INDEX, { headers });
    };
    expect(await differences()).toEqual([]);
  });
});

describe('a deployment that is not the release', () => {
  it('has a changed file', async () => {
    await writeFile(join(folder, 'app/assets/a-AbCd1234.js'), 'let a = 2;');
    await serveBuild();
    expect(await differences()).toEqual(
      ['br', 'gzip', 'identity'].map((encoding) => `changed assets/a-AbCd1234.js (encoding ${encoding})`),
    );
  });

  it('has a header that leads the browser to another page, or a media type that stops the page', async () => {
    change('/index.html', (original) => {
      const headers = new Headers(original.headers);
      headers.set('refresh', '0; url=https://other.example/');
      headers.set('content-type', 'text/plain');
      return new Response(original.body, { headers });
    });
    expect(await differences()).toEqual([
      'header index.html: content-type is "text/plain"',
      'header index.html: refresh is "0; url=https://other.example/"',
    ]);
  });

  it('has a file that is changed for browsers only, in its compressed copy', async () => {
    change('/assets/a-AbCd1234.js', (original, request) =>
      request.get('accept-encoding') === 'gzip'
        ? new Response(gzipSync('let a = 2;'), { headers: original.headers })
        : original,
    );
    expect(await differences()).toEqual(['changed assets/a-AbCd1234.js (encoding gzip)']);
  });

  it('has another page at the address of its folder', async () => {
    change('/', () => new Response('<p>Other</p>'));
    expect((await differences())[0]).toBe('changed the address of the folder (encoding br)');
  });

  it('lacks a file', async () => {
    await rm(join(folder, 'app/assets/a-AbCd1234.js'));
    await serveBuild();
    expect(await differences()).toEqual(['missing assets/a-AbCd1234.js: status 404']);
  });

  it('lists a file that the release does not have', async () => {
    const path = join(folder, 'app/build.json');
    const list = await readFile(path, 'utf8');
    await writeFile(path, list.replace('"index.html"', `"assets/evil.js": "${'0'.repeat(64)}",\n    "index.html"`));
    await serveBuild();
    expect(await differences()).toContain(
      'additional assets/evil.js: build.json lists it, and the release does not have it',
    );
  });

  it('has a demo that differs', async () => {
    await writeFile(join(folder, 'demo/demo.html'), '<p>Other</p>');
    await serveBuild(true);
    expect((await differences())[0]).toBe('changed demo.html (encoding br)');
  });

  it('redirects a file to another server', async () => {
    const other = await ResponseServer.start();
    other.answer = () => new Response(SCRIPT);
    const to = other.url.replace('127.0.0.1', 'localhost');
    change('/assets/a-AbCd1234.js', () => new Response(null, { status: 302, headers: { location: to } }));
    const found = await differences();
    await other.stop();
    expect(found).toEqual([`missing assets/a-AbCd1234.js: the server redirects to ${new URL(to).origin}`]);
  });

  it.each([
    ['content-security-policy', "default-src 'self'"],
    ['cross-origin-opener-policy', 'unsafe-none'],
    ['permissions-policy', 'usb=*'],
    ['x-content-type-options', undefined],
    ['cache-control', 'max-age=60'],
  ])('sends the header %s as %s', async (name, value) => {
    change('/index.html', async (original) => {
      const headers = new Headers(original.headers);
      headers.delete(name);
      if (value !== undefined) headers.set(name, value);
      return new Response(await original.arrayBuffer(), { headers });
    });
    expect(await differences()).toEqual([
      `header index.html: ${name} is ${value === undefined ? 'missing' : `"${value}"`}`,
    ]);
  });

  it('permits an AS in its policy that its site file does not name', async () => {
    change('/index.html', async (original) => {
      const headers = new Headers(original.headers);
      const policy = headers.get('content-security-policy') ?? '';
      headers.set(
        'content-security-policy',
        policy.replace("connect-src 'self'", "connect-src 'self' https://evil.example"),
      );
      return new Response(await original.arrayBuffer(), { headers });
    });
    expect((await differences())[0]).toContain("connect-src 'self' https://evil.example");
  });
});

describe('a comparison that cannot be made', () => {
  it('names a statement of another key, and a damaged one', async () => {
    await expect(compare(publicKeyOf(OTHER_RELEASE_KEY))).rejects.toThrow('Another key signed this statement.');
    release = release.replace('"sig":"', '"sig":"A');
    await expect(compare()).rejects.toThrow('This file is not the statement of a release.');
  });

  it('ends when the server does not answer', async () => {
    change('/assets/a-AbCd1234.js', () => new Promise(() => undefined));
    await expect(compare(null, server.url, 500)).rejects.toThrow('cannot be read: no whole answer within 0.5 s.');
  });

  it('ends when a file does not end', async () => {
    change('/assets/a-AbCd1234.js', () => new Response('x'.repeat(100_001)));
    await expect(compare()).rejects.toThrow('the file is longer than 100000 bytes');
  });

  it('ends when there is no server', async () => {
    await expect(compare(null, 'http://127.0.0.1:9/')).rejects.toThrow(/site\.json cannot be read: /);
  });
});

describe('the command', () => {
  let programs: string;
  let cli: string;

  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'kf-verify-cli-'));
    ({ cli } = await bundleService(programs));
  });

  afterAll(() => rm(programs, { recursive: true }));

  async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const file = join(folder, 'release.json');
    await writeFile(file, release);
    return await runCommand(process.execPath, [cli, 'verify-deployment', ...args, '--release', file]);
  }

  it('ends with 0 for the release, 1 for another page, and 2 without a comparison', async () => {
    const key = Buffer.from(publicKeyOf()).toString('hex');
    const same = await run(server.url, '--key', key);
    expect(same.output).toContain('The page is release 1.2.3.');
    expect(same.code).toBe(0);
    expect((await run(`${server.url}index.html?x#station`)).code).toBe(0);
    change(
      '/assets/a-AbCd1234.js',
      () => new Response('let a = 2;', { headers: { 'content-type': 'text/javascript' } }),
    );
    const changed = await run(server.url);
    expect(changed.output).toContain('The page is not release 1.2.3: 3 differences.');
    expect(changed.code).toBe(1);
    for (const args of [
      [server.url, '--key', key.replaceAll(/\d/g, '0')],
      [server.url, '--key', 'short'],
      ['http://127.0.0.1:9/'],
      ['keys.example.org'],
      [],
    ]) {
      expect((await run(...args)).code, args.join(' ')).toBe(2);
    }
  });
});
