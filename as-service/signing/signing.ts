// The signatures of the service (docs/protocol.md clause 9): one certified Ed25519 key per purpose,
// and DSSE envelopes. Signs with node:crypto, which is ten times as fast as noble (ADR 0013).
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { WORK_ORDER_TYPE } from '#protocol/orders/order.ts';
import { REPORT_TYPE, type ReportSummary } from '#protocol/orders/report.ts';
import type { AuditHeadJson, CertificateJson, TrustJson, VerdictJson } from '#protocol/service/messages.ts';
import {
  type Envelope,
  rootFingerprint as fingerprintOf,
  type Signer,
  sealEnvelope,
} from '#protocol/signing/envelope.ts';
import type { SigningKeyState, SigningPurpose, State } from '../storage/state.ts';

const TYPES = {
  verdict: 'application/vnd.keyferry.verdict+json',
  auditHead: 'application/vnd.keyferry.audit-head+json',
  certificate: 'application/vnd.keyferry.certificate+json',
} as const;

/**
 * The bytes that stand before the seed in the PKCS #8 form of an Ed25519 private key (RFC 8410
 * clause 7).
 */
const PKCS8_PREFIX = fromHex('302E020100300506032B657004220420');
export const SIGNING_PURPOSES: readonly SigningPurpose[] = [
  'data',
  'verdict',
  'audit-head',
  'vault',
  'work-order',
  'report',
];
/**
 * Validity of a certificate in years. Units never replace the key for DATA, so its certificate is
 * valid longest. The service replaces a key half a year before its certificate expires.
 */
const YEARS: Record<SigningPurpose, number> = {
  data: 30,
  verdict: 3,
  'audit-head': 3,
  vault: 3,
  'work-order': 3,
  report: 3,
};
const RENEWAL_MS = 183 * 86_400_000;
/**
 * Tolerated error of a clock. Certificates begin earlier by this time. A start is refused when the
 * clock is further behind the log.
 */
export const CLOCK_TOLERANCE_MS = 86_400_000;

export function byPurpose<T>(make: (purpose: SigningPurpose) => T): Record<SigningPurpose, T> {
  return Object.fromEntries(SIGNING_PURPOSES.map((purpose) => [purpose, make(purpose)])) as Record<SigningPurpose, T>;
}

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
    const der = Buffer.from(concat(PKCS8_PREFIX, secretKey));
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
  }

  sign(message: Uint8Array): Bytes {
    return copy(sign(null, message, this.#key));
  }
}

export class Signatures {
  readonly #signers: Record<SigningPurpose, NodeSigner>;
  /** The signers of verdicts, newest first, each with its certificate. */
  readonly #verdictSigners: readonly { readonly signer: NodeSigner; readonly certificate: CertificateJson }[];
  readonly #trust: TrustJson;
  /**
   * The newest signed audit head. Each answer contains one, and answers with the same head share
   * its signature.
   */
  #signedHead: { readonly sequence: number; readonly envelope: Promise<Envelope> } | undefined;

  constructor({ root, signingKeys, earlierVerdictKeys = [], certificates }: State) {
    this.#signers = byPurpose((purpose) => new NodeSigner(signingKeys[purpose]));
    const earlier = earlierVerdictKeys.map((key) => new NodeSigner(key));
    this.#verdictSigners = [this.#signers.verdict, ...earlier].flatMap((signer) => {
      const certificate = certificates.map(decodeCertificate).find(certifies('verdict', signer.publicKey));
      return certificate === undefined ? [] : [{ signer, certificate }];
    });
    this.#trust = { root: toBase64url(root.publicKey), certificates };
  }

  get trust(): TrustJson {
    return this.#trust;
  }

  /** The certificates for these purposes, those of earlier keys included. */
  certificatesOf(purposes: readonly CertificateJson['purpose'][]): Envelope[] {
    return this.#trust.certificates.filter((each) => purposes.includes(decodeCertificate(each).purpose));
  }

  /** SIG over DATA, 64 bytes. */
  signData(message: Uint8Array): Bytes {
    return this.#signers.data.sign(message);
  }

  /** Signs with the newest key that is certified for the time of the receipt. */
  signVerdict(verdict: VerdictJson): Promise<Envelope> {
    const at = Date.parse(verdict.time);
    const found = this.#verdictSigners.find(
      ({ certificate: { from, until } }) => Date.parse(from) <= at && at <= Date.parse(until),
    );
    return sealJson(TYPES.verdict, verdict, found?.signer ?? this.#signers.verdict);
  }

  /** The signer of vault files, and the certificate of its key. */
  get vault(): { readonly signer: Signer; readonly certificate: Envelope } {
    const signer = this.#signers.vault;
    const isItsCertificate = certifies('vault', signer.publicKey);
    const certificate = this.#trust.certificates.find((each) => isItsCertificate(decodeCertificate(each)));
    if (certificate === undefined) throw new TypeError('the vault key has no certificate');
    return { signer, certificate };
  }

  /** `order` is the JSON text of encodeWorkOrder(). */
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

