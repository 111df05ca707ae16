// Returns the headers with which a web server must send each file of the built page: content
// security policy, other security headers, and caching (ADR 0015). The service uses them for the
// page that it serves, and a folder for another web server has them in its configuration.
import { createHash } from 'node:crypto';
import {
  contentSecurityPolicy,
  LABEL_PERMISSIONS,
  SECURITY_HEADERS,
  SERVICE_WORKER_POLICY,
  VAULT_WORKER_POLICY,
} from './security-headers.ts';

/** One file of the built page. */
export interface PageFile {
  /** Path in the folder of the page, with slashes: `assets/main-AbCd1234.js`. */
  readonly path: string;
  /** Content of an HTML file; undefined for any other file. */
  readonly html?: string | undefined;
}

/** File names that contain a hash of the content. */
const HASHED = /^(?:demo-)?assets\/[^/]+-[\w-]{8}\.\w+$/;

/** The page that reads the label of a unit with the camera. */
const LABEL = /^label(\.[a-z]{2})?\.html$/;

/** The guides have no script, so they connect to nothing. The usual policy suits them. */
const GUIDE = /^guide\//;

/** A worker uses the policy of its own response, not that of the page. */
const WORKER_POLICIES: readonly (readonly [RegExp, string])[] = [
  [/^(?:demo-)?assets\/vault\.worker-[\w-]+\.js$/, VAULT_WORKER_POLICY],
  [/^(?:demo-)?service-worker\.js$/, SERVICE_WORKER_POLICY],
];

/**
 * Returns the headers of one file, by name in lower case. `asUrls` are the addresses of the AS if
 * another server serves the page. If there are none, the page may connect only to its own origin.
 * @throws RangeError for an address that has no origin
 */
export function pageHeaders(
  { path, html }: PageFile,
  asUrls: readonly string[] = [],
): Readonly<Record<string, string>> {
  const policy =
    html === undefined || GUIDE.test(path)
      ? WORKER_POLICIES.find(([pattern]) => pattern.test(path))?.[1]
      : htmlPolicy(html, asUrls);
  return {
    ...SECURITY_HEADERS,
    ...(policy === undefined ? {} : { 'content-security-policy': policy }),
    ...(LABEL.test(path) ? { 'permissions-policy': LABEL_PERMISSIONS } : {}),
    'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
}

/**
 * Returns the Content-Security-Policy of an HTML file. A file with a policy in a <meta> element
 * keeps that policy. The header adds frame-ancestors, which <meta> cannot set. For any other file,
 * the policy permits its inline scripts and styles by hash, and data: images only if the file contains
 * one.
 */
function htmlPolicy(html: string, asUrls: readonly string[]): string {
  const [, own] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html) ?? [];
  if (own !== undefined) return `${own}; frame-ancestors 'none'`;
  return contentSecurityPolicy({
    scriptHashes: hashesOf(html, /<script(?![^<>]*\ssrc=)[^<>]*>/, '</script>'),
    styleHashes: hashesOf(html, /<style[^<>]*>/, '</style>'),
    dataImages: /(?:href|src)="data:image\//.test(html),
    asOrigins: [...new Set(asUrls.map(originOf))],
  });
}

/** Returns the SHA-256 value, in base64, of the text in each element of one kind. */
function hashesOf(html: string, begin: RegExp, end: string): readonly string[] {
  const [, ...begun] = html.split(begin);
  return begun.map((rest) =>
    createHash('sha256')
      .update(rest.split(end, 1)[0] ?? '')
      .digest('base64'),
  );
}

/**
 * Returns the origin as the URL parser prints it, so that no address can add a directive to the
 * policy. Refuses an asterisk, which the parser accepts and which is a wildcard in a policy.
 */
function originOf(url: string): string {
  const { protocol, origin, hostname } = new URL(url);
  if (!/^https?:$/.test(protocol) || hostname.includes('*')) throw new RangeError(`${url} is not the address of an AS`);
  return origin;
}
