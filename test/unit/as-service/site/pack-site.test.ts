// The folder that "site pack" writes, and the folders that it refuses. The signature comes from a
// simulated AS.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { packSite, requirePackable } from '#as-service/site/pack-site.ts';
import { runSiteRequest, type SiteRequest } from '#as-service/site/site-requests.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { readSiteDraft } from '#protocol/site/draft.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { OTHER_ROOT, publicRoot, signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
  await makeFolder(join(folder.path, 'web/app'), {
    'index.html': '<style>p{}</style>',
    'index.html.br': 'by brotli',
    'assets/a-AbCd1234.js': 'script',
    'assets/a-AbCd1234.js.gz': 'by gzip',
    'guide/deep/de.html': '<p>',
    'service-worker.js': 'const KEYFERRY_BUILD = {"hash":"ab","files":{}};\n',
    'service-worker.js.gz': 'outdated',
    'build.json': '{"version":"1","hash":"x","files":{"service-worker.js":"2"}}',
    'build.json.br': 'outdated',
    'site.json': 'of an earlier site',
  });
});
afterEach(() => folder.remove());

const web = () => join(folder.path, 'web');
const out = () => join(folder.path, 'out');
const packed = (name: string) => readFile(join(out(), name), 'utf8');
const modeOf = async (name: string) => ((await stat(join(out(), name))).mode & 0o777).toString(8);

describe('the folder', () => {
  const HEADERS = ['nginx-http.conf', 'nginx-location.conf', 'Caddyfile', 'apache.conf'].map(
    (name) => `headers/${name}`,
  );

  it('has the page, the site file and the headers, for every user to read', async () => {
    await chmod(join(web(), 'app/index.html'), 0o600);
    const umask = process.umask(0o077);
    try {
      const written = await packSite({ web: web(), out: out() }, 'the site', ['https://keys.example.org']);
      expect(written).toEqual(['_headers', ...HEADERS]);
    } finally {
      process.umask(umask);
    }
    const files = [
      'index.html',
      'index.html.br',
      'assets/a-AbCd1234.js',
      'assets/a-AbCd1234.js.gz',
      'guide/deep/de.html',
    ];
    const made = ['service-worker.js', 'build.json', 'site.json', '_headers', ...HEADERS];
    const folders = ['assets', 'guide', 'guide/deep', 'headers'];
    expect((await readdir(out(), { recursive: true })).sort()).toEqual([...files, ...made, ...folders].sort());
    for (const name of [...files, ...made]) expect(await modeOf(name), name).toBe('644');
    for (const name of ['', ...folders]) expect(await modeOf(name), name).toBe('755');
    expect(await packed('site.json')).toBe('the site');
    expect(await packed('index.html.br')).toBe('by brotli');
  });

  it('has headers for each file but the compressed copies', async () => {
    await packSite({ web: web(), out: out() }, 'the site', ['https://keys.example.org']);
    const rules = (await packed('_headers')).split(/^(?=\/)/m);
    expect(rules.map((rule) => rule.split('\n')[0])).toEqual([
      ...['/assets/a-AbCd1234.js', '/build.json', '/guide/deep/de', '/guide/deep/de.html', '/', '/index.html'],
      ...['/service-worker.js', '/site.json'],
    ]);
    expect(rules.filter((rule) => rule.includes("connect-src 'self' https://keys.example.org"))).toHaveLength(2);
    expect(rules.find((rule) => rule.startsWith('/index.html'))).toContain("'sha256-");
    const apache = await packed('headers/apache.conf');
    expect(apache).toContain('Header always set Cache-Control "no-cache"\n');
    expect(apache).toContain('m#/assets/[^/]+$#');
  });

  it('has another build for other headers', async () => {
    const builds: string[] = [];
    for (const [name, as] of [
      ['a', 'https://a.example'],
      ['b', 'https://b.example'],
      ['c', 'https://a.example'],
    ]) {
      const target = join(folder.path, name ?? '');
      await packSite({ web: web(), out: target }, '', [as ?? '']);
      builds.push(
        (await readFile(join(target, 'service-worker.js'), 'utf8')) +
          (await readFile(join(target, 'build.json'), 'utf8')),
      );
    }
    const [first, moved, same] = builds;
    expect(same).toBe(first);
    expect(moved).not.toBe(first);
    const [, hash] = /^const KEYFERRY_BUILD = \{"hash":"([0-9a-f]{64})","files":\{\}\};\n/.exec(first ?? '') ?? [];
    expect(JSON.parse(first?.slice(first.indexOf('\n')) ?? '')).toMatchObject({ version: '1', hash });
  });

  it('has no worker and no list if the build has none', async () => {
    const bare = join(folder.path, 'bare');
    await makeFolder(join(bare, 'app'), { 'index.html': '<p>' });
    await packSite({ web: bare, out: out() }, '', ['https://keys.example.org']);
    expect((await readdir(out())).sort()).toEqual(['_headers', 'headers', 'index.html', 'site.json']);
  });
});