/** Certifies a new signing key of the service. */
export function certify(
  root: SigningKeyState,
  purpose: SigningPurpose,
  publicKey: Uint8Array,
  asNumber: number,
  now: Date,
): Promise<Envelope> {
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS[purpose]);
  const from = new Date(now.getTime() - CLOCK_TOLERANCE_MS);
  const validity = { from: from.toISOString(), until: until.toISOString() };
  return signCertificate(root, { purpose, publicKey: toBase64url(publicKey), asNumber, ...validity });
}

/** Signs a certificate with the root key. */
export function signCertificate(root: SigningKeyState, certificate: CertificateJson): Promise<Envelope> {
  return sealJson(TYPES.certificate, certificate, new NodeSigner(root));
}

/**
 * The purposes whose key the service must replace now, because its certificate expires soon or was
 * issued while the clock was ahead.
 */
export function expiringKeys(state: State, now: Date): SigningPurpose[] {
  return SIGNING_PURPOSES.filter((purpose) => !isWithin(spanOf(state, purpose), now));
}

/** Milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** The time in which no signing key must be replaced. */
export function currentSpan(state: State): Span {
  const spans = SIGNING_PURPOSES.map((purpose) => spanOf(state, purpose));
  return { from: Math.max(...spans.map(({ from }) => from)), until: Math.min(...spans.map(({ until }) => until)) };
}

export function isWithin({ from, until }: Span, now: Date): boolean {
  return from <= now.getTime() && now.getTime() < until;
}

/** The time in which the key of a purpose stays in use. An empty time without a certificate. */
function spanOf({ signingKeys, certificates }: State, purpose: SigningPurpose): Span {
  const certificate = certificates.map(decodeCertificate).find(certifies(purpose, signingKeys[purpose].publicKey));
  if (certificate === undefined) return { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  // Units never replace the key for DATA, and do not read its certificate.
  const from = purpose === 'data' ? Number.NEGATIVE_INFINITY : Date.parse(certificate.from);
  return { from, until: Date.parse(certificate.until) - RENEWAL_MS + 1 };
}

/**
 * Fingerprint of the root key in eight groups of four digits, which an operator compares before
 * pinning.
 */
export function rootFingerprint({ root }: State): string {
  return (fingerprintOf(root.publicKey).match(/.{4}/g) ?? []).join(' ');
}

function sealJson(type: string, payload: object, signer: Signer): Promise<Envelope> {
  return sealEnvelope(type, Buffer.from(JSON.stringify(payload)), signer);
}

function certifies(purpose: SigningPurpose, key: Uint8Array): (certificate: CertificateJson) => boolean {
  const expected = toBase64url(key);
  return ({ purpose: actual, publicKey }) => actual === purpose && publicKey === expected;
}

/** For certificates of this service only: the signature is not verified. */
function decodeCertificate({ payload }: Envelope): CertificateJson {
  return JSON.parse(Buffer.from(fromBase64url(payload)).toString('utf8')) as CertificateJson;
}
