// Runs the commands for site files. The AS, perhaps in another process, only signs. This process
// reads and writes the files, as the user who typed the command.
import { join } from 'node:path';
import { fromHex } from '#protocol/bytes/hex.ts';
import type { SiteDraft } from '#protocol/site/draft.ts';
import { peekSiteFile } from '#protocol/site/site-file.ts';
import { checkSite, describeSite } from './describe-site.ts';
import { packSite, requirePackable, SITE_FILE } from './pack-site.ts';

export type SiteRequest =
  | {
      readonly command: 'site pack';
      readonly draft: SiteDraft;
      readonly out: string;
      /** The folder of the build; null for the default. */
      readonly web: string | null;
      readonly after: number;
    }
  | { readonly command: 'site check'; readonly file: string; readonly root: Uint8Array | null };

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
