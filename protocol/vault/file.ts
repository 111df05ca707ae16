// A vault file contains the signed header, the certificate of its signing key, and the sealed part
// (docs/protocol.md clause 10.1). The page verifies the file before it asks for a passphrase.
import * as v from 'valibot';
import { type Bytes, copy, equalBytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { documentEnvelopeSchema, parseJson, readDocument } from '../json/document.ts';
import { type Json, text } from '../json/schema.ts';
import { CERTIFICATE_TYPE, type CertificateJson, certificateSchema } from '../service/messages.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '../signing/envelope.ts';
import { base64url, malformed, vaultTime } from './fields.ts';
import { decodeVaultHeader, VAULT_TYPE, type VaultHeaderJson, vaultCost } from './header.ts';
import { requireCost } from './passphrase.ts';

const vaultFileSchema = v.object({
  /** The payload is VaultHeaderJson. Signed by a key with purpose "vault". */
  header: documentEnvelopeSchema,
  /** The payload is CertificateJson, for the key that signed the header. */
  certificate: documentEnvelopeSchema,
  /** The sealed part (secrets.ts), in base64url. */
  sealed: text(/^[\w-]*$/, 'base64url'),
});
export type VaultFileJson = Json<typeof vaultFileSchema>;

/** A vault file whose signatures and hash are verified, starting from a pinned root. */
export interface VerifiedVault {
  readonly header: VaultHeaderJson;
  /** SHA-256 of the payload of the header, 32 bytes. The first entry of the journal contains it. */
  readonly headerHash: Bytes;
  readonly sealed: Bytes;
  /** Ed25519 public key, 32 bytes. */
  readonly journalPublicKey: Bytes;
  readonly dataPublicKey: Bytes;
  /** The pinned root that certified the signing keys, 32 bytes. */
  readonly root: Bytes;
}

const MALFORMED = 'vault-malformed';

/**
 * Maximum length in characters. A header has at most 60 kB; the sealed part for 1000 units has
 * about 100 kB.
 */
const MAX_FILE_LENGTH = 1 << 22;

const vaultCertificateSchema = v.object({ ...certificateSchema.entries, from: vaultTime, until: vaultTime });

/** Returns the text of a vault file, which ends with a line feed. */
export function encodeVaultFile({ header, certificate, sealed }: VaultFileJson): string {
  return `${JSON.stringify({ header, certificate, sealed })}\n`;
}

/**
 * Checks the format only and verifies no signature. Removes all white space first, because programs
 * change blanks and line ends, and mail programs break long lines. No member contains white space.
 * @throws ProtocolError vault-malformed
 */
export function decodeVaultFile(text: string): VaultFileJson {
  if (text.length > MAX_FILE_LENGTH) throw malformed('The file is too long for a vault.');
  const whole = text.replaceAll(/[\s\uFEFF]+/g, '');
  const file = readDocument(vaultFileSchema, parseJson(whole, 'vault', MALFORMED), 'vault', MALFORMED);
  base64url(file.sealed, 'vault.sealed');
  return file;
}

/**
 * Verifies all signatures of a vault file. `roots` are the pinned public keys, 32 bytes each.
 * @throws ProtocolError vault-malformed, vault-changed, vault-untrusted (no pinned root certified
 * the vault)
 */
export async function verifyVaultFile(
  file: VaultFileJson,
  roots: readonly Uint8Array[],
  verify: Verify,
): Promise<VerifiedVault> {
  const root = roots.find((each) => keyId(each) === file.certificate.signatures[0].keyid);
  if (root === undefined) {
    throw new ProtocolError('vault-untrusted', 'No pinned root certified this vault.');
  }
  const certificate = await openCertificate(file.certificate, 'vault', root, verify);
  const payload = await openSigned(file.header, VAULT_TYPE, fromBase64url(certificate.publicKey), verify);
  const header = decodeVaultHeader(parseJson(payload, 'header', MALFORMED));
  const { asNumber, service, issued } = header;
  if (certificate.asNumber !== service.asNumber || !isWithin(issued, certificate)) throw changed('certificate');
  const sealed = fromBase64url(file.sealed);
  const { length, sha256: hash } = header.sealed;
  if (sealed.length !== length || !equalBytes(sha256(sealed), fromBase64url(hash))) throw changed('sealed part');
  requireCost(vaultCost(header));
  const data = await openCertificate(header.dataCertificate, 'data', root, verify);
  const journal = await openCertificate(header.journalCertificate, 'vault-journal', root, verify);
  if (data.asNumber !== asNumber || journal.asNumber !== asNumber) throw changed('AS number');
  return {
    header,
    headerHash: sha256(payload),
    sealed,
    dataPublicKey: fromBase64url(data.publicKey),
    journalPublicKey: fromBase64url(journal.publicKey),
    root: copy(root),
  };
}

async function openCertificate(
  signed: Envelope,
  purpose: CertificateJson['purpose'],
  root: Uint8Array,
  verify: Verify,
): Promise<CertificateJson> {
  const payload = await openSigned(signed, CERTIFICATE_TYPE, root, verify);
  const value = parseJson(payload, 'certificate', MALFORMED);
  const certificate = readDocument(vaultCertificateSchema, value, 'certificate', MALFORMED);
  if (certificate.purpose !== purpose) throw changed('certificate');
  return certificate;
}

async function openSigned(signed: Envelope, type: string, key: Uint8Array, verify: Verify): Promise<Bytes> {
  try {
    return await openEnvelope(signed, type, key, verify);
  } catch (cause) {
    if (cause instanceof IntegrityError) throw changed(type, cause);
    throw cause;
  }
}

function isWithin(at: string, { from, until }: CertificateJson): boolean {
  const moment = Date.parse(at);
  return moment >= Date.parse(from) && moment <= Date.parse(until);
}

function changed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('vault-changed', `The vault was changed after the AS issued it: ${what}.`, { cause });
}
