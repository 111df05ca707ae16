// The hash of a build in its service worker and in build.json: mixed with headers, computed, and
// put back.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#protocol/bytes/text.ts';
import {
  BUILD_LIST,
  buildHash,
  DEMO_BUILD_LIST,
  digestOf,
  filesOfOtherLanguages,
  listedFiles,
  mixHeaders,
  originalList,
  originalWorker,
  SERVICE_WORKER,
} from '#protocol/release/build-files.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const [A, B, C, MIXED] = ['a', 'b', 'c', 'mixed'].map(hash) as [string, string, string, string];
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe('mixed headers', () => {
  const serviceWorker = 'const KEYFERRY_BUILD = {"hash":"b1","files":["a"]};\nrest();\n';
  const list = JSON.stringify({ hash: 'old', files: { 'a.js': 'h1', 'service-worker.js': 'h2' }, version: 1 });

  it('are part of the hash of the build, in the service worker and in the list', () => {
    const mixed = mixHeaders({ serviceWorker, list }, 'headers');
    const build = JSON.stringify({ hash: hash('b1headers'), files: ['a'] });
    expect(mixed.serviceWorker).toBe(`const KEYFERRY_BUILD = ${build};\nrest();\n`);
    const files = { 'a.js': 'h1', 'service-worker.js': hash(mixed.serviceWorker) };
    expect(mixed.list).toBe(`${JSON.stringify({ hash: hash('b1headers'), files, version: 1 }, null, 2)}\n`);
  });

  it('change nothing without a build', () => {
    expect(mixHeaders({ serviceWorker, list: '' }, 'x').list).toBe('');
    const other = { serviceWorker: 'another worker', list };
    expect(mixHeaders(other, 'x')).toEqual(other);
  });
});

describe('the hash of a build', () => {
  it('is that of the sorted list of its files, without build.json', () => {
    const files = new Map(Object.entries({ 'b.js': B, 'service-worker.js': A, 'build.json': A, 'a.js': C, 'c.js': A }));
    const lines = [`${C}  a.js`, `${B}  b.js`, `${A}  c.js`, `${MIXED}  service-worker.js`];
    expect(buildHash(files, MIXED)).toBe(hash(`${lines.join('\n')}\n`));
    expect(digestOf(utf8('Ä'))).toBe(hash('Ä'));
  });
});

describe('the service worker as the build wrote it', () => {
  const files = new Map([['a.js', A]]);
  const line = (digits: string) => `const KEYFERRY_BUILD = {"version":"1.2.3-b","hash":"${digits}","files":{}};\n`;

  it('has the hash of the build in its first line', () => {
    const found = originalWorker(utf8(`${line(MIXED)}rest("Ä");\n`), files);
    expect(textOf(found)).toBe(`${line(buildHash(files, hash('rest("Ä");\n')))}rest("Ä");\n`);
  });

  it.each([
    ['behind another line', `//\n${line(MIXED)}`],
    ['with a shorter hash', line(MIXED.slice(1))],
    ['with a longer hash', line(`${MIXED}0`)],
    ['in upper case', line(MIXED.toUpperCase().replace(/\d/g, 'A'))],
    ['without the end of its line', line(MIXED).trim()],
  ])('is unchanged if the definition is %s', (_name, text) => {
    expect(textOf(originalWorker(utf8(text), files))).toBe(text);
  });
});

describe('build.json as the build wrote it', () => {
  const list = (build: string, worker: string, code = B) =>
    `{\n  "version": "1",\n  "hash": "${build}",\n  "workerCode": "${code}",\n  "files": {\n    "a.js": "${C}",\n    "service-worker.js": "${worker}"\n  }\n}\n`;

  it('has the hash of the build, and that of the service worker in the release', () => {
    const files = new Map([...[['a.js', C] as const], ['service-worker.js', A] as const]);
    expect(textOf(originalList(utf8(list(MIXED, MIXED)), files))).toBe(list(buildHash(files, B), A));
  });

  it('has empty hashes for a service worker that the release lacks', () => {
    const files = new Map([['a.js', C]]);
    expect(textOf(originalList(utf8(list(MIXED, MIXED)), files))).toBe(list(buildHash(files, B), ''));
  });

  it('takes each hash from the member of the list alone', () => {
    const files = new Map([['service-worker.js', A]]);
    const nested = `{\n  "note": { "x":  "workerCode": "${A}" },\n    "hash": "${C}",\n      "service-worker.js": "${C}",\n${list(MIXED, MIXED).slice(2)}`;
    expect(textOf(originalList(utf8(nested), files))).toBe(
      nested.replace(`\n  "hash": "${MIXED}"`, `\n  "hash": "${buildHash(files, B)}"`).replace(MIXED, A),
    );
  });

  it('without the digest of the code, has the hash of an empty one', () => {
    const files = new Map([['service-worker.js', A]]);
    const old = `{\n  "hash": "${MIXED}"\n}\n`;
    expect(textOf(originalList(utf8(old), files))).toBe(old.replace(MIXED, buildHash(files, '')));
  });
});

describe('the files that a list names', () => {
  it.each([
    ['{"files":{"a":"1","b":"2"}}', ['a', 'b']],
    ['const KEYFERRY_BUILD = {"files":{"a":"1"}};\nrest({});\n', ['a']],
    ['{"files":["a"]}', ['0']],
    ...['{"files":null}', '{"files":"a"}', '{}', 'null', '{', '', 'const KEYFERRY_BUILD = {'].map(
      (text): [string, string[]] => [text, []],
    ),
  ])('%s', (text, names) => {
    expect(listedFiles(utf8(text))).toEqual(names);
  });
});

describe('the files of other languages', () => {
  const languages = { de: ['de.js', 'both.js'], fr: ['fr.js', 'both.js', 7], en: [] };
  const of = (list: unknown, language: string): string[] => [
    ...filesOfOtherLanguages(utf8(JSON.stringify(list)), language),
  ];

  it('are those that only other languages load', () => {
    expect(of({ languages }, 'de')).toEqual(['fr.js', '7']);
    expect(of({ languages }, 'fr')).toEqual(['de.js']);
    for (const language of ['en', 'ja'])
      expect(of({ languages }, language)).toEqual(['de.js', 'both.js', 'fr.js', '7']);
  });

  it.each([{}, null, { languages: null }, { languages: 'de' }, { languages: { de: 'de.js', fr: null } }])(
    'are none in the list %j',
    (list) => {
      expect(of(list, 'en')).toEqual([]);
    },
  );

  it('are none without a list', () => {
    for (const text of ['', '{', '<!doctype html>']) expect([...filesOfOtherLanguages(utf8(text), 'de')]).toEqual([]);
  });
});

it('the files of a build that servers and stations look for have these names', () => {
  expect([SERVICE_WORKER, BUILD_LIST, DEMO_BUILD_LIST]).toEqual([
    ...['service-worker.js', 'build.json', 'demo-build.json'],
  ]);
});
