// Compares a page with a release: the copies in the browser and those at the server.
import { describe, expect, it } from 'vitest';
import { utf8 } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { digestOf } from '#protocol/release/build-files.ts';
import { rootFingerprint } from '#protocol/signing/envelope.ts';
import { publicKeyOf, signRelease } from '#test/support/release.ts';
import { verifyEd25519 } from '#test/support/vault.ts';
import type { OpenedFile } from '#web/state/common/read-file.ts';
import { type FileSource, ReleaseCheck, type ReleaseCheckOptions } from '#web/state/help/release-check.svelte.ts';

const PAGE: Readonly<Record<string, string>> = {
  'build.json': '{}',
  'index.html': '<p>Page</p>',
  'service-worker.js': 'x();',
};
const FILES = new Map([
  ...Object.entries(PAGE).map(([path, text]) => [`app/${path}`, digestOf(utf8(text))] as const),
  ['demo/demo.html', digestOf(utf8('<p>Demo</p>'))] as const,
]);

function opened(text: string): OpenedFile {
  const content = utf8(text);
  return { name: 'release.json', size: content.length, arrayBuffer: async () => content.buffer };
}

/** A page whose files differ in `changes`; null for a missing file. */
function check(
  changes: Readonly<Record<string, string | null>> = {},
  options: Partial<ReleaseCheckOptions> = {},
): { readonly release: ReleaseCheck; readonly requests: string[] } {
  const requests: string[] = [];
  const fetchFile = async (path: string, source: FileSource): Promise<Uint8Array | undefined> => {
    requests.push(`${source} ${path}`);
    const change = changes[`${source} ${path}`];
    const text = change === undefined ? PAGE[path] : change;
    return typeof text === 'string' ? utf8(text) : undefined;
  };
  return {
    release: new ReleaseCheck({ folder: 'app', language: 'en', fetchFile, verify: verifyEd25519, ...options }),
    requests,
  };
}

describe('the comparison with a release', () => {
  it('reads each file from browser and server, and the worker and its list from the server only', async () => {
    const { release, requests } = check();
    await release.compare(opened(await signRelease(FILES)));
    expect([...requests].sort()).toEqual([
      'browser index.html',
      'server build.json',
      'server index.html',
      'server service-worker.js',
    ]);
    expect(release.result).toEqual({
      version: '1.2.3',
      fingerprint: rootFingerprint(publicKeyOf()),
      files: 3,
      differences: [],
      isServerRead: true,
    });
    expect([release.isBusy, release.progress, release.failure]).toEqual([false, undefined, undefined]);
  });

  it('compares several files at the same time, after the first', async () => {
    const running: number[] = [];
    let count = 0;
    const fetchFile = async (path: string): Promise<Uint8Array> => {
      running.push(++count);
      await new Promise((resolve) => setTimeout(resolve));
      count--;
      return utf8(PAGE[path] ?? '');
    };
    const { release } = check({}, { fetchFile });
    await release.compare(opened(await signRelease(FILES)));
    expect(running.slice(0, 3)).toEqual([1, 1, 2]);
  });

  it('names changed and missing files, and where they differ', async () => {
    const { release } = check({
      'browser index.html': '<p>Other</p>',
      'server index.html': null,
      'server service-worker.js': 'y();',
    });
    await release.compare(opened(await signRelease(FILES)));
    expect(release.result?.differences).toEqual([
      { path: 'index.html', is: 'changed', source: 'browser' },
      { path: 'index.html', is: 'missing', source: 'server' },
      { path: 'service-worker.js', is: 'changed', source: 'server' },
    ]);
  });

  it('names a file once that two lists of the server have, and the release lacks', async () => {
    const lists = `{"files":{"assets/evil.js":"${'0'.repeat(64)}"}}`;
    const { release } = check({ 'server build.json': lists, 'server service-worker.js': lists });
    await release.compare(opened(await signRelease(FILES)));
    expect(release.result?.differences.filter(({ is }) => is === 'additional')).toEqual([
      { path: 'assets/evil.js', is: 'additional', source: 'server' },
    ]);
  });

  it('compares the files of the demo in the demo', async () => {
    const { release } = check({ 'browser demo.html': '<p>Demo</p>', 'server demo.html': 'x' }, { folder: 'demo' });
    await release.compare(opened(await signRelease(FILES)));
    expect(release.result).toMatchObject({ files: 1, differences: [{ path: 'demo.html', source: 'server' }] });
  });

  it('compares the copies in the browser without the server, and asks the server once', async () => {
    const requests: string[] = [];
    const fetchFile = async (path: string, source: FileSource): Promise<Uint8Array> => {
      requests.push(`${source} ${path}`);
      if (source === 'server') throw new ProtocolError('part-unreachable', path);
      return utf8(PAGE[path] ?? '');
    };
    const { release } = check({}, { fetchFile });
    await release.compare(opened(await signRelease(FILES)));
    expect(requests).toEqual(['server build.json', 'browser index.html']);
    expect(release.result).toMatchObject({ files: 1, differences: [], isServerRead: false });
  });

  it('compares without the server only the files that a page in its language loads', async () => {
    const languages = { en: ['index.html', 'assets/both.js'], de: ['index.de.html', 'assets/both.js'] };
    const stored: Readonly<Record<string, string>> = {
      'build.json': JSON.stringify({ languages }),
      'index.de.html': '<p>Seite</p>',
      'assets/shared.js': 'shared();',
    };
    const fetchFile = async (path: string, source: FileSource): Promise<Uint8Array> => {
      const text = source === 'browser' ? stored[path] : undefined;
      if (text === undefined) throw new ProtocolError('part-unreachable', path);
      return utf8(text);
    };
    const names = ['index.html', 'index.de.html', 'assets/shared.js'];
    const files = (more: readonly string[]): ReadonlyMap<string, string> =>
      new Map([...names, ...more].map((path) => [`app/${path}`, digestOf(utf8(stored[path] ?? ''))] as const));
    const { release } = check({}, { language: 'de', fetchFile });
    await release.compare(opened(await signRelease(files([]))));
    expect(release.result).toMatchObject({ files: 2, differences: [], isServerRead: false });
    // A file of its own language was deleted from the cache.
    await release.compare(opened(await signRelease(files(['assets/both.js']))));
    expect([release.result, release.failure]).toEqual([undefined, { code: 'part-unreachable' }]);
  });

  it('ends if the browser cannot read a file of this page', async () => {
    const fetchFile = (path: string): Promise<never> => Promise.reject(new ProtocolError('part-unreachable', path));
    const { release } = check({}, { fetchFile });
    await release.compare(opened(await signRelease(FILES)));
    expect(release.failure).toEqual({ code: 'part-unreachable' });
    expect(release.result).toBeUndefined();
    expect(release.progress).toBeUndefined();
  });

  it('refuses another file and a changed statement, and reads no file then', async () => {
    const { release, requests } = check();
    await release.compare(opened('{"format":"keyferry-support"}'));
    expect(release.failure?.message?.title).toBe('This file is not the statement of a release.');
    const { payload, ...rest } = JSON.parse(await signRelease(FILES)) as { payload: string };
    const forged = Buffer.from(payload, 'base64').toString().replace('1.2.3', '1.2.4');
    await release.compare(opened(JSON.stringify({ ...rest, payload: Buffer.from(forged).toString('base64') })));
    expect(release.failure?.message?.title).toBe('This statement was changed after it was signed.');
    expect(requests).toEqual([]);
  });
});
