// The signatures of the service (docs/protocol.md clause 9): one certified Ed25519 key per purpose,
// and DSSE envelopes. Signs with node:crypto, which is ten times as fast as noble (ADR 0013).
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Bytes, concat, copy, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { logOrigin, signCheckpoint } from '#protocol/log/checkpoint.ts';
import type { TreeHead } from '#protocol/log/verify-consistency.ts';
import { WORK_ORDER_TYPE } from '#protocol/orders/order.ts';
import { REPORT_TYPE, type ReportSummary } from '#protocol/orders/report.ts';
import type { AuditHeadJson, CertificateJson, TrustJson, VerdictJson } from '#protocol/service/messages.ts';
import {
  type Envelope,
  rootFingerprint as fingerprintOf,
  type Signer,
  sealEnvelope,
} from '#protocol/signing/envelope.ts';
import { SITE_TYPE } from '#protocol/site/site.ts';
import { encodeSiteFile } from '#protocol/site/site-file.ts';
import { Turns } from '../common/turns.ts';
import type { SigningKeyState, SigningPurpose, State } from '../storage/state.ts';

const TYPES = {
  verdict: 'application/vnd.keyferry.verdict+json',
  auditHead: 'application/vnd.keyferry.audit-head+json',
  certificate: 'application/vnd.keyferry.certificate+json',
} as const;

/** The bytes before the seed in the PKCS #8 form of an Ed25519 private key (RFC 8410 clause 7). */
const PKCS8_PREFIX = fromHex('302E020100300506032B657004220420');
export const SIGNING_PURPOSES: readonly SigningPurpose[] = [
  'data',
  'verdict',
  'audit-head',
  'vault',
  'work-order',
  'report',
  'site',
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
  site: 3,
};
/** Number of verdicts after which other requests get a turn of the event loop. */
const VERDICTS_PER_TURN = 100;
const RENEWAL_MS = 183 * 86_400_000;
/**
 * Tolerated error of a clock. A certificate becomes valid this long before it is issued. The
 * service does not start if the clock is behind the log by more than this time.
 */
export const CLOCK_TOLERANCE_MS = 86_400_000;

export function byPurpose<T>(make: (purpose: SigningPurpose) => T): Record<SigningPurpose, T> {
  return Object.fromEntries(SIGNING_PURPOSES.map((purpose) => [purpose, make(purpose)])) as Record<SigningPurpose, T>;
}

/** Creates a random key pair. The caller wipes the secret key. */
export function createSigningKey(): SigningKeyState {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    // Both encodings end with the 32 bytes of the key (RFC 8410).
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    return { secretKey: copy(der.subarray(-32)), publicKey: copy(spki.subarray(-32)) };
  } finally {
    wipe(der);
  }
}

class NodeSigner implements Signer {
  readonly publicKey: Bytes;
  readonly #key: KeyObject;

  constructor({ publicKey, secretKey }: SigningKeyState) {
    this.publicKey = publicKey;
    const der = concat(PKCS8_PREFIX, secretKey);
    try {
      const key = Buffer.from(der.buffer);
      this.#key = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    } finally {
      wipe(der);
    }
  }

