// "site pack" and "site check": the signature, the audit log, the folder and the headers.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdminRequest } from '#as-service/cli/admin-requests.ts';
import { runAdminRequest } from '#as-service/cli/admin-requests.ts';
import { readCommandLine } from '#as-service/cli/command-line.ts';
import type { As } from '#as-service/service/as.ts';
import { serverFiles } from '#as-service/site/server-files.ts';
import { runSiteRequest, type SiteRequest } from '#as-service/site/site-requests.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { openSiteFile } from '#protocol/site/site-file.ts';
import { openTestAs, type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

const DRAFT = {
  name: 'ACME Payments',
  as: ['https://keys.example.org'],
  profiles: [{ name: 'Terminal', ids: '2E8A:0005', serial: { baudRate: 9600, parity: 'even', edc: 'lrc' } }],
  policy: { scanLabels: true, signOutAfterMinutes: 15 },
};

let folder: TemporaryFolder;
let as: As;
beforeEach(async () => {
  folder = await temporaryFolder();
  as = await openTestAs(folder.path);
  await makeFolder(path('dist/app'), {
    'index.html': '<!doctype html><style>p{}</style>',
    'index.html.br': 'compressed',
    'service-worker.js': '1',
    'assets/first-AbCd1234.js': '2',
    'assets/vault.worker-AbCd1234.js': '3',
    'site.json': 'of an earlier site',
  });
  await writeFile(path('site-settings.json'), JSON.stringify(DRAFT));
});
afterEach(async () => {
  await as.close();
  await folder.remove();
});

const path = (name: string) => join(folder.path, name);

async function run(...args: string[]): Promise<string> {
  const line = readCommandLine(args);
  if (!('request' in line)) throw new TypeError('not a command');
  const runAtAs = (request: AdminRequest) => runAdminRequest(as, 'cli test', request, 'UTC');
  return (await runSiteRequest(line.request as SiteRequest, runAtAs, (time) => time, path('dist'))).join('\n');
}

const pack = (out = 'out', ...more: string[]) =>
  run('site', 'pack', '--config', path('site-settings.json'), '--web', path('dist'), '--out', path(out), ...more);
const packed = (name: string) => readFile(path(join('out', name)), 'utf8');
async function packedBuild(out: string) {
  await pack(out);
  const read = (name: string) => readFile(path(join(out, name)), 'utf8');
  return { worker: await read('service-worker.js'), list: JSON.parse(await read('build.json')) as unknown };
}
const siteOf = async (out: string) =>
  (await openSiteFile(await readFile(path(join(out, 'site.json')), 'utf8'), [as.state.root.publicKey], isSignedBy))
    .site;
const entries = async () =>
  (await readFile(path('audit.log'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"site-signed"'))
    .map((line) => JSON.parse(line) as { entry: { actor: string; details: Record<string, unknown> } });

describe('"site pack"', () => {
  it('writes the page and a site file that a station accepts', async () => {
    const said = await pack();
    expect(await siteOf('out')).toMatchObject({
      serial: 1,
      service: 'Keyferry AS',
      name: 'ACME Payments',
      as: DRAFT.as,
      profiles: [{ name: 'Terminal', role: 'unit', serial: { baudRate: 9600, bwtMs: 1000 } }],
      policy: DRAFT.policy,
    });
    expect((await readdir(path('out'), { recursive: true })).sort()).toEqual([
      ...['_headers', 'assets', 'assets/first-AbCd1234.js', 'assets/vault.worker-AbCd1234.js'],
      ...['headers', 'headers/Caddyfile', 'headers/apache.conf'],
      ...['headers/nginx-http.conf', 'headers/nginx-location.conf'],
      ...['index.html', 'index.html.br', 'service-worker.js', 'site.json'],
    ]);
    expect(said).toContain('Site file 1 of Keyferry AS');
    expect(said).toContain('Terminal: unit, USB ids 2E8A:0005, serial 9600 baud, parity even, EDC lrc, waits 1000 ms');
  });

  it('packs the page above the program if no folder is named, from every working folder', async () => {
    await run('site', 'pack', '--config', path('site-settings.json'), '--out', path('out'));
    expect(await packed('service-worker.js')).toBe('1');
  });

  it('lets the web server read everything, whatever the umask is', async () => {
    const umask = process.umask(0o077);
    try {
      await pack();
    } finally {
      process.umask(umask);
    }
    const modes = await Promise.all(
      ['', 'assets', 'index.html', 'assets/first-AbCd1234.js', 'site.json', 'headers', '_headers'].map(
        async (name) => [name, ((await stat(path(join('out', name)))).mode & 0o777).toString(8)] as const,
      ),
    );
    expect(Object.fromEntries(modes)).toEqual({
      ...{ '': '755', assets: '755', headers: '755' },
      ...{ 'index.html': '644', 'assets/first-AbCd1234.js': '644', 'site.json': '644', _headers: '644' },
    });
  });

  it('numbers the files of an AS, and records each signature', async () => {
    await pack('one');
    await as.close();
    as = await openTestAs(folder.path);
    await pack('two');
    await pack('three', '--after', '41');
    await pack('four', '--after', '7');
    const serials = await Promise.all(['one', 'two', 'three', 'four'].map(async (out) => (await siteOf(out)).serial));
    expect(serials).toEqual([1, 2, 42, 43]);
    const logged = await entries();
    expect(logged.map(({ entry }) => entry.details.serial)).toEqual(serials);
    expect(logged[0]?.entry).toMatchObject({ actor: 'cli test', details: { as: DRAFT.as[0], profiles: 1 } });
  });

  it('changes the hash of the build with the headers, so that stations fetch the page again', async () => {
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const worker = `const KEYFERRY_BUILD = {"hash":"ab","files":{"index.html":"cd"}};\nlet rest;\n`;
    await makeFolder(path('dist/app'), {
      'service-worker.js': worker,
      'service-worker.js.br': 'compressed',
      'build.json': JSON.stringify({ version: '1', hash: 'x', files: { 'a.js': '1', 'service-worker.js': '2' } }),
    });
    const [first, same] = [await packedBuild('first'), await packedBuild('same')];
    await writeFile(path('site-settings.json'), JSON.stringify({ ...DRAFT, as: ['https://moved.example.org'] }));
    const moved = await packedBuild('moved');
    expect(first).toEqual(same);
    expect(moved.worker).not.toBe(first.worker);
    expect(moved.worker).toMatch(
      /^const KEYFERRY_BUILD = \{"hash":"[0-9a-f]{64}","files":\{"index\.html":"cd"\}\};\nlet rest;\n$/,
    );
    const { hash } = JSON.parse(/\{.*\}/.exec(moved.worker)?.[0] ?? '') as { readonly hash: string };
    const files = { 'a.js': '1', 'service-worker.js': sha256(moved.worker) };
    expect(moved.list).toEqual({ version: '1', hash, files });
    expect(await readdir(path('moved'))).not.toContain('service-worker.js.br');
  });

  it('names the AS in the policy of the page, and in no other policy', async () => {
    await pack();
    const page = "connect-src 'self' https://keys.example.org";
    const rules = (await packed('_headers')).split(/^(?=\/)/m);
    expect(rules.filter((rule) => rule.includes(page)).map((rule) => rule.split('\n')[0])).toEqual([
      '/',
      '/index.html',
    ]);
    expect(rules.find((rule) => rule.startsWith('/assets/vault.worker'))).toContain("'wasm-unsafe-eval'");
    expect(rules.find((rule) => rule.startsWith('/site.json'))).toContain('Cache-Control: no-cache');
    for (const name of ['nginx-http.conf', 'Caddyfile', 'apache.conf']) {
      const content = await packed(join('headers', name));
      expect(content.match(/https:\/\/keys\.example\.org/g), name).toHaveLength(1);
      expect(content, name).toContain(String.raw`/(index\.html)?$`);
      expect(content, name).toContain(String.raw`/service-worker\.js$`);
      expect(content, name).toContain('/assets/[^/]+$');
    }
  });

  it('writes nothing into a folder with files, and signs nothing then', async () => {
    await makeFolder(path('out'), { 'kept.txt': 'kept' });
    await expect(pack()).rejects.toThrow('is not empty. Name a new folder');
    await expect(
      run('site', 'pack', '--config', path('site-settings.json'), '--web', path('data'), '--out', path('new')),
    ).rejects.toThrow('contains no built page');
    expect(await readdir(path('out'))).toEqual(['kept.txt']);
    expect(await entries()).toEqual([]);
  });

  it('names what is wrong in the settings', async () => {
    await writeFile(path('site-settings.json'), JSON.stringify({ ...DRAFT, as: ['http://keys.example.org'] }));
    await expect(pack()).rejects.toThrow('as[0] is not an address such as https://keys.example.org');
    const [profile] = DRAFT.profiles;
    await writeFile(path('site-settings.json'), JSON.stringify({ ...DRAFT, profiles: [profile, profile] }));
    await expect(pack()).rejects.toThrow('profiles[1] of the site file has the ids of an earlier profile');
    expect(await entries()).toEqual([]);
  });
});

describe('"site check"', () => {
  const check = (...more: string[]) => run('site', 'check', path('out/site.json'), ...more);

  it('shows what the file says, and that its signature holds', async () => {
    await pack();
    for (const said of [await check(), await check('--root', toHex(as.state.root.publicKey))]) {
      expect(said).toContain('  name     ACME Payments');
      expect(said).toContain('sign-out after 15 minutes without activity');
      expect(said).toMatch(/The signature is valid\. The root key is ([0-9A-F]{4} ?){8}\.$/);
    }
  });

  it('says why a station refuses the file', async () => {
    await pack();
    await expect(check('--root', '00'.repeat(32))).rejects.toThrow(
      /^Another AS signed this file[\s\S]*without proof:[\s\S]*ACME/,
    );
    await writeFile(path('out/site.json'), await signSiteFile());
    await expect(check()).rejects.toThrow('Another AS signed this file');
    await writeFile(path('out/site.json'), JSON.stringify(DRAFT));
    await expect(check()).rejects.toThrow('This file has no signature');
    await writeFile(path('out/site.json'), '{');
    await expect(check()).rejects.toThrow('it is damaged');
    await expect(check('--root', 'AB')).rejects.toThrow('--root must be 64 hex digits');
  });
});

describe('"site policies"', () => {
  const policies = (...more: string[]) =>
    run(
      'site',
      'policies',
      path('out/site.json'),
      '--page',
      'https://page.example/keys',
      '--out',
      path('policies'),
      ...more,
    );

  it('writes files for the devices of the site and the origin of the page', async () => {
    await pack();
    const said = await policies();
    expect(said).toContain('Wrote the policies for the stations of https://page.example/keys/:');
    expect(said).not.toContain('--kiosk');
    const written = JSON.parse(await readFile(path('policies/linux/keyferry.json'), 'utf8')) as object;
    expect(written).toMatchObject({
      SerialAllowUsbDevicesForUrls: [
        { devices: [{ vendor_id: 0x2e8a, product_id: 5 }], urls: ['https://page.example'] },
      ],
    });
    expect(written).not.toHaveProperty('RestoreOnStartupURLs');
    await expect(policies()).rejects.toThrow('is not empty. Name a new folder with --out.');
  });

  it('says how to start a kiosk, and which devices still need the chooser', async () => {
    await writeFile(path('site-settings.json'), JSON.stringify({ as: DRAFT.as }));
    await pack();
    const said = await policies('--kiosk');
    expect(said).toContain('Start the browser with --kiosk https://page.example/keys/');
    expect(said).toContain('The site file names no USB ids');
  });

  it('writes nothing for a file that a station would refuse', async () => {
    await pack();
    await expect(policies('--root', '00'.repeat(32))).rejects.toThrow('Another AS signed this file');
    await writeFile(path('out/site.json'), await signSiteFile());
    await expect(policies()).rejects.toThrow('Another AS signed this file');
  });
});

it('GET /v1/trust lists no key for site files, which earlier pages would refuse', () => {
  const purposes = as.signatures.trust.certificates.map(
    ({ payload }) => (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { purpose: string }).purpose,
  );
  expect(purposes).toContain('verdict');
  expect(purposes).not.toContain('site');
});

it('a page has a rule for its path without .html, where Cloudflare Pages serves it', () => {
  const files = ['index.html', 'verify.html', 'guide/index.html'].map((name) => ({ path: name, headers: { a: name } }));
  const [underscore] = serverFiles(files, { a: 'none' });
  expect(underscore?.content.match(/^\/.*\n.*/gm)).toEqual([
    '/\n  A: index.html',
    '/index.html\n  A: index.html',
    '/verify\n  A: verify.html',
    '/verify.html\n  A: verify.html',
    '/guide/\n  A: guide/index.html',
    '/guide/index.html\n  A: guide/index.html',
  ]);
});

it('a header with the same value in a whole folder has one rule', () => {
  const files = ['assets/a.js', 'assets/b.js', 'other/c.js', 'other/d.js'].map((name) => ({
    path: name,
    headers: { 'cache-control': name === 'other/d.js' || name.startsWith('assets/') ? 'immutable' : 'no-cache' },
  }));
  const [, maps] = serverFiles(files, { 'cache-control': 'no-cache' });
  expect(maps?.content.match(/"~.*"/g)).toEqual([
    '"~/assets/[^/]+$" "immutable"',
    String.raw`"~/other/d\.js$" "immutable"`,
  ]);
});
