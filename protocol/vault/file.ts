// Encodes, decodes and verifies a vault file (docs/protocol.md clause 10.1): one JSON text of the
// signed header, the certificate of the key that signed it, and the sealed part. The page verifies
// the file before the operator types a passphrase, against a pinned root key and never against a
// key from the file.
import { type Bytes, copy, equalBytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { envelope, integer, object, octets, oneOf, parseJson } from '../json/read.ts';
import type { CertificateJson } from '../service/messages.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '../signing/envelope.ts';
import { decodeVaultHeader, VAULT_TYPE, type VaultHeaderJson, vaultCost } from './header.ts';
import { requireCost } from './passphrase.ts';
import { base64urlText, malformed, readVault, time } from './shape.ts';

export const CERTIFICATE_TYPE = 'application/vnd.keyferry.certificate+json';

export interface VaultFileJson {
  /** Payload VaultHeaderJson, signed by the key for the purpose "vault". */
  readonly header: Envelope;
  /** Payload CertificateJson of that key. */
  readonly certificate: Envelope;
  /** The sealed part in base64url. */
  readonly sealed: string;
}

/** The contents of a file that verifies against a pinned root key. */
export interface VerifiedVault {
  readonly header: VaultHeaderJson;
  /** SHA-256 of the header's payload, 32 bytes. The vault journal begins with it. */
  readonly headerHash: Bytes;
  readonly sealed: Bytes;
  /** Ed25519 public key, 32 bytes. */
  readonly journalPublicKey: Bytes;
  readonly dataPublicKey: Bytes;
  /** The pinned root public key that verifies the file, 32 bytes. */
  readonly root: Bytes;
}

/**
 * In characters. A header has at most about 60 kB; a sealed part with 1000 units and a few versions
 * of T has at most about 100 kB.
 */
export const MAX_FILE_LENGTH = 1 << 22;

const fileJson = object<VaultFileJson>({
  header: envelope,
  certificate: envelope,
  sealed: base64urlText,
});

const certificateJson = object<CertificateJson>({
  purpose: oneOf('data', 'verdict', 'audit-head', 'vault', 'vault-journal'),
  publicKey: octets(32, 32),
  asNumber: integer(0, 0xffff),
  from: time,
  until: time,
});

/** The canonical text of a file, with a line end. */
export function encodeVaultFile({ header, certificate, sealed }: VaultFileJson): string {
  return `${JSON.stringify({ header, certificate, sealed })}\n`;
}

/** Reads the form of a file and verifies nothing. @throws ProtocolError vault-malformed */
export function decodeVaultFile(text: string): VaultFileJson {
  if (text.length > MAX_FILE_LENGTH) throw malformed('This is too long for a vault.');
  const file = readVault(() => fileJson(parseJson(text, 'vault'), 'vault'));
  // A vault has exactly one text: any addition or other spelling is a change.
  if (encodeVaultFile(file) !== text) throw malformed('This is no vault as the AS writes it.');
  return file;
}

/**
 * Verifies a vault file. `roots` are the pinned root public keys, 32 bytes each.
 * @throws ProtocolError vault-malformed, vault-untrusted (no pinned root key signed the
 * certificate), vault-changed
 */
export async function verifyVaultFile(
  file: VaultFileJson,
  roots: readonly Uint8Array[],
  verify: Verify,
): Promise<VerifiedVault> {
  const root = roots.find((each) => keyId(each) === file.certificate.signatures[0].keyid);
  if (root === undefined) {
    throw new ProtocolError('vault-untrusted', 'No AS that this station has pinned vouches for this vault.');
  }
  const certificate = await openCertificate(file.certificate, 'vault', root, verify);
  const payload = await openSigned(file.header, VAULT_TYPE, fromBase64url(certificate.publicKey), verify);
  const header = decodeVaultHeader(readVault(() => parseJson(payload, 'header')));
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
  const certificate = readVault(() => certificateJson(parseJson(payload, 'certificate'), 'certificate'));
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
  return new ProtocolError('vault-changed', `The vault is not as the AS issued it: ${what}.`, { cause });
}
