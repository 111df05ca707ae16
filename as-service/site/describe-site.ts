// Checks a site file and prints its settings, for an administrator.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { ProtocolError, type SiteErrorCode } from '#protocol/errors.ts';
import { rootFingerprint } from '#protocol/signing/envelope.ts';
import type { Site, SiteProfile } from '#protocol/site/site.ts';
import { openSiteFile, peekSiteFile } from '#protocol/site/site-file.ts';
import { counted } from '#protocol/text/counted.ts';
import { UserError } from '../common/user-error.ts';

/** What is wrong with a file, and what the administrator must do. */
const REFUSALS: Readonly<Record<SiteErrorCode, string>> = {
  'site-unreadable': 'This is not a site file, or it is damaged. Run "site pack" again.',
  'site-newer-format': 'A later version of Keyferry made this file. Check it with that version.',
  'site-unsigned': 'This file has no signature. "site pack" signs it.',
  'site-untrusted': 'Another AS signed this file: another root key certified its signing key.',
  'site-changed': 'This file was changed after it was signed. Do not publish it. Run "site pack" again.',
  'site-key-refused': 'The key of this file was not certified for site files at that time. Run "site pack" again.',
  'site-older': 'This file is older than another one.',
};

/**
 * Verifies a site file with the root key. Returns the lines to print. `show` formats a time.
 * @throws UserError with the reason why a station would refuse the file, and with its settings
 */
export async function checkSite(
  text: string,
  root: Uint8Array,
  show: (time: string) => string,
): Promise<readonly string[]> {
  try {
    const { site } = await openSiteFile(text, [root], isSignedBy);
    const fingerprint = (rootFingerprint(root).match(/.{4}/g) ?? []).join(' ');
    return [...describeSite(site, show), `The signature is valid. The root key is ${fingerprint}.`];
  } catch (cause) {
    const why = refusalOf(cause);
    if (why === undefined) throw cause;
    throw new UserError([why, ...peek(text, show)].join('\n'), { cause });
  }
}

/** Returns the lines that show the settings. */
export function describeSite(site: Site, show: (time: string) => string): readonly string[] {
  const { serial, issued, service, name, language, mark, accent, as, profiles, policy } = site;
  const { scanLabels, signOutAfterMinutes, autoRun = false, singleKeys = true, sendByHand = false } = policy;
  return [
    `Site file ${serial} of ${service}, signed ${show(issued)}`,
    ...(name === null ? [] : [`  name     ${name}`]),
    ...(language === undefined ? [] : [`  language ${language}`]),
    ...(mark === undefined ? [] : [`  mark     PNG image, ${fromBase64url(mark).length} bytes`]),
    ...(accent === undefined ? [] : [`  accent   ${accent}`]),
    ...as.map((url) => `  AS       ${url}`),
    ...profiles.map((profile) => `  profile  ${describeProfile(profile)}`),
    `  labels   ${scanLabels ? 'scanned before each load of a work order' : 'as the work order says'}`,
    `  orders   ${autoRun ? 'start when they are opened' : 'start when the operator presses Start order'}`,
    `  keys     ${singleKeys ? 'with and without a work order' : 'only with a work order'}`,
    `  commands ${sendByHand ? 'sent by hand from the console of Help' : 'never sent by hand'}`,
    `  sign-out ${signOutAfterMinutes === null ? 'when the access code expires' : `after ${counted(signOutAfterMinutes, 'minute')} without activity`}`,
  ];
}

function describeProfile({ name, role, ids, usb, serial }: SiteProfile): string {
  return [
    `${name}: ${role}`,
    ids === undefined ? 'any other adapter' : `USB ids ${ids}`,
    ...(usb === undefined ? [] : [`USB, waits ${usb.bwtMs} ms`]),
    ...(serial === undefined
      ? []
      : [`serial ${serial.baudRate} baud, parity ${serial.parity}, EDC ${serial.edc}, waits ${serial.bwtMs} ms`]),
  ].join(', ');
}

function refusalOf(cause: unknown): string | undefined {
  if (!(cause instanceof ProtocolError)) return undefined;
  const why = REFUSALS[cause.code as SiteErrorCode];
  return why === undefined ? undefined : `${why}\n  ${cause.message}`;
}

/** Returns the readable settings of a refused file, marked as unproven. */
function peek(text: string, show: (time: string) => string): readonly string[] {
  try {
    return ['The settings in the file, without proof:', ...describeSite(peekSiteFile(text), show)];
  } catch (cause) {
    if (refusalOf(cause) === undefined) throw cause;
    return [];
  }
}
