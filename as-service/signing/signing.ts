// The service's own signatures (docs/protocol.md clause 9): one Ed25519 key per purpose, each certified by the root, and the DSSE
// envelopes around verdicts, audit heads and certificates. Signs with node:crypto, which is bound to the same RFC 8032 as noble and
// ten times as fast (docs/adr/0013-sign-with-node-crypto-in-the-service.md).
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { WORK_ORDER_TYPE } from '#protocol/orders/order.ts';
import { REPORT_TYPE, type ReportSummary } from '#protocol/orders/report.ts';
import type { AuditHeadJson, CertificateJson, TrustJson, VerdictJson } from '#protocol/service/messages.ts';
import { type Envelope, keyId, type Signer, sealEnvelope } from '#protocol/signing/envelope.ts';
import type { SigningKeyState, SigningPurpose, State } from '../storage/state.ts';

const TYPES = {
  verdict: 'application/vnd.keyferry.verdict+json',
  auditHead: 'application/vnd.keyferry.audit-head+json',
  certificate: 'application/vnd.keyferry.certificate+json',
} as const;

/** PKCS #8 of an Ed25519 key (RFC 8410 clause 7) up to the seed. */
const PKCS8_HEAD = fromHex('302E020100300506032B657004220420');
export const SIGNING_PURPOSES: readonly SigningPurpose[] = [
  'data',
  'verdict',
  'audit-head',
  'vault',
  'work-order',
  'report',
];
/** Units keep the key for DATA for their whole life; the others are renewed at a start, half a year before they end. */
const YEARS: Record<SigningPurpose, number> = {
  data: 30,
  verdict: 3,
  'audit-head': 3,
  vault: 3,
  'work-order': 3,
  report: 3,
};
const RENEWED_BEFORE_MS = 183 * 86_400_000;

export function createSigningKey(): SigningKeyState {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  return { secretKey: fromBase64url(d), publicKey: fromBase64url(x) };
}

class NodeSigner implements Signer {
  readonly publicKey: Bytes;
  readonly #key: KeyObject;

  constructor({ publicKey, secretKey }: SigningKeyState) {
    this.publicKey = publicKey;
    const der = Buffer.from(concat(PKCS8_HEAD, secretKey));
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
  }

  sign(message: Uint8Array): Bytes {
    return copy(sign(null, message, this.#key));
  }
}

export class Signatures {
  readonly #signers: Record<SigningPurpose, NodeSigner>;
  readonly #trust: TrustJson;
  /** The newest head is asked for by every answer of one batch: signed once. */
  #signedHead: { readonly sequence: number; readonly envelope: Promise<Envelope> } | undefined;

  constructor({ root, signingKeys, certificates }: State) {
    this.#signers = {
      data: new NodeSigner(signingKeys.data),
      verdict: new NodeSigner(signingKeys.verdict),
      'audit-head': new NodeSigner(signingKeys['audit-head']),
      vault: new NodeSigner(signingKeys.vault),
      'work-order': new NodeSigner(signingKeys['work-order']),
      report: new NodeSigner(signingKeys.report),
    };
    this.#trust = { root: toBase64url(root.publicKey), certificates };
  }

  get trust(): TrustJson {
    return this.#trust;
  }

  /** The certificates of all keys for these purposes, earlier ones included. */
  certificatesOf(purposes: readonly CertificateJson['purpose'][]): Envelope[] {
    return this.#trust.certificates.filter((each) => purposes.includes(decodeCertificate(each).purpose));
  }

  /** SIG over DATA, 64 bytes. */
  signData(message: Uint8Array): Bytes {
    return this.#signers.data.sign(message);
  }

  signVerdict(verdict: VerdictJson): Promise<Envelope> {
    return sealJson(TYPES.verdict, verdict, this.#signers.verdict);
  }

  /** Of vault files, with the certificate of its key. */
  get vault(): { readonly signer: Signer; readonly certificate: Envelope } {
    const signer = this.#signers.vault;
    const certificate = this.#trust.certificates.find((each) => {
      const { purpose, publicKey } = decodeCertificate(each);
      return purpose === 'vault' && publicKey === toBase64url(signer.publicKey);
    });
    if (certificate === undefined) throw new TypeError('a key is certified before it signs');
    return { signer, certificate };
  }

  /** The order's JSON text as protocol/orders made it. */
  signOrder(order: string): Promise<Envelope> {
    return sealEnvelope(WORK_ORDER_TYPE, Buffer.from(order), this.#signers['work-order']);
  }

  signReport(summary: ReportSummary): Promise<Envelope> {
    return sealJson(REPORT_TYPE, summary, this.#signers.report);
  }

  signHead(head: AuditHeadJson): Promise<Envelope> {
    if (this.#signedHead?.sequence !== head.sequence) {
      const envelope = sealJson(TYPES.auditHead, head, this.#signers['audit-head']);
      this.#signedHead = { sequence: head.sequence, envelope };
    }
    return this.#signedHead.envelope;
  }
}

/** The root's word on a new key of the service. */
export function certify(
  root: SigningKeyState,
  purpose: SigningPurpose,
  publicKey: Uint8Array,
  asNumber: number,
  now: Date,
): Promise<Envelope> {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS[purpose]);
  return signCertificate(root, {
    purpose,
    publicKey: toBase64url(publicKey),
    asNumber,
    from: now.toISOString(),
    until: until.toISOString(),
  });
}

/** The root's word on any key. */
export function signCertificate(root: SigningKeyState, certificate: CertificateJson): Promise<Envelope> {
  return sealJson(TYPES.certificate, certificate, new NodeSigner(root));
}

/** The purposes whose key must be renewed now. */
export function endingKeys({ signingKeys, certificates }: State, now: Date): SigningPurpose[] {
  const ends = certificates.map(decodeCertificate);
  return SIGNING_PURPOSES.filter((purpose) => {
    const publicKey = toBase64url(signingKeys[purpose].publicKey);
    const certificate = ends.find((each) => each.publicKey === publicKey && each.purpose === purpose);
    return certificate === undefined || Date.parse(certificate.until) - now.getTime() < RENEWED_BEFORE_MS;
  });
}

/** The root's key id in groups of four: what a person compares before a station trusts this service. */
export function rootFingerprint({ root }: State): string {
  return (keyId(root.publicKey).match(/.{4}/g) ?? []).join(' ');
}

function sealJson(type: string, payload: object, signer: Signer): Promise<Envelope> {
  return sealEnvelope(type, Buffer.from(JSON.stringify(payload)), signer);
}

/** Of a certificate that this service made itself. */
function decodeCertificate({ payload }: Envelope): CertificateJson {
  return JSON.parse(Buffer.from(fromBase64url(payload)).toString('utf8')) as CertificateJson;
}
