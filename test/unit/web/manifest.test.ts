// The web app manifest: its addresses work below every path, and its icons exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import { manifestMessages, translateManifest } from '#build/languages/manifest.ts';

interface Manifest {
  readonly id?: string;
  readonly description: string;
  readonly start_url: string;
  readonly scope: string;
  readonly icons: readonly { readonly src: string; readonly sizes: string; readonly purpose: string }[];
  readonly shortcuts: readonly { readonly url: string }[];
}

const FOLDER = 'web/public';
const manifest = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as Manifest;
const { icons } = manifest;

/** Width and height in the header of a PNG file. */
function pngSize(file: string): string {
  const bytes = readFileSync(file);
  expect(bytes.subarray(1, 4).toString('latin1'), file).toBe('PNG');
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}

it('has addresses relative to the manifest', () => {
  const urls = [
    manifest.start_url,
    manifest.scope,
    ...[...icons, ...manifest.shortcuts].map((each) => ('src' in each ? each.src : each.url)),
  ];
  for (const url of urls) expect(url).toMatch(/^(\.\/|[\w-]+\.)/);
});

it('has no id, which would be relative to the origin: the address of the page is the id', () => {
  expect(manifest.id).toBeUndefined();
});

it('has icons of the sizes that it says, for a launcher and to be masked', () => {
  for (const { src, sizes } of icons) {
    const file = join(FOLDER, src);
    expect(existsSync(file), src).toBe(true);
    if (src.endsWith('.png')) expect(pngSize(file), src).toBe(sizes);
  }
  for (const purpose of ['any', 'maskable']) {
    const sizes = icons.filter((icon) => icon.purpose === purpose).map((icon) => icon.sizes);
    expect(sizes, purpose).toEqual(expect.arrayContaining(['any', '192x192', '512x512']));
  }
});

it('may be fetched by the page', () => {
  const policy = pageHeaders({ path: 'index.html', html: readFileSync('web/index.html', 'utf8') });
  expect(policy['content-security-policy']).toContain("manifest-src 'self'");
});

describe('in German', () => {
  const catalog = {
    [manifest.description]: 'Lädt Schlüssel.',
    Orders: 'Aufträge',
    'Verify reports': 'Berichte prüfen',
  };
  const source = JSON.stringify(manifest);

  it('has messages: its description and the names of its shortcuts', () => {
    const keys = manifestMessages(source).map(({ message }) => message.key);
    expect(keys).toEqual([manifest.description, 'Orders', 'History', 'Help', 'Verify reports']);
  });

  it('has its own texts, and opens the verifier in its language', () => {
    const german = JSON.parse(translateManifest(source, 'de', catalog)) as Manifest;
    expect(german).toEqual({
      ...manifest,
      ...{ description: 'Lädt Schlüssel.', lang: 'de', dir: 'ltr' },
      shortcuts: [
        { name: 'Aufträge', url: './#orders' },
        { name: 'History', url: './#history' },
        { name: 'Help', url: './#help' },
        { name: 'Berichte prüfen', url: './verify.de.html' },
      ],
    });
  });
});
