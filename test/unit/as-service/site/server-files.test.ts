// The headers of the page in the language of each web server, in full.
import { describe, expect, it } from 'vitest';
import { serverFiles } from '#as-service/site/server-files.ts';

const USUAL = { 'x-frame': 'deny', 'cache-control': 'no-cache' };
const IMMUTABLE = { ...USUAL, 'cache-control': 'immutable' };
const FILES = [
  { path: 'index.html', headers: { ...USUAL, 'x-frame': 'own' } },
  { path: 'service+worker.js', headers: { ...USUAL, 'x-frame': 'none' } },
  { path: 'assets/a.js', headers: IMMUTABLE },
  { path: 'assets/b.js', headers: IMMUTABLE },
  { path: 'site.json', headers: USUAL },
];

const contentOf = (name: string, files = FILES, usual: Readonly<Record<string, string>> = USUAL) =>
  serverFiles(files, usual)
    .find(({ path }) => path === name)
    ?.content.split('\n');

describe('the headers of the page', () => {
  it('for Cloudflare Pages and Netlify have one rule for each path', () => {
    expect(contentOf('_headers')).toEqual([
      ...['/', '  X-Frame: own', '  Cache-Control: no-cache'],
      ...['/index.html', '  X-Frame: own', '  Cache-Control: no-cache'],
      ...['/service+worker.js', '  X-Frame: none', '  Cache-Control: no-cache'],
      ...['/assets/a.js', '  X-Frame: deny', '  Cache-Control: immutable'],
      ...['/assets/b.js', '  X-Frame: deny', '  Cache-Control: immutable'],
      ...['/site.json', '  X-Frame: deny', '  Cache-Control: no-cache', ''],
    ]);
  });

  it('for nginx are maps, and the lines of a location', () => {
    expect(contentOf('headers/nginx-http.conf')?.slice(1)).toEqual([
      'map $uri $keyferry_x_frame {',
      '    default "deny";',
      String.raw`    "~/(index\.html)?$" "own";`,
      String.raw`    "~/service\+worker\.js$" "none";`,
      '}',
      'map $uri $keyferry_cache_control {',
      '    default "no-cache";',
      '    "~/assets/[^/]+$" "immutable";',
      '}',
      '',
    ]);
    expect(contentOf('headers/nginx-location.conf')?.slice(1)).toEqual([
      'add_header X-Frame "$keyferry_x_frame" always;',
      'add_header Cache-Control "$keyferry_cache_control" always;',
      '',
    ]);
  });

  it('for Caddy are a snippet', () => {
    expect(contentOf('headers/Caddyfile')?.slice(1)).toEqual([
      '(keyferry) {',
      '    map {path} {keyferry_x_frame} {',
      String.raw`        ~/(index\.html)?$ "own"`,
      String.raw`        ~/service\+worker\.js$ "none"`,
      '        default "deny"',
      '    }',
      '    map {path} {keyferry_cache_control} {',
      '        ~/assets/[^/]+$ "immutable"',
      '        default "no-cache"',
      '    }',
      '    header {',
      '        X-Frame "{keyferry_x_frame}"',
      '        Cache-Control "{keyferry_cache_control}"',
      '    }',
      '}',
      '',
    ]);
  });

  it('for Apache are the usual values, then the exceptions', () => {
    expect(contentOf('headers/apache.conf')?.slice(1)).toEqual([
      'Header always set X-Frame "deny"',
      'Header always set Cache-Control "no-cache"',
      String.raw`<If "%{REQUEST_URI} =~ m#/(index\.html)?$#">`,
      '    Header always set X-Frame "own"',
      '</If>',
      String.raw`<If "%{REQUEST_URI} =~ m#/service\+worker\.js$#">`,
      '    Header always set X-Frame "none"',
      '</If>',
      '<If "%{REQUEST_URI} =~ m#/assets/[^/]+$#">',
      '    Header always set Cache-Control "immutable"',
      '</If>',
      '',
    ]);
  });

  it('for Cloudflare Pages name a page by its file where its name only ends in index.html', () => {
    const files = ['myindex.html', 'a/index.html'].map((path) => ({ path, headers: {} as typeof USUAL }));
    expect(contentOf('_headers', files)).toEqual(['/myindex', '/myindex.html', '/a/', '/a/index.html', '']);
  });

  it('without an exception are a value and no map', () => {
    const files = [{ path: 'a.js', headers: USUAL }];
    expect(contentOf('headers/nginx-http.conf', files)?.slice(1)).toEqual(['', '']);
    expect(contentOf('headers/nginx-location.conf', files)?.[1]).toBe('add_header X-Frame "deny" always;');
    expect(contentOf('headers/Caddyfile', files)?.slice(1)).toEqual([
      ...['(keyferry) {', '    header {', '        X-Frame "deny"', '        Cache-Control "no-cache"'],
      ...['    }', '}', ''],
    ]);
  });

  it('are the usual ones for a file that has none', () => {
    expect(contentOf('headers/nginx-http.conf', [{ path: 'a/b.js', headers: {} as typeof USUAL }])).toHaveLength(3);
  });
});
