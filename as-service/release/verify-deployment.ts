// Compares a served page with a release: every file in every encoding, and the headers of each
// (docs/release.md).
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type PageFolder, ReleasedPage } from '#protocol/release/compare.ts';
import { openRelease, type Release } from '#protocol/release/statement.ts';
import { rootFingerprint } from '#protocol/signing/envelope.ts';
import { peekSiteFile } from '#protocol/site/site-file.ts';
import { counted } from '#protocol/text/counted.ts';
import { toUserError } from '../common/to-user-error.ts';
import { pageHeaders } from '../http/page-headers.ts';
import { ENCODINGS, type FetchedFile, type FetchLimits, fetchFile } from './fetch-file.ts';

export interface VerifyRequest {
  readonly command: 'verify-deployment';
  /** Address of the folder of the page, with a slash at the end. */
  readonly url: string;
  /** Text of the signed statement. */
  readonly release: string;
  /** Public key of the publisher, 32 bytes; null to verify with the key in the statement. */
  readonly key: Uint8Array | null;
}

export interface Comparison {
  readonly lines: readonly string[];
  readonly isEqual: boolean;
}

const INDEX = 'index.html';
const SITE_FILE = 'site.json';
const DEMO = 'demo.html';
/** Media types without which browsers do not use a file, by the end of its name. */
const MEDIA_TYPES: readonly (readonly [string, RegExp])[] = [
  ['.html', /^text\/html\b/],
  ['.js', /^(text|application)\/javascript\b/],
  ['.css', /^text\/css\b/],
];
/** Headers that the page never has. They lead to another page, load other files or delete data. */
const UNEXPECTED = ['refresh', 'link', 'clear-site-data', 'service-worker-allowed'];
/** Number of files that are fetched at the same time. */
const CONCURRENCY = 8;

/**
 * Compares the page at an address with a release.
 * @throws UserError if the statement is refused, or if a file cannot be fetched
 */
export async function verifyDeployment(request: VerifyRequest, limits?: FetchLimits): Promise<Comparison> {
  const release = await open(request);
  const page = new Deployment(request.url, release, limits);
  const found = await page.compare();
  const key = (rootFingerprint(release.publicKey).match(/.{4}/g) ?? []).join(' ');
  const what = `release ${release.version}`;
  return {
    isEqual: found.differences.length === 0,
    lines: [
      `Release ${release.version}, signed with the key ${key}`,
      ...(request.key === null
        ? ['Compare this key with the one that the publisher of the release gives, or name that one with --key.']
        : []),
      `Compared ${counted(found.files, 'file')} at ${request.url} in the encodings ${ENCODINGS.join(', ')}.`,
      ...found.notes,
      ...found.differences,
      found.differences.length === 0
        ? `The page is ${what}.`
        : `The page is not ${what}: ${counted(found.differences.length, 'difference')}.`,
    ],
  };
}

async function open({ release, key }: VerifyRequest): Promise<Release> {
  try {
    const opened = await openRelease(release, isSignedBy, key ?? undefined);
    new ReleasedPage(opened, 'app');
    return opened;
  } catch (cause) {
    throw toUserError(cause);
  }
}

class Deployment {
  readonly #url: string;
  readonly #release: Release;
  readonly #limits: FetchLimits | undefined;
  readonly #differences = new Set<string>();
  readonly #notes: string[] = [];
  #files = 0;

  constructor(url: string, release: Release, limits: FetchLimits | undefined) {
    this.#url = url;
    this.#release = release;
    this.#limits = limits;
  }

