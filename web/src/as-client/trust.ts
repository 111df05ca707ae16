// What this station believes of an AS, and on whose word (docs/protocol.md clause 9): the root key pinned at the first sign-in, the
// signing keys that it certified, and the audit log's heads, which only go forward. Knows neither HTTP nor IndexedDB.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import type { AuditHeadJson, CertificateJson, TrustJson, VerdictJson } from '#protocol/service/messages.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '#protocol/signing/envelope.ts';
import { decodeAuditHead, decodeCertificate, decodeVerdict } from './decode.ts';

/** A head of the audit log whose signature was verified. */
export interface AuditHead extends AuditHeadJson {
  /** JSON text of its envelope, kept as it came, for auditors. */
  readonly envelope: string;
}

export interface PinnedTrust {
  /** The root's public key: base64url, 32 bytes. */
  readonly root: string;
  /** ISO 8601, UTC. */
  readonly pinnedAt: string;
  /** The newest head that any page of this station has seen. */
  readonly head?: AuditHead;
}

/** Where it is kept, for one AS. */
export interface TrustStore {
  read(): Promise<PinnedTrust | undefined>;
  /** Keeps the root where none is kept yet; resolves with the one that is kept now. */
  pin(root: string): Promise<string>;
  /** Keeps the head unless a newer one is kept. */
  advance(head: AuditHead): Promise<void>;
  /** Keeps this root instead, and no head. */
  replace(root: string): Promise<void>;
}

/** Fingerprints are key ids: 16 hex digits, as the service's own terminal shows them. */
export interface RootComparison {
  readonly pinned: { readonly fingerprint: string; readonly at: string } | undefined;
  readonly shown: { readonly fingerprint: string; readonly root: string };
}

/** For the day on which an AS is set up anew. */
export interface Roots {
  /** What this station pinned beside what the service shows now. @throws ProtocolError (SourceErrorCode) */
  compare(): Promise<RootComparison>;
  /** Trusts this root from now on, and only this one. @throws ProtocolError service-changed when the service shows another by now */
  replace(root: string): Promise<void>;
}

export type Purpose = CertificateJson['purpose'];

const CERTIFICATE_TYPE = 'application/vnd.keyferry.certificate+json';
export const VERDICT_TYPE = 'application/vnd.keyferry.verdict+json';
const AUDIT_HEAD_TYPE = 'application/vnd.keyferry.audit-head+json';

/** The keys that one root certified, each verified; made anew from each GET /v1/trust. */
export class Trust {
  readonly root: string;
  readonly #certificates: readonly CertificateJson[];
  readonly #verify: Verify;

  private constructor(root: string, certificates: readonly CertificateJson[], verify: Verify) {
    this.root = root;
    this.#certificates = certificates;
    this.#verify = verify;
  }

  /** @throws ProtocolError service-changed when a certificate is not the root's word, service-nonsense */
  static async from(trust: TrustJson, verify: Verify): Promise<Trust> {
    const root = fromBase64url(trust.root);
    const certificates: CertificateJson[] = [];
    for (const envelope of trust.certificates) {
      const payload = await openSigned(envelope, CERTIFICATE_TYPE, root, verify);
      certificates.push(decodeCertificate(payload));
    }
    return new Trust(trust.root, certificates, verify);
  }

  /** True iff a key for this purpose with the envelope's key id is certified, at whatever time. */
  knows(envelope: Envelope, purpose: Purpose): boolean {
    return this.#certified(envelope, purpose) !== undefined;
  }

  /** @throws ProtocolError service-changed, service-nonsense */
  async openVerdict(envelope: Envelope): Promise<VerdictJson> {
    const { payload, certificate } = await this.#open(envelope, VERDICT_TYPE, 'verdict');
    const verdict = decodeVerdict(payload);
    requireTime(verdict.time, certificate);
    return verdict;
  }

