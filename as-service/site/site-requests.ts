// Runs the commands for site files. The AS, perhaps in another process, only signs. This process
// reads and writes the files, as the user who typed the command.
import { join } from 'node:path';
import { fromHex } from '#protocol/bytes/hex.ts';
import type { SiteDraft } from '#protocol/site/draft.ts';
import { peekSiteFile } from '#protocol/site/site-file.ts';
import { checkSite, describeSite } from './describe-site.ts';
import { packSite, requireEmpty, requirePackable, SITE_FILE, writePublic } from './pack-site.ts';
import { policyFiles } from './policy-files.ts';
import { type PolicyOptions, stationPolicies } from './station-policies.ts';

export type SiteRequest =
  | {
      readonly command: 'site pack';
      readonly draft: SiteDraft;
      readonly out: string;
      /** The folder of the build; null for the default. */
      readonly web: string | null;
      readonly after: number;
    }
  | { readonly command: 'site check'; readonly file: string; readonly root: Uint8Array | null }
  | ({
      readonly command: 'site policies';
      readonly file: string;
      readonly root: Uint8Array | null;
      readonly out: string;
    } & PolicyOptions);

/** The request to sign a site file, which the AS answers with its text. */
export interface SiteSignRequest {
  readonly command: 'site sign';
  readonly draft: SiteDraft;
  readonly after: number;
}

/** Executes a command of the AS and returns its lines. */
type RunAtAs = (request: SiteSignRequest | { readonly command: 'trust' }) => Promise<readonly string[]>;

/**
 * Executes a command and returns the lines to print. `show` formats a time. `builtWeb` is the folder of
 * the build if the command names none.
 * @throws UserError
 */
export async function runSiteRequest(
  request: SiteRequest,
  runAtAs: RunAtAs,
  show: (time: string) => string,
  builtWeb: string,
): Promise<readonly string[]> {
  if (request.command === 'site check') {
    return checkSite(request.file, request.root ?? (await rootOf(runAtAs)), show);
  }
  if (request.command === 'site policies') return writePolicies(request, runAtAs, show);
  const { draft, after, out } = request;
  const folders = { out, web: request.web ?? builtWeb };
  await requirePackable(folders);
  const [text = ''] = await runAtAs({ command: 'site sign', draft, after });
  const written = await packSite(folders, `${text}\n`, draft.as);
  return [
    ...describeSite(peekSiteFile(text), show),
    `Wrote the page and its site file to ${out}. Serve the whole folder, ${SITE_FILE} included.`,
    'The server must send the headers in one of these files:',
    ...written.map((path) => `  ${join(out, path)}`),
    'If the page and the AS have different origins, start the AS with the origin of the page in --allow-origin.',
  ];
}

/** Verifies the site file, and writes the policy files for its devices. */
async function writePolicies(
  { file, root, out, ...options }: Extract<SiteRequest, { command: 'site policies' }>,
  runAtAs: RunAtAs,
  show: (time: string) => string,
): Promise<readonly string[]> {
  await checkSite(file, root ?? (await rootOf(runAtAs)), show);
  const site = peekSiteFile(file);
  await requireEmpty(out);
  const files = policyFiles(stationPolicies(site, options));
  for (const { path, content } of files) await writePublic(out, path, content);
  const isNamed = site.profiles.some(({ ids }) => ids !== undefined);
  const isAny = site.profiles.some(({ ids }) => ids === undefined);
  return [
    `Wrote the policies for the stations of ${options.page}:`,
    ...files.map(({ path, use }) => `  ${join(out, path)}  ${use}`),
    ...(isNamed ? [] : ['The site file names no USB ids, so the policies permit no device without the chooser.']),
    ...(isAny ? ['A serial adapter that no profile names still needs the chooser, once per adapter.'] : []),
    ...(options.isKiosk ? [`Start the browser with --kiosk ${options.page}`] : []),
  ];
}

/** Hex digits of a root key. */
const ROOT_DIGITS = 64;

/** Returns the public root key of the AS, 32 bytes. */
async function rootOf(runAtAs: RunAtAs): Promise<Uint8Array> {
  const lines = await runAtAs({ command: 'trust' });
  const hex = lines
    .join('\n')
    .match(/[0-9A-F]+/g)
    ?.find((digits) => digits.length === ROOT_DIGITS);
  if (hex === undefined) throw new TypeError('the AS shows no root key');
  return fromHex(hex);
}
