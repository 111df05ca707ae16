// Compares files with a release, also after a server has mixed its headers into the hash of the build.
import { describe, expect, it } from 'vitest';
import { utf8 } from '#protocol/bytes/text.ts';
import { FileError } from '#protocol/errors.ts';
import { digestOf, listedFiles, mixHeaders } from '#protocol/release/build-files.ts';
import { ReleasedPage } from '#protocol/release/compare.ts';
import type { Release } from '#protocol/release/statement.ts';
import { namedBuild } from '#test/support/release.ts';

const SCRIPT = utf8('let a = 1;\n');
const LIST = {
  'assets/a.js': digestOf(SCRIPT),
  'index.html': digestOf(utf8('<p>Ä</p>')),
  'only.gz': digestOf(utf8('an archive')),
};
/** The service worker without the line that the build prepends. */
const CODE = '// "Ä" 1\n';
const { worker: WORKER, list: BUILD } = namedBuild(LIST, { code: CODE, styles: ['sha256-abc='] });

const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  'app/index.html': utf8('<p>Ä</p>'),
  'app/assets/a.js': SCRIPT,
  'app/assets/a.js.br': utf8('br'),
  'app/assets/a.js.gz': utf8('gz'),
  'app/only.gz': utf8('an archive'),
  'app/service-worker.js': utf8(WORKER),
  'app/build.json': utf8(BUILD),
  'demo/demo.html': utf8('<p>demo</p>'),
  'demo/demo-build.json': utf8('{}'),
  'service/serve.js': utf8('serve'),
};
const RELEASE: Release = {
  version: '1.2.3',
  files: new Map(Object.entries(CONTENTS).map(([path, content]) => [path, digestOf(content)])),
  publicKey: new Uint8Array(32),
};
const page = new ReleasedPage(RELEASE, 'app');
const mixed = mixHeaders({ serviceWorker: WORKER, list: BUILD }, 'headers');

describe('the page of a release', () => {
  it('has the files of its folder, without the compressed copies of others', () => {
    expect(page.paths).toEqual(['index.html', 'assets/a.js', 'only.gz', 'service-worker.js', 'build.json']);
    expect(new ReleasedPage(RELEASE, 'demo').paths).toEqual(['demo.html', 'demo-build.json']);
  });

  it('has a file whose name only contains the ending of a compressed copy', () => {
    const names = ['app/index.html', 'app/a', 'app/a.gz', 'app/a.js', 'app/a.br.js', 'app/agz'];
    const files = new Map(names.map((name) => [name, '']));
    expect(new ReleasedPage({ ...RELEASE, files }, 'app').paths).toEqual(['index.html', 'a', 'a.js', 'a.br.js', 'agz']);
  });

  it('is missing in a statement without its HTML file, which would compare nothing', () => {
    expect(() => new ReleasedPage({ ...RELEASE, files: new Map() }, 'app')).toThrow(FileError);
    expect(() => new ReleasedPage({ ...RELEASE, files: new Map() }, 'demo')).toThrow(FileError);
  });

  it('tells a file that is the same from a changed and a missing one', () => {
    for (const path of page.paths) expect(page.stateOf(path, CONTENTS[`app/${path}`]), path).toBe('same');
    expect(page.stateOf('assets/a.js', utf8('let a = 2;\n'))).toBe('changed');
    expect(page.stateOf('assets/a.js', undefined)).toBe('missing');
    expect(page.stateOf('assets/b.js', SCRIPT)).toBe('changed');
  });

  it('permits a server to mix its headers into the hash of the build', () => {
    expect(mixed.serviceWorker).not.toBe(WORKER);
    expect(page.stateOf('service-worker.js', utf8(mixed.serviceWorker))).toBe('same');
    expect(page.stateOf('build.json', utf8(mixed.list))).toBe('same');
  });

  it('finds every other change of the service worker', () => {
    const forge = (change: (text: string) => string): string => {
      const text = change(mixed.serviceWorker);
      expect(text).not.toBe(mixed.serviceWorker);
      return page.stateOf('service-worker.js', utf8(text));
    };
    expect(forge((text) => text.replace('// ', 'x();// '))).toBe('changed');
    expect(forge((text) => text.replace(LIST['assets/a.js'], '0'.repeat(64)))).toBe('changed');
    expect(forge((text) => text.replace('"hash":', '"more":1,"hash":'))).toBe('changed');
    expect(forge((text) => text.replace('"version":"1.2.3"', '"version":"1.2.4"'))).toBe('changed');
    expect(forge((text) => text.replace(/"hash":"[\da-f]{64}"/, '"hash":x()'))).toBe('changed');
    expect(forge((text) => text.replace(/"hash":"([\da-f]{64})"/, '"hash":"$1"+x()'))).toBe('changed');
    expect(forge((text) => text.replace('};\n', '};x();\n'))).toBe('changed');
    expect(forge((text) => `x();\n${text}`)).toBe('changed');
  });

  it('finds every other change of build.json', () => {
    for (const [from, to] of [
      ['1.2.3', '1.2.4'],
      [LIST['assets/a.js'], '0'.repeat(64)],
      ['sha256-abc=', 'sha256-abd='],
      [digestOf(utf8(CODE)), '0'.repeat(64)],
    ] as const) {
      expect(page.stateOf('build.json', utf8(mixed.list.replace(from, to))), from).toBe('changed');
    }
    expect(page.stateOf('build.json', utf8('<!doctype html>'))).toBe('changed');
  });

  it('finds files that the server lists, and that the release lacks', () => {
    const more = mixed.list.replace('"index.html"', `"assets/evil.js": "${'0'.repeat(64)}",\n    "index.html"`);
    expect(page.stateOf('build.json', utf8(more))).toBe('changed');
    expect(page.additional('build.json', utf8(more))).toEqual(['assets/evil.js']);
    expect(page.additional('build.json', utf8(mixed.list))).toEqual([]);
    expect(page.additional('index.html', utf8(more))).toEqual([]);
    const worker = mixed.serviceWorker.replace('"index.html"', `"assets/evil.js":"${'0'.repeat(64)}","index.html"`);
    expect(page.additional('service-worker.js', utf8(worker))).toEqual(['assets/evil.js']);
    expect(listedFiles(utf8(mixed.serviceWorker))).toEqual(Object.keys(LIST));
  });

  it('puts no hash back in another file that looks like build.json', () => {
    const files = new Map([...RELEASE.files, ['app/copy.json', digestOf(utf8(BUILD))]]);
    const other = new ReleasedPage({ ...RELEASE, files }, 'app');
    expect(other.stateOf('copy.json', utf8(BUILD))).toBe('same');
    expect(other.stateOf('copy.json', utf8(mixed.list))).toBe('changed');
  });

  it('compares bytes, also outside UTF-8', () => {
    const broken = Uint8Array.of(0xff, 0xfe, 0x80);
    expect(page.stateOf('service-worker.js', broken)).toBe('changed');
    expect(page.stateOf('build.json', broken)).toBe('changed');
  });
});
