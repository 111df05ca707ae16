// Opens valid site files, and checks the error code of each refusal (docs/protocol.md clause 9.2).
import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { SiteErrorCode } from '#protocol/errors.ts';
import {
  MAX_SITE_FILE_LENGTH,
  openSiteFile,
  peekSiteFile,
  type SiteFileJson,
  type VerifiedSite,
} from '#protocol/site/site-file.ts';
import { OTHER_ROOT, publicRoot, SITE, signSiteFile, type TestSiteOptions } from '#test/support/site.ts';
import { verifyEd25519 } from '#test/support/vault.ts';

const ROOTS = [publicRoot(OTHER_ROOT), publicRoot()];
const open = (text: string, last?: VerifiedSite, roots = ROOTS): Promise<VerifiedSite> =>
  openSiteFile(text, roots, verifyEd25519, last);
const opened = async (options?: TestSiteOptions): Promise<VerifiedSite> => open(await signSiteFile(options));

let text: string;
let file: SiteFileJson;
beforeAll(async () => {
  text = await signSiteFile();
  file = JSON.parse(text) as SiteFileJson;
});

/** The file with one member of the signed settings changed, under the old signature. */
function forged(change: object): string {
  const site = JSON.parse(fromUtf8(fromBase64url(file.site.payload))) as object;
  const payload = toBase64url(utf8(JSON.stringify({ ...site, ...change })));
  return JSON.stringify({ ...file, site: { ...file.site, payload } });
}

describe('a site file', () => {
  it('has the signed settings, and the root that certified its key', async () => {
    const { site, root, hash } = await open(text);
    expect(site).toEqual(SITE);
    expect(root).toEqual(publicRoot());
    expect(hash).toEqual(sha256(fromBase64url(file.site.payload)));
    expect(text).toBe(`${JSON.stringify(file)}\n`);
    expect(Object.keys(file)).toEqual(['format', 'certificate', 'site']);
  });

  it('has at most 131,072 characters', async () => {
    expect(MAX_SITE_FILE_LENGTH).toBe(131_072);
    expect((await open(text.padEnd(MAX_SITE_FILE_LENGTH))).site).toEqual(SITE);
    await expect(open(text.padEnd(MAX_SITE_FILE_LENGTH + 1))).rejects.toMatchObject({ code: 'site-unreadable' });
  });

  it('is accepted again, and so is every later one', async () => {
    const last = await open(text);
    expect((await open(text, last)).site.serial).toBe(7);
    expect((await open(await signSiteFile({ site: { serial: 8 } }), last)).site.serial).toBe(8);
  });

  it('is accepted when the certificate of its key has expired since', async () => {
    const certificate = { from: '2026-11-30T09:59:59.000Z', until: SITE.issued };
    expect((await opened({ certificate })).site.serial).toBe(7);
  });

  it('counts from the beginning under another root', async () => {
    const last = await open(await signSiteFile({ root: OTHER_ROOT, site: { serial: 99 } }));
    expect((await open(text, last)).site.serial).toBe(7);
  });

  it('shows its settings unverified to a station that has pinned no root', async () => {
    expect(peekSiteFile(await signSiteFile({ root: OTHER_ROOT })).as).toEqual(SITE.as);
  });
});