  sign(message: Uint8Array): Bytes {
    return copy(sign(null, message, this.#key));
  }
}

/**
 * The signer of each key. OpenSSL needs about 3 ms to decode a key, and each change of the state
 * makes new Signatures for the same keys.
 */
const signers = new WeakMap<SigningKeyState, NodeSigner>();

function signerOf(key: SigningKeyState): NodeSigner {
  const signer = signers.get(key) ?? new NodeSigner(key);
  signers.set(key, signer);
  return signer;
}

export class Signatures {
  readonly #signers: Record<SigningPurpose, NodeSigner>;
  /** The signers of verdicts, newest first, each with its certificate. */
  readonly #verdictSigners: readonly { readonly signer: NodeSigner; readonly certificate: CertificateJson }[];
  readonly #certificates: readonly Envelope[];
  readonly #trust: TrustJson;
  /**
   * The newest signed audit head. Each answer contains a signed head. Answers with the same head
   * share one signature.
   */
  #signedHead: { readonly sequence: number; readonly envelope: Promise<Envelope> } | undefined;

  constructor(state: State) {
    const { root, signingKeys, earlierVerdictKeys = [], certificates } = state;
    this.#signers = byPurpose((purpose) => signerOf(signingKeys[purpose]));
    const known = [this.#signers.verdict, ...earlierVerdictKeys.map(signerOf)];
    this.#verdictSigners = verdictCertificates(state).flatMap((certificate) => {
      const signer = known.find(({ publicKey }) => toBase64url(publicKey) === certificate.publicKey);
      return signer === undefined ? [] : [{ signer, certificate }];
    });
    this.#certificates = certificates;
    this.#trust = { root: toBase64url(root.publicKey), certificates: certificates.filter(isListed) };
  }

  /** The answer to GET /v1/trust. */
  get trust(): TrustJson {
    return this.#trust;
  }

  /** Returns all certificates for these purposes, including those of earlier keys. */
  certificatesOf(purposes: readonly CertificateJson['purpose'][]): Envelope[] {
    return this.#certificates.filter((each) => purposes.includes(decodeCertificate(each).purpose));
  }

  /** Returns SIG over DATA, 64 bytes. */
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

  /** Resolves with the signed verdicts, in the same sequence. */
  async signVerdicts<Unsigned extends { readonly verdict: VerdictJson }>(
    verdicts: readonly Unsigned[],
  ): Promise<(Omit<Unsigned, 'verdict'> & { readonly verdict: Envelope })[]> {
    const turns = new Turns(VERDICTS_PER_TURN);
    const signed: (Omit<Unsigned, 'verdict'> & { readonly verdict: Envelope })[] = [];
    for (const each of verdicts) {
      signed.push({ ...each, verdict: await this.signVerdict(each.verdict) });
      await turns.next();
    }
    return signed;
  }

  /** The signer of vault files, and the certificate of its key. */
  get vault(): { readonly signer: Signer; readonly certificate: Envelope } {
    return { signer: this.#signers.vault, certificate: this.#certificateOf('vault') };
  }

  /**
   * Signs the settings of a site. `settings` is the JSON text of encodeSite(). Resolves with the
   * text of the site file.
   */
  async signSite(settings: string): Promise<string> {
    const envelope = await sealEnvelope(SITE_TYPE, Buffer.from(settings), this.#signers.site);
    return encodeSiteFile(this.#certificateOf('site'), envelope);
  }

  #certificateOf(purpose: SigningPurpose): Envelope {
    const isItsCertificate = certifies(purpose, this.#signers[purpose].publicKey);
    const certificate = this.#certificates.find((each) => isItsCertificate(decodeCertificate(each)));
    if (certificate === undefined) throw new TypeError(`the ${purpose} key has no certificate`);
    return certificate;
  }

  /** Signs a work order. `order` is the JSON text of encodeWorkOrder(). */
  signOrder(order: string): Promise<Envelope> {
    return sealEnvelope(WORK_ORDER_TYPE, Buffer.from(order), this.#signers['work-order']);
  }

  signReport(summary: ReportSummary): Promise<Envelope> {
    return sealJson(REPORT_TYPE, summary, this.#signers.report);
  }

  /**
   * Signs a checkpoint with the key for audit heads. No envelope has the same signed bytes: those
   * begin with "DSSEv1", and a checkpoint begins with its origin.
   */
  signCheckpoint(tree: TreeHead): Promise<string> {
    return signCheckpoint(logOrigin(fromBase64url(this.#trust.root)), tree, this.#signers['audit-head']);
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

/** Signs a certificate with the root key. Keeps no signer of the root, which signs once in years. */
export function signCertificate(root: SigningKeyState, certificate: CertificateJson): Promise<Envelope> {
  return sealJson(TYPES.certificate, certificate, new NodeSigner(root));
}

/**
 * Returns the purposes whose key must be replaced now. The certificate of such a key expires soon
 * or was issued while the clock was ahead.
 */
export function expiringKeys(state: State, now: Date): SigningPurpose[] {
  return SIGNING_PURPOSES.filter((purpose) => !isWithin(spanOf(state, purpose, RENEWAL_MS), now));
}

/** A period, in milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/**
 * Returns the period in which every present key has a certificate that does not expire within
 * `marginMs`. If the margin is the default, no key must be replaced before the end of this period.
 * If it is 0, every key is certified during this period.
 */
export function certifiedSpan(state: State, marginMs: number = RENEWAL_MS): Span {
  const spans = SIGNING_PURPOSES.map((purpose) => spanOf(state, purpose, marginMs));
  return { from: Math.max(...spans.map(({ from }) => from)), until: Math.min(...spans.map(({ until }) => until)) };
}

export function isWithin({ from, until }: Span, now: Date): boolean {
  return from <= now.getTime() && now.getTime() < until;
}

/**
 * Returns the period in which the certificate of a purpose is valid, without the last `marginMs`.
 * The period is empty if there is no certificate.
 */
function spanOf({ signingKeys, certificates }: State, purpose: SigningPurpose, marginMs: number): Span {
  const certificate = certificates.map(decodeCertificate).find(certifies(purpose, signingKeys[purpose].publicKey));
  if (certificate === undefined) return { from: Number.POSITIVE_INFINITY, until: Number.NEGATIVE_INFINITY };
  // The period for DATA has no beginning, because units never replace that key and do not read its
  // certificate.
  const from = purpose === 'data' ? Number.NEGATIVE_INFINITY : Date.parse(certificate.from);
  return { from, until: Date.parse(certificate.until) - marginMs + 1 };
}

/**
 * Returns the fingerprint of the root key in eight groups of four digits, which an operator
 * compares before pinning.
 */
export function rootFingerprint({ root }: State): string {
  return (fingerprintOf(root.publicKey).match(/.{4}/g) ?? []).join(' ');
}

function sealJson(type: string, payload: object, signer: Signer): Promise<Envelope> {
  return sealEnvelope(type, Buffer.from(JSON.stringify(payload)), signer);
}

/**
 * Whether GET /v1/trust lists a certificate. It lists none for site files: a site file contains the
 * certificate of its key, and older versions of the page refuse a list with an unknown purpose.
 */
function isListed(envelope: Envelope): boolean {
  return decodeCertificate(envelope).purpose !== 'site';
}

function certifies(purpose: SigningPurpose, key: Uint8Array): (certificate: CertificateJson) => boolean {
  const expected = toBase64url(key);
  return ({ purpose: actual, publicKey }) => actual === purpose && publicKey === expected;
}

/** Returns the certificates of the verdict keys, newest first. */
export function verdictCertificates({ signingKeys, earlierVerdictKeys = [], certificates }: State): CertificateJson[] {
  const decoded = certificates.map(decodeCertificate);
  return [signingKeys.verdict, ...earlierVerdictKeys].flatMap(
    ({ publicKey }) => decoded.find(certifies('verdict', publicKey)) ?? [],
  );
}

/**
 * Decodes a certificate of this service. Does not verify the signature, so other certificates must
 * not be passed.
 */
export function decodeCertificate({ payload }: Envelope): CertificateJson {
  return JSON.parse(Buffer.from(fromBase64url(payload)).toString('utf8')) as CertificateJson;
}
