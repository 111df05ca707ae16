// The headers of the page's files on a web server that is not the AS: the policy permits the AS and
// nothing else.
import { describe, expect, it } from 'vitest';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import { contentSecurityPolicy } from '#as-service/http/security-headers.ts';

const HTML = '<!doctype html><style>p{}</style><script type="module" src="./assets/main.js"></script>';
const AS = 'https://as.example:8443';

const policyOf = (path: string, html?: string, asUrls: readonly string[] = []): readonly string[] =>
  pageHeaders({ path, html }, asUrls)['content-security-policy']?.split('; ') ?? [];
const connectSrc = (asUrls: readonly string[]): string | undefined =>
  policyOf('index.html', HTML, asUrls).find((directive) => directive.startsWith('connect-src'));

describe('the policy of a page on another server', () => {
  it('permits connections to its own origin only, if no AS is named', () => {
    expect(connectSrc([])).toBe("connect-src 'self'");
  });

  it('permits connections to each AS, by its origin and once', () => {
    const urls = [`${AS}/keys/`, `${AS}/other`, 'https://second.example'];
    expect(connectSrc(urls)).toBe(`connect-src 'self' ${AS} https://second.example`);
  });

  it('differs from the policy of the AS in connect-src alone', () => {
    const [own, other] = [policyOf('index.html', HTML), policyOf('index.html', HTML, [AS])];
    expect(other.filter((directive) => !own.includes(directive))).toEqual([`connect-src 'self' ${AS}`]);
    expect(own.filter((directive) => !other.includes(directive))).toEqual(["connect-src 'self'"]);
  });

  it.each(["https://as.example; script-src 'unsafe-inline'", '*', 'https:', "'self'"])(
    'never contains text that is not an address: %s',
    (url) => {
      expect(() => connectSrc([url])).toThrow(TypeError);
    },
  );

  it.each(['data:text/plain,x', 'blob:https://as.example/1', 'javascript:0', 'https://*.example'])(
    'refuses %s',
    (url) => {
      expect(() => connectSrc([url])).toThrow(RangeError);
    },
  );

  it('names the AS neither in a worker, nor in the verifier, nor in a file that is not a page', () => {
    const verifier = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'">`;
    expect(policyOf('verify.html', verifier, [AS])).toEqual(["default-src 'none'", "frame-ancestors 'none'"]);
    for (const path of ['service-worker.js', 'demo-service-worker.js', 'assets/vault.worker-AbCd1234.js'])
      expect(policyOf(path, undefined, [AS])).toEqual(policyOf(path));
    expect(policyOf('favicon.svg', undefined, [AS]).join('; ')).toBe(contentSecurityPolicy());
  });

  it('is the usual one for a guide, which connects to nothing', () => {
    expect(policyOf('guide/engineer.html', HTML, [AS]).join('; ')).toBe(contentSecurityPolicy());
  });

  it('permits the camera to the page that reads labels, and nothing else to it', () => {
    const permitted = (path: string) =>
      pageHeaders({ path, html: HTML })
        ['permissions-policy']?.split(', ')
        .filter((each) => !each.endsWith('=()'));
    expect(permitted('label.html')).toEqual(['camera=(self)']);
    expect(permitted('label.de.html')).toEqual(['camera=(self)']);
    for (const path of ['index.html', 'verify.html', 'guide/label.html', 'assets/label.html']) {
      expect(permitted(path)).toEqual(
        [
          'usb',
          'serial',
          'clipboard-write',
          'screen-wake-lock',
          'publickey-credentials-create',
          'publickey-credentials-get',
        ].map((feature) => `${feature}=(self)`),
      );
    }
  });

  it('comes with the other security headers, and with caching by the name of the file', () => {
    expect(pageHeaders({ path: 'index.html', html: HTML })).toMatchObject({
      'x-content-type-options': 'nosniff',
      'permissions-policy': expect.stringContaining('usb=(self)'),
      'cache-control': 'no-cache',
    });
    expect(pageHeaders({ path: 'demo-assets/a-AbCd1234.js' })['cache-control']).toContain('immutable');
    expect(pageHeaders({ path: 'service-worker.js' })['cache-control']).toBe('no-cache');
  });
});