describe('a station refuses a site file', () => {
  const cases: readonly (readonly [why: string, code: SiteErrorCode, make: () => string | Promise<string>])[] = [
    ['that is cut short', 'site-unreadable', () => text.slice(0, -20)],
    ['that is not JSON', 'site-unreadable', () => '{nothing}'],
    ['that is a list', 'site-unreadable', () => '[]'],
    ['that is another document', 'site-unreadable', () => '{"header": 1}'],
    ['that is too long', 'site-unreadable', () => ' '.repeat(MAX_SITE_FILE_LENGTH) + text],
    ['with an unknown member', 'site-unreadable', () => JSON.stringify({ ...file, note: '' })],
    ['with an unknown setting', 'site-unreadable', () => signSiteFile({ site: { colour: 'red' } })],
    ['with settings that are not allowed', 'site-unreadable', () => signSiteFile({ site: { as: [] } })],
    ['of a later format', 'site-newer-format', () => JSON.stringify({ format: 'keyferry-site-2', signed: {} })],
    ['with settings of a later format', 'site-newer-format', () => signSiteFile({ site: { format: 2, more: 1 } })],
    ['without a signature', 'site-unsigned', () => JSON.stringify({ name: 'ACME', as: SITE.as })],
    ['of a root that is not pinned', 'site-untrusted', () => signSiteFile({ root: new Uint8Array(32).fill(0x84) })],
    ['whose settings were changed', 'site-changed', () => forged({ as: ['https://evil.example.org'] })],
    [
      'whose certificate was changed',
      'site-changed',
      () => {
        const payload = fromUtf8(fromBase64url(file.certificate.payload)).replace('2029', '2039');
        return JSON.stringify({ ...file, certificate: { ...file.certificate, payload: toBase64url(utf8(payload)) } });
      },
    ],
    ['signed by a key for reports', 'site-key-refused', () => signSiteFile({ certificate: { purpose: 'report' } })],
    [
      'signed by a key without a certificate',
      'site-key-refused',
      () => signSiteFile({ certificate: { publicKey: toBase64url(publicRoot(OTHER_ROOT)) } }),
    ],
    [
      'signed after the certificate had expired',
      'site-key-refused',
      () => signSiteFile({ certificate: { until: '2026-11-30T09:59:59.999Z' } }),
    ],
    [
      'signed before the certificate began',
      'site-key-refused',
      () => signSiteFile({ certificate: { from: '2026-11-30T10:00:00.001Z' } }),
    ],
    ['older than the last one', 'site-older', () => signSiteFile({ site: { serial: 6 } })],
    [
      'with the number of the last one but other content',
      'site-older',
      () => signSiteFile({ site: { name: 'Other' } }),
    ],
  ];

  it.each(cases)('%s', async (_why, code, make) => {
    const last = await open(text);
    await expect(open(await make(), last)).rejects.toMatchObject({ code });
  });

  it.each<[string, () => string, string]>([
    ['that is cut short', () => text.slice(0, -20), 'FileError'],
    ['that is not JSON', () => '{nothing}', 'SyntaxError'],
    ['whose settings were changed', () => forged({ as: ['https://evil.example.org'] }), 'IntegrityError'],
  ])('%s, and its error has its cause', async (_why, make, name) => {
    const refusal = await open(make()).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ cause: { constructor: expect.objectContaining({ name }) } });
  });

  it.each(['xkeyferry-site-2', 'keyferry-site-2x', 'keyferry-site-', 'keyferry-site-22'])(
    'of the format %s: a later one has a number',
    async (format) => {
      const code = format === 'keyferry-site-22' ? 'site-newer-format' : 'site-unreadable';
      await expect(open(JSON.stringify({ ...file, format }))).rejects.toMatchObject({ code });
    },
  );

  it('that it can only refuse when nothing is pinned', async () => {
    await expect(open(text, undefined, [])).rejects.toMatchObject({ code: 'site-untrusted' });
  });

  const unverified: readonly (readonly [code: SiteErrorCode, make: () => string | Promise<string>])[] = [
    ['site-unreadable', () => '{nothing}'],
    ['site-unreadable', () => JSON.stringify({ ...file, site: { ...file.site, payload: 'A' } })],
    ['site-unsigned', () => JSON.stringify({ as: [] })],
    ['site-newer-format', () => signSiteFile({ site: { format: 2 } })],
  ];

  it.each(unverified)('unverified too: %s', async (code, make) => {
    const broken = await make();
    expect(() => peekSiteFile(broken)).toThrow(expect.objectContaining({ code }));
  });
});
