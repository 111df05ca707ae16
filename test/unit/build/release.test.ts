// The SBOM, the folder and the key of a release, from a small build.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReleaseKey, readReleaseKey } from '#build/release/release-key.ts';
import { encodeSbom, type SbomOptions } from '#build/release/sbom.ts';
import { writeRelease } from '#build/release/write-release.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { openRelease } from '#protocol/release/statement.ts';
import { digestsIn } from '#test/support/release.ts';
import { makeFolder } from '#test/support/site-folder.ts';
import { verifyEd25519 } from '#test/support/vault.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kf-release-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HASH = Buffer.alloc(64, 0xa5);
const LOCK = {
  packages: {
    'node_modules/svelte': { version: '5.0.0', license: 'MIT', integrity: `sha512-${HASH.toString('base64')}` },
    'node_modules/@noble/hashes': { version: '2.0.0', license: 'MIT' },
    'node_modules/a/node_modules/b': { version: '1.0.0' },
    'node_modules/alias': { version: '3.0.0', name: 'original' },
  },
};
const SBOM: SbomOptions = {
  version: '1.2.3',
  license: 'Apache-2.0',
  packages: {
    app: ['node_modules/svelte', 'node_modules/@noble/hashes', 'node_modules/alias'],
    service: ['node_modules/@noble/hashes', 'node_modules/a/node_modules/b'],
  },
  lock: LOCK,
  tools: { node: '20.0.0', vite: '8.0.0' },
};

describe('the SBOM', () => {
  const sbom = JSON.parse(encodeSbom(SBOM));

  it('is CycloneDX 1.6 without a serial number and a time', () => {
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(sbom.serialNumber ?? sbom.metadata.timestamp).toBeUndefined();
    expect(encodeSbom(SBOM)).toBe(encodeSbom(SBOM));
  });

  it('lists each bundled package once, with version, licence, hash and the folders that contain it', () => {
    expect(sbom.components.map(({ purl }: { purl: string }) => purl)).toEqual([
      'pkg:npm/%40noble/hashes@2.0.0',
      'pkg:npm/b@1.0.0',
      'pkg:npm/original@3.0.0',
      'pkg:npm/svelte@5.0.0',
    ]);
    expect(sbom.components[3]).toMatchObject({
      licenses: [{ expression: 'MIT' }],
      hashes: [{ alg: 'SHA-512', content: HASH.toString('hex') }],
    });
    expect(sbom.components[0].properties.map(({ value }: { value: string }) => value)).toEqual(['app', 'service']);
  });

  it('refuses a package that package-lock.json does not have', () => {
    expect(() => encodeSbom({ ...SBOM, lock: { packages: {} } })).toThrow(RangeError);
  });
});

describe('the key of releases', () => {
  it('is written for this user only, and its public key is shown', () => {
    const file = join(folder, 'key');
    const lines = createReleaseKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(lines.join('\n')).toContain(toHex(readReleaseKey(file).publicKey));
    expect(readFileSync(`${file}.pub`, 'utf8')).toContain('BEGIN PUBLIC KEY');
  });

  it('never overwrites a file', () => {
    writeFileSync(join(folder, 'key.pub'), '');
    expect(() => createReleaseKey(join(folder, 'key'))).toThrow('already exists');
    expect(readdirSync(folder)).toEqual(['key.pub']);
  });

  it('is refused if it is missing, not a key, or not Ed25519', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = join(folder, 'key');
    expect(() => readReleaseKey(file)).toThrow('There is no file');
    writeFileSync(file, 'x');
    expect(() => readReleaseKey(file)).toThrow('contains no secret key in PEM');
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    expect(() => readReleaseKey(file)).toThrow('contains no Ed25519 key, but ec');
  });
});

describe('the folder of a release', () => {
  it('has the builds, the licence, the SBOM, the list and the statement, which agree', async () => {
    const [root, out] = [join(folder, 'root'), join(folder, 'out')];
    await makeFolder(root, {
      LICENSE: 'Apache',
      'package.json': JSON.stringify({ version: '1.2.3', license: 'Apache-2.0' }),
      'package-lock.json': JSON.stringify(LOCK),
      'dist/app/index.html': '<p>Page</p>',
      'dist/app/assets/a.js': 'a();',
      'dist/demo/demo.html': '<p>Demo</p>',
      'dist/service/serve.js': 'serve();',
      'dist/simulator/install.js': 'not released',
      'dist/packages/client.json': '["node_modules/svelte"]',
      'dist/packages/verify.json': '["node_modules/@noble/hashes"]',
      'dist/packages/demo.json': '[]',
      'dist/packages/service.json': '[]',
      'node_modules/vite/package.json': '{"version":"8.0.0"}',
      'node_modules/rolldown/package.json': '{"version":"1.0.0"}',
    });
    const key = join(folder, 'key');
    createReleaseKey(key);
    const commit = 'c3'.repeat(20);
    expect(await writeRelease({ root, out, commit, signer: readReleaseKey(key) })).toBe(6);

    const release = await openRelease(readFileSync(join(out, 'release.json'), 'utf8'), verifyEd25519);
    expect(release).toMatchObject({ version: '1.2.3', commit, publicKey: readReleaseKey(key).publicKey });
    const actual = digestsIn(out, ['.']);
    const sums = readFileSync(join(out, 'SHA256SUMS'), 'utf8');
    for (const name of ['SHA256SUMS', 'release.json']) actual.delete(name);
    expect([...release.files].sort()).toEqual([...actual].sort());
    expect(sums).toBe([...release.files].map(([path, digest]) => `${digest}  ${path}\n`).join(''));
    expect([...release.files.keys()]).toEqual([
      'LICENSE',
      'app/assets/a.js',
      'app/index.html',
      'demo/demo.html',
      'sbom.cdx.json',
      'service/serve.js',
    ]);
    const { components } = JSON.parse(readFileSync(join(out, 'sbom.cdx.json'), 'utf8'));
    expect(components.map(({ name }: { name: string }) => name)).toEqual(['@noble/hashes', 'svelte']);
  });
});