describe('a folder is refused', () => {
  it('if it has no page, or contains a file, or is one', async () => {
    await expect(requirePackable({ web: folder.path, out: out() })).rejects.toThrow('contains no built page');
    await makeFolder(join(folder.path, 'only/app'), { 'site.json': '' });
    await expect(requirePackable({ web: join(folder.path, 'only'), out: out() })).rejects.toThrow(UserError);
    await requirePackable({ web: web(), out: out() });
    await mkdir(out());
    await requirePackable({ web: web(), out: out() });
    await writeFile(join(out(), 'a'), '');
    await expect(requirePackable({ web: web(), out: out() })).rejects.toThrow('is not empty. Name a new folder');
    await expect(requirePackable({ web: web(), out: join(out(), 'a') })).rejects.toThrow('is a file. Name a folder');
    await expect(requirePackable({ web: web(), out: `${out()}\0` })).rejects.not.toThrow(UserError);
  });
});

describe('a command', () => {
  const draft = readSiteDraft(JSON.stringify({ as: ['https://keys.example.org'] }), () => new Uint8Array());
  const show = (time: string) => time;

  const pack = async (request: Partial<SiteRequest>, answer: readonly string[], built = web()) => {
    const asked: unknown[] = [];
    const runAtAs = async (each: unknown) => {
      asked.push(each);
      return answer;
    };
    const lines = await runSiteRequest(
      { command: 'site pack', draft, out: out(), web: null, after: 3, ...request } as SiteRequest,
      runAtAs,
      show,
      built,
    );
    return { asked, lines };
  };

  it('packs the build that it names, or else the one above the program', async () => {
    const text = (await signSiteFile()).trim();
    const { asked, lines } = await pack({}, [text]);
    expect(asked).toEqual([{ command: 'site sign', draft, after: 3 }]);
    expect(await packed('site.json')).toBe(`${text}\n`);
    expect(lines[0]).toMatch(/^Site file 7 of Test AS/);
    expect(lines).toContain(`  ${join(out(), 'headers/Caddyfile')}`);
    const other = join(folder.path, 'other');
    await pack({ web: web(), out: other }, [text], folder.path);
    expect(await readdir(other)).toContain('index.html');
  });

  it('signs nothing if the folder is refused', async () => {
    await expect(pack({ web: folder.path }, [])).rejects.toThrow('contains no built page');
    await expect(readdir(out())).rejects.toThrow('ENOENT');
  });

  it('checks a file with the root key that it names, or else with that of the AS', async () => {
    const file = await signSiteFile();
    const trust = (root: Uint8Array) => ['Root key ABCD 0123', `In full  ${toHex(root)}`];
    const check = async (root: Uint8Array | null, answer: readonly string[]) =>
      (await pack({ command: 'site check', file, root } as Partial<SiteRequest>, answer)).lines.at(-1);
    await expect(check(publicRoot(), [])).resolves.toContain('The signature is valid.');
    await expect(check(null, trust(publicRoot()))).resolves.toContain('The signature is valid.');
    await expect(check(null, trust(publicRoot(OTHER_ROOT)))).rejects.toThrow('Another AS signed this file');
    await expect(check(null, ['Root key ABCD'])).rejects.toThrow(TypeError);
  });
});