  /** @throws ProtocolError service-changed, service-nonsense */
  async openAuditHead(envelope: Envelope): Promise<AuditHead> {
    const { payload, certificate } = await this.#open(envelope, AUDIT_HEAD_TYPE, 'audit-head');
    const head = decodeAuditHead(payload);
    requireTime(head.time, certificate);
    return { ...head, envelope: JSON.stringify(envelope) };
  }

  /** What a key for that purpose signed, at whatever time. @throws ProtocolError service-changed, service-nonsense */
  async open(envelope: Envelope, type: string, purpose: Purpose): Promise<unknown> {
    return (await this.#open(envelope, type, purpose)).payload;
  }

  async #open(envelope: Envelope, type: string, purpose: Purpose) {
    const certificate = this.#certified(envelope, purpose);
    if (certificate === undefined) {
      throw new ProtocolError(
        'service-changed',
        `no ${purpose} key ${envelope.signatures[0].keyid} is certified by the root`,
      );
    }
    const payload = await openSigned(envelope, type, fromBase64url(certificate.publicKey), this.#verify);
    return { payload, certificate };
  }

  #certified(envelope: Envelope, purpose: Purpose): CertificateJson | undefined {
    const { keyid } = envelope.signatures[0];
    return this.#certificates.find(
      (certificate) => certificate.purpose === purpose && keyId(fromBase64url(certificate.publicKey)) === keyid,
    );
  }
}

/** Clause 9: a signature counts by the time of signing. */
function requireTime(signedAt: string, { purpose, from, until }: CertificateJson): void {
  const at = Date.parse(signedAt);
  if (at < Date.parse(from) || at > Date.parse(until)) {
    throw new ProtocolError('service-changed', `the ${purpose} key was not certified at ${signedAt}`);
  }
}

/** The JSON value of a payload, its signature verified. */
async function openSigned(envelope: Envelope, type: string, publicKey: Uint8Array, verify: Verify): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await openEnvelope(envelope, type, publicKey, verify)));
  } catch (cause) {
    if (cause instanceof IntegrityError) {
      throw new ProtocolError('service-changed', `a signature of the service is not right: ${type}`, { cause });
    }
    if (cause instanceof SyntaxError) throw new ProtocolError('service-nonsense', `${type} is not JSON`, { cause });
    throw cause;
  }
}

/**
 * Holds the audit log to going forward (clause 6): an answer's head is at least as new as the newest one known when it was asked
 * for (answers may overtake each other), and no two heads of one number differ.
 */
export class AuditWatch {
  readonly #store: TrustStore;
  /** Hashes by number, of the newest heads that this page saw. */
  readonly #seen = new Map<number, string>();
  #newest: AuditHead | undefined;

  constructor(store: TrustStore) {
    this.#store = store;
  }

  get newest(): AuditHead | undefined {
    return this.#newest;
  }

  /** The newest head that is known now, to be handed to accept() with the answer. */
  async floor(): Promise<AuditHead | undefined> {
    const kept = (await this.#store.read())?.head;
    return newer(kept, this.#newest);
  }

  /** @throws ProtocolError service-changed */
  async accept(head: AuditHead, floor: AuditHead | undefined): Promise<void> {
    if (floor !== undefined && head.sequence < floor.sequence) {
      throw new ProtocolError('service-changed', `the audit log went back from ${floor.sequence} to ${head.sequence}`);
    }
    const known = floor?.sequence === head.sequence ? floor.hash : this.#seen.get(head.sequence);
    if (known !== undefined && known !== head.hash) {
      throw new ProtocolError('service-changed', `entry ${head.sequence} of the audit log is another one now`);
    }
    this.#seen.set(head.sequence, head.hash);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    this.#newest = newer(head, this.#newest);
    await this.#store.advance(head);
  }
}

const MAX_SEEN = 256;

function newer(a: AuditHead | undefined, b: AuditHead | undefined): AuditHead | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.sequence > b.sequence ? a : b;
}
