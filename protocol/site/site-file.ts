// A site file contains the signed settings of a site and the certificate of the key that signed
// them (docs/protocol.md clause 9.2). The AS writes the file. The page fetches it from its own
// folder.
import * as v from 'valibot';
import { type Bytes, equalBytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { FileError, IntegrityError, ProtocolError, type SiteErrorCode } from '../errors.ts';
import { documentEnvelopeSchema, parseJson, readDocument } from '../json/document.ts';
import type { Json } from '../json/schema.ts';
import { Certificates, wasCertified } from '../service/certificates.ts';
import { type Envelope, keyId, type Verify } from '../signing/envelope.ts';
import { decodeSite, SITE_FORMAT, type Site } from './site.ts';

const FILE_FORMAT = `keyferry-site-${SITE_FORMAT}` as const;
/** Maximum length in characters. A file with 64 profiles has about 30,000. */
export const MAX_SITE_FILE_LENGTH = 1 << 17;

const siteFileSchema = v.object({
  format: v.picklist([FILE_FORMAT]),
  /** The payload is CertificateJson, for the key that signed the settings. */
  certificate: documentEnvelopeSchema,
  /** The payload is Site. Signed by a key with purpose "site". */
  site: documentEnvelopeSchema,
});
export type SiteFileJson = Json<typeof siteFileSchema>;

/** A site file whose signatures are verified, starting from a pinned root. */
export interface VerifiedSite {
  readonly site: Site;
  /** SHA-256 of the settings, 32 bytes. */
  readonly hash: Bytes;
  /** The pinned root that certified the signing key, 32 bytes. */
  readonly root: Uint8Array;
}

export function encodeSiteFile(certificate: Envelope, site: Envelope): string {
  return `${JSON.stringify({ format: FILE_FORMAT, certificate, site } satisfies SiteFileJson)}\n`;
}

/**
 * Verifies a site file. `roots` are the pinned public keys, 32 bytes each. `last` is the file that
 * this station accepted last. A file of the same root must be equal to `last`, or have a higher
 * serial number.
 * @throws ProtocolError (SiteErrorCode)
 */
export async function openSiteFile(
  text: string,
  roots: readonly Uint8Array[],
  verify: Verify,
  last?: VerifiedSite,
): Promise<VerifiedSite> {
  const file = decodeSiteFile(text);
  const root = roots.find((each) => keyId(each) === file.certificate.signatures[0].keyid);
  if (root === undefined) throw refused('site-untrusted', 'no pinned root certified the key of the site file');
  const { payload, key } = await openSigned(file, root, verify);
  const verified = { site: readSite(payload), hash: sha256(payload), root };
  if (!wasCertified(key, verified.site.issued)) {
    throw refused('site-key-refused', `the key of the site file was not certified at ${verified.site.issued}`);
  }
  if (last !== undefined && equalBytes(last.root, root)) requireNewer(verified, last);
  return verified;
}

/**
 * Returns the settings of a site file without verifying it. A station without a pinned root uses
 * them to find its AS, and for nothing else.
 * @throws ProtocolError site-unreadable, site-newer-format, site-unsigned
 */
export function peekSiteFile(text: string): Site {
  const { payload } = decodeSiteFile(text).site;
  try {
    return readSite(fromBase64url(payload));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw refused('site-unreadable', 'the settings are not base64url', cause);
    throw cause;
  }
}

/** Checks the format only and verifies no signature. */
function decodeSiteFile(text: string): SiteFileJson {
  if (text.length > MAX_SITE_FILE_LENGTH) throw refused('site-unreadable', 'the file is too long for a site file');
  const value = readJson(text, 'the site file');
  const { format, as } = membersOf(value);
  if (format === undefined && as !== undefined) throw refused('site-unsigned', 'the file contains unsigned settings');
  if (format !== FILE_FORMAT && typeof format === 'string' && /^keyferry-site-\d+$/.test(format)) {
    throw refused('site-newer-format', `the site file has the format ${format}`);
  }
  return readDocument(siteFileSchema, value, 'the site file', 'site-unreadable');
}

/** Verifies both signatures. Returns the settings, and the key that signed them. */
async function openSigned({ certificate, site }: SiteFileJson, root: Uint8Array, verify: Verify) {
  try {
    const certificates = await Certificates.from(root, [certificate], verify);
    if (!certificates.has(site, 'site')) {
      throw refused('site-key-refused', 'the root did not certify this key for site files');
    }
    return await certificates.open(site, 'site');
  } catch (cause) {
    if (cause instanceof IntegrityError) throw refused('site-changed', 'a signature of the site file is wrong', cause);
    if (cause instanceof ProtocolError && cause.code === 'file-refused') {
      throw refused('site-unreadable', cause.message, cause);
    }
    throw cause;
  }
}

/** Checks the format number before the schema, because a later format may have other members. */
function readSite(payload: Uint8Array): Site {
  const value = readJson(payload, 'the settings of the site file');
  const { format } = membersOf(value);
  if (typeof format === 'number' && format > SITE_FORMAT) {
    throw refused(
      'site-newer-format',
      `the settings of the site file have format ${format}, which this version cannot read`,
    );
  }
  return decodeSite(value, 'site-unreadable');
}

function requireNewer(next: VerifiedSite, last: VerifiedSite): void {
  const [given, accepted] = [next.site.serial, last.site.serial];
  if (given < accepted) {
    throw refused('site-older', `the site file has number ${given}, and ${accepted} was accepted before`);
  }
  if (given === accepted && !equalBytes(next.hash, last.hash)) {
    throw refused('site-older', `another site file with number ${given} was accepted before`);
  }
}

/** @throws ProtocolError site-unreadable, also for a file that is cut short */
function readJson(source: string | Uint8Array, name: string): unknown {
  try {
    return parseJson(source, name, 'site-unreadable');
  } catch (cause) {
    if (cause instanceof FileError) throw refused('site-unreadable', cause.message, cause);
    throw cause;
  }
}

function membersOf(value: unknown): { readonly format?: unknown; readonly as?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}

function refused(code: SiteErrorCode, message: string, cause?: unknown): ProtocolError {
  return new ProtocolError(code, message, cause === undefined ? undefined : { cause });
}
