// The comparison of a served page with a release: servers that serve the release, a changed one, and
// none.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import { type Comparison, verifyDeployment } from '#as-service/release/verify-deployment.ts';
import { packSite } from '#as-service/site/pack-site.ts';
import { INDEX, SCRIPT, TestDeployment } from '#test/support/deployment.ts';
import { digestsIn, OTHER_RELEASE_KEY, publicKeyOf, signRelease } from '#test/support/release.ts';
import { ResponseServer } from '#test/support/response-server.ts';
import { SITE, signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

let deployment: TestDeployment;

beforeEach(async () => {
  deployment = await TestDeployment.start({ 'style.css': 'p{}' });
});

afterEach(() => deployment.stop());

const compare = (key: Uint8Array | null = null, url = deployment.server.url, ms = 30_000): Promise<Comparison> =>
  verifyDeployment({ command: 'verify-deployment', url, release: deployment.release, key }, { ms, bytes: 100_000 });
/** The lines about differences, without their padding. */
const differences = async (): Promise<readonly string[]> => {
  const { lines, isEqual } = await compare();
  const found = lines.filter((line) => /^(missing|changed|additional|header) /.test(line));
  expect(isEqual).toBe(found.length === 0);
  return found.map((line) => line.replace(/ +/, ' '));
};

/** Sets one header in the answers for one path. */
function sendHeader(path: string, name: string, value: string): void {
  deployment.change(path, async (original) => {
    const headers = new Headers(original.headers);
    headers.set(name, value);
    return new Response(await original.arrayBuffer(), { headers });
  });
}

/** Answers as now, and sends a page for one path, as some servers do for a missing file. */
function sendPageFor(missing: string, page: string): void {
  const { answer } = deployment.server;
  deployment.server.answer = (path, request) => (path === missing ? new Response(page) : answer(path, request));
}

interface Signal {
  readonly given: Promise<void>;
  give(): void;
}

function signal(): Signal {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

/** Waits for turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a deployment that is the release', () => {
  it('is the page of the service', async () => {
    const { isEqual, lines } = await compare(publicKeyOf());
    expect(lines).toEqual([
      expect.stringMatching(/^Release 1\.2\.3, signed with the key ([\dA-F]{4} ){7}[\dA-F]{4}$/),
      `Compared 5 files at ${deployment.server.url} in the encodings br, gzip, identity.`,
      'There is no site.json.',
      'The page is release 1.2.3.',
    ]);
    expect(isEqual).toBe(true);
  });

  it('asks the reader to compare the key, if none is named', async () => {
    expect((await compare()).lines.join('\n')).toContain('Compare this key with the one that the publisher');
  });

  it('may have the demo', async () => {
    await deployment.serveBuild(true);
    expect(await differences()).toEqual([]);
    const { lines } = await compare();
    expect(lines).toContain('The server also has the demo.');
    expect(lines.join('\n')).toContain('Compared 6 files');
  });

  it('may have a site file, which changes the policy and the hash of the build, and is named', async () => {
    const as = ['https://keys.example.org', 'https://keys-2.example.org'];
    await makeFolder(deployment.folder, { 'app/site.json': await signSiteFile({ site: { as } }) });
    await deployment.serveBuild();
    expect(await differences()).toEqual([]);
    expect((await compare()).lines.join('\n')).toContain(
      `site.json is not part of a release. It names the AS ${as.join(' ')}. Check its signature with "site check".`,
    );
  });

  it('may be a folder that site pack wrote, on a server that sends the page for a missing file', async () => {
    const out = join(deployment.folder, 'packed');
    await packSite({ web: deployment.folder, out }, await signSiteFile(), SITE.as);
    deployment.server.answer = async (url) => {
      const path = url === '/' ? 'index.html' : url.slice(1);
      const content = await readFile(join(out, path), 'utf8').catch(() => undefined);
      const html = path.endsWith('.html') || content === undefined ? (content ?? INDEX) : undefined;
      const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };
      const type = html !== undefined ? 'text/html' : (types[extname(path)] ?? 'application/json');
      const headers = { ...pageHeaders({ path, html }, SITE.as), 'content-type': type };
      return new Response(content ?? INDEX, { headers });
    };
    expect(await differences()).toEqual([]);
  });

  it.each([
    ['index.html', 'text/html'],
    ['index.html', 'text/html; charset=utf-8'],
    ['assets/a-AbCd1234.js', 'text/javascript; charset=utf-8'],
    ['assets/a-AbCd1234.js', 'application/javascript'],
    ['service-worker.js', 'application/javascript'],
    ['style.css', 'text/css; charset=utf-8'],
    ['build.json', 'text/plain'],
  ])('may send %s as %s', async (path, type) => {
    sendHeader(`/${path}`, 'content-type', type);
    expect(await differences()).toEqual([]);
  });

  it('may lack the demo of the release, and send the page in its place', async () => {
    sendPageFor('/demo.html', INDEX);
    const { lines, isEqual } = await compare();
    expect(isEqual).toBe(true);
    expect(lines.join('\n')).not.toContain('demo');
  });

  it('may have a page of the name of the demo, if the release has no demo', async () => {
    deployment.release = await signRelease(digestsIn(deployment.folder, ['app']));
    await deployment.serveBuild(true);
    expect(await differences()).toEqual([]);
    expect((await compare()).lines.join('\n')).not.toContain('demo');
  });

  it.each(['', '\n  '])(
    'may send a web page for a site file that it does not have, with %j before it',
    async (blank) => {
      sendPageFor('/site.json', blank + INDEX);
      const { lines, isEqual } = await compare();
      expect(isEqual).toBe(true);
      expect(lines).toContain('There is no site.json.');
    },
  );

  it('may have a site file that cannot be read, which is not part of it', async () => {
    await makeFolder(deployment.folder, { 'app/site.json': 'text <' });
    const original = deployment.server.answer;
    const { 'cache-control': cache, ...headers } = pageHeaders({ path: 'site.json' });
    deployment.server.answer = (path, request) =>
      path === '/site.json'
        ? new Response('text <', { headers: { ...headers, 'cache-control': cache ?? '' } })
        : original(path, request);
    const { lines, isEqual } = await compare();
    expect(isEqual).toBe(true);
    expect(lines.filter((line) => line.startsWith('site.json'))).toEqual([
      expect.stringMatching(/^site\.json is not part of a release, and cannot be read: .+\.$/),
    ]);
  });
});

describe('a deployment that is not the release', () => {
  it('has a changed file', async () => {
    await writeFile(join(deployment.folder, 'app/assets/a-AbCd1234.js'), 'let a = 2;');
    await deployment.serveBuild();
    expect(await differences()).toEqual(
      ['br', 'gzip', 'identity'].map((encoding) => `changed assets/a-AbCd1234.js (encoding ${encoding})`),
    );
  });

  it('has a header that leads the browser to another page, or a media type that stops the page', async () => {
    deployment.change('/index.html', (original) => {
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
    deployment.change('/assets/a-AbCd1234.js', (original, request) =>
      request.get('accept-encoding') === 'gzip'
        ? new Response(gzipSync('let a = 2;'), { headers: original.headers })
        : original,
    );
    expect(await differences()).toEqual(['changed assets/a-AbCd1234.js (encoding gzip)']);
  });

  it('has another page at the address of its folder', async () => {
    deployment.change('/', () => new Response('<p>Other</p>'));
    expect((await differences())[0]).toBe('changed the address of the folder (encoding br)');
  });

  it('lacks a file', async () => {
    await rm(join(deployment.folder, 'app/assets/a-AbCd1234.js'));
    await deployment.serveBuild();
    expect(await differences()).toEqual(['missing assets/a-AbCd1234.js: status 404']);
  });

  it('lists a file that the release does not have', async () => {
    const path = join(deployment.folder, 'app/build.json');
    const list = await readFile(path, 'utf8');
    await writeFile(path, list.replace('"index.html"', `"assets/evil.js": "${'0'.repeat(64)}",\n    "index.html"`));
    await deployment.serveBuild();
    expect(await differences()).toContain(
      'additional assets/evil.js: build.json lists it, and the release does not have it',
    );
  });

  it('has a demo that differs', async () => {
    await writeFile(join(deployment.folder, 'demo/demo.html'), '<p>Other</p>');
    await deployment.serveBuild(true);
    expect((await differences())[0]).toBe('changed demo.html (encoding br)');
  });

  it('redirects a file to another server', async () => {
    const other = await ResponseServer.start();
    other.answer = () => new Response(SCRIPT);
    const to = other.url.replace('127.0.0.1', 'localhost');
    deployment.change('/assets/a-AbCd1234.js', () => new Response(null, { status: 302, headers: { location: to } }));
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
    deployment.change('/index.html', async (original) => {
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
    deployment.change('/index.html', async (original) => {
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

  it.each(['refresh', 'link', 'clear-site-data', 'service-worker-allowed'])(
    'sends the header %s with a script and with a changed page',
    async (name) => {
      sendHeader('/assets/a-AbCd1234.js', name, 'value');
      expect(await differences()).toEqual([`header assets/a-AbCd1234.js: ${name} is "value"`]);
      deployment.change(
        '/',
        () => new Response('<p>Other</p>', { headers: { [name]: 'value', 'content-type': 'text/html' } }),
      );
      expect(await differences()).toContain(`header the address of the folder: ${name} is "value"`);
    },
  );

  it.each([
    ['index.html', 'application/xhtml+xml'],
    ['index.html', 'text/htmlx'],
    ['index.html', 'x-text/html'],
    ['assets/a-AbCd1234.js', 'text/plain'],
    ['assets/a-AbCd1234.js', 'x-text/javascript'],
    ['assets/a-AbCd1234.js', 'application/javascripts'],
    ['style.css', 'text/plain'],
    ['style.css', 'x-text/css'],
    ['style.css', ''],
  ])('sends %s as "%s"', async (path, type) => {
    sendHeader(`/${path}`, 'content-type', type);
    expect(await differences()).toEqual([`header ${path}: content-type is "${type}"`]);
  });

  it('sends a header of its site file that differs', async () => {
    await makeFolder(deployment.folder, { 'app/site.json': await signSiteFile() });
    await deployment.serveBuild();
    sendHeader('/site.json', 'cache-control', 'max-age=60');
    expect(await differences()).toEqual(['header site.json: cache-control is "max-age=60"']);
  });

  it('lists its differences once each, sorted, and counts them', async () => {
    deployment.change('/build.json', () => new Response(null, { status: 403 }));
    sendHeader('/assets/a-AbCd1234.js', 'refresh', '1');
    const { lines } = await compare();
    expect(lines.slice(-3)).toEqual([
      'header      assets/a-AbCd1234.js: refresh is "1"',
      'missing     build.json: status 403',
      'The page is not release 1.2.3: 2 differences.',
    ]);
  });

  it('has one difference', async () => {
    sendHeader('/assets/a-AbCd1234.js', 'refresh', '1');
    expect((await compare()).lines.at(-1)).toBe('The page is not release 1.2.3: 1 difference.');
  });
});

describe('a comparison', () => {
  beforeEach(async () => {
    const texts = Array.from({ length: 30 }, (_, number): [string, string] => [`${number}.txt`, 'text']);
    await deployment.stop();
    deployment = await TestDeployment.start(Object.fromEntries(texts));
  });

  it('fetches eight files at a time, each in three encodings', async () => {
    const original = deployment.server.answer;
    const paths: string[] = [];
    const eight = signal();
    let [running, most] = [0, 0];
    deployment.server.answer = async (path, request) => {
      if (path === '/site.json') return original(path, request);
      paths.push(path);
      most = Math.max(most, ++running);
      if (most === 8) eight.give();
      await eight.given;
      await turns(20); // a ninth request would arrive now
      running--;
      return original(path, request);
    };
    expect(await differences()).toEqual([]);
    expect(most).toBe(8);
    expect(paths.filter((path) => path === '/7.txt')).toHaveLength(3);
    expect(paths.filter((path) => path === '/')).toHaveLength(3);
  });

  it('requests no further file after a failure', async () => {
    const original = deployment.server.answer;
    const seen = new Set<string>();
    const failed = signal();
    const ended = signal();
    let answers = 0;
    deployment.server.answer = async (path, request) => {
      seen.add(path);
      if (path === '/site.json') return original(path, request);
      if (path === '/0.txt') return new Response('x'.repeat(100_001));
      await failed.given;
      if (++answers === 7 * 3) ended.give();
      return original(path, request);
    };
    await expect(compare()).rejects.toThrow('the file is longer than 100000 bytes');
    failed.give();
    await ended.given; // the other seven files that were begun
    await turns(50);
    expect(seen.size).toBe(9);
  });
});

describe('a comparison that cannot be made', () => {
  it('names a statement of another key, and a damaged one', async () => {
    await expect(compare(publicKeyOf(OTHER_RELEASE_KEY))).rejects.toThrow('Another key signed this statement.');
    deployment.release = deployment.release.replace('"sig":"', '"sig":"A');
    await expect(compare()).rejects.toThrow('This file is not the statement of a release.');
  });

  it('ends when the server does not answer', async () => {
    deployment.change('/assets/a-AbCd1234.js', () => new Promise(() => undefined));
    await expect(compare(null, deployment.server.url, 500)).rejects.toThrow(
      'cannot be read: no whole answer within 0.5 s.',
    );
  });

  it('ends when a file does not end', async () => {
    deployment.change('/assets/a-AbCd1234.js', () => new Response('x'.repeat(100_001)));
    await expect(compare()).rejects.toThrow('the file is longer than 100000 bytes');
  });

  it('ends when there is no server', async () => {
    await expect(compare(null, 'http://127.0.0.1:9/')).rejects.toThrow(/site\.json cannot be read: /);
  });
});