  async compare(): Promise<{
    readonly files: number;
    readonly notes: readonly string[];
    readonly differences: readonly string[];
  }> {
    const asUrls = await this.#readSiteFile();
    await this.#compareFolder('app', asUrls);
    if (await this.#hasDemo()) {
      await this.#compareFolder('demo', []);
      this.#notes.push('The server also has the demo.');
    }
    return { files: this.#files, notes: this.#notes, differences: [...this.#differences].sort() };
  }

  #fetch(path: string, encoding: (typeof ENCODINGS)[number] = 'identity'): Promise<FetchedFile> {
    return fetchFile(new URL(path, this.#url), encoding, this.#limits);
  }

  /** Returns the addresses of the AS that the policy of the page must name. */
  async #readSiteFile(): Promise<readonly string[]> {
    const { content, headers } = await this.#fetch(SITE_FILE);
    const text = Buffer.from(content ?? []).toString('utf8');
    // Some servers send a web page with status 200 for a missing file.
    if (content === undefined || /^\s*</.test(text)) {
      this.#notes.push(`There is no ${SITE_FILE}.`);
      return [];
    }
    this.#compareHeaders(SITE_FILE, headers, pageHeaders({ path: SITE_FILE }));
    try {
      const { as } = peekSiteFile(text);
      const check = `Check its signature with "site check".`;
      this.#notes.push(`${SITE_FILE} is not part of a release. It names the AS ${as.join(' ')}. ${check}`);
      return as;
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      this.#notes.push(`${SITE_FILE} is not part of a release, and cannot be read: ${cause.message}.`);
      return [];
    }
  }

  /** Whether the server has the demo. Some servers send the page for a missing file. */
  async #hasDemo(): Promise<boolean> {
    if (!this.#release.files.has(`demo/${DEMO}`)) return false;
    const { content } = await this.#fetch(DEMO);
    return content !== undefined && new ReleasedPage(this.#release, 'app').stateOf(INDEX, content) !== 'same';
  }

  async #compareFolder(folder: PageFolder, asUrls: readonly string[]): Promise<void> {
    const page = new ReleasedPage(this.#release, folder);
    // Browsers open the page at the address of its folder.
    const files = page.paths.flatMap((path) =>
      path === INDEX
        ? [
            { path, at: path },
            { path, at: '' },
          ]
        : [{ path, at: path }],
    );
    this.#files += page.paths.length;
    const work = async (): Promise<void> => {
      for (let next = files.shift(); next !== undefined; next = files.shift()) {
        await this.#compareFile(page, next.path, next.at, asUrls);
      }
    };
    try {
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
    } finally {
      files.length = 0; // after a failure, the other workers end too
    }
  }

  async #compareFile(page: ReleasedPage, path: string, at: string, asUrls: readonly string[]): Promise<void> {
    for (const encoding of ENCODINGS) {
      const { content, status, headers, elsewhere } = await this.#fetch(at, encoding);
      const name = at === '' ? 'the address of the folder' : at;
      if (elsewhere !== undefined) {
        this.#differences.add(`missing     ${name}: the server redirects to ${elsewhere}`);
        continue;
      }
      const state = page.stateOf(path, content);
      if (state !== 'same') {
        const why = content === undefined ? `: status ${status}` : ` (encoding ${encoding})`;
        this.#differences.add(`${state.padEnd(11)} ${name}${why}`);
      }
      if (content === undefined) continue;
      for (const extra of page.additional(path, content)) {
        this.#differences.add(`additional  ${extra}: ${path} lists it, and the release does not have it`);
      }
      const html = path.endsWith('.html') ? Buffer.from(content).toString('utf8') : undefined;
      // The headers of a changed page depend on its styles, so only those of the release are compared.
      if (state === 'same') this.#compareHeaders(name, headers, pageHeaders({ path, html }, asUrls));
      this.#compareType(name, path, headers);
    }
  }

  /** A wrong media type stops the page, and some other headers lead the browser away from it. */
  #compareType(name: string, path: string, headers: Headers): void {
    const type = headers.get('content-type') ?? '';
    const expected = MEDIA_TYPES.find(([end]) => path.endsWith(end))?.[1];
    if (expected && !expected.test(type)) this.#differences.add(`header      ${name}: content-type is "${type}"`);
    for (const header of UNEXPECTED) {
      const sent = headers.get(header);
      if (sent !== null) this.#differences.add(`header      ${name}: ${header} is "${sent}"`);
    }
  }

  #compareHeaders(name: string, actual: Headers, expected: Readonly<Record<string, string>>): void {
    for (const [header, value] of Object.entries(expected)) {
      const sent = actual.get(header);
      if (sent === value) continue;
      this.#differences.add(`header      ${name}: ${header} is ${sent === null ? 'missing' : `"${sent}"`}`);
    }
  }
}
