// Verifies the signatures of one AS for RemoteAs (docs/protocol.md clause 9). The root key signs
// the certificates of the signing keys. The signing keys sign verdicts, audit heads and documents.
// Also verifies that the heads of the audit log only advance.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError, ProtocolError } from '#protocol/errors.ts';
import { isConsistent, type TreeHead } from '#protocol/log/verify-consistency.ts';
import {
  AUDIT_HEAD_TYPE,
  type AuditHeadJson,
  auditHeadSchema,
  CERTIFICATE_TYPE,
  type CertificateJson,
  certificateSchema,
  type TrustJson,
  VERDICT_TYPE,
  type VerdictJson,
  verdictSchema,
} from '#protocol/service/messages.ts';
import { type Envelope, keyId, openEnvelope, type Verify } from '#protocol/signing/envelope.ts';
import { readAnswer } from './answer.ts';

/** A head of the audit log whose signature was verified. */
export interface AuditHead extends AuditHeadJson {
  /**
   * JSON text of the head's signed envelope, unchanged, so that auditors can verify the signature.
   */
  readonly envelope: string;
}

export interface PinnedTrust {
  /** The public root key: 32 bytes in base64url. */
  readonly root: string;
  /** ISO 8601, UTC. */
  readonly pinnedAt: string;
  /** The newest verified head that any page of this station has received. */
  readonly head?: AuditHead;
}

/** Stores the pinned root key and the newest audit head of one AS. */
export interface TrustStore {
  read(): Promise<PinnedTrust | undefined>;
  /** Stores the root key if none is stored. Resolves to the root key that is stored afterwards. */
  pin(root: string): Promise<string>;
  /** Stores the head unless a newer one is stored. */
  advance(head: AuditHead): Promise<void>;
  /** Replaces the root and deletes the head. */
  replace(root: string): Promise<void>;
}

/**
 * The pinned root key and the root key that the service presents. A fingerprint has 32 hex digits,
 * as the service prints it on its terminal.
 */
export interface RootComparison {
  readonly pinned: { readonly fingerprint: string; readonly at: string } | undefined;
  readonly shown: { readonly fingerprint: string; readonly root: string };
}

/**
 * Compares and pins root keys. Used on first contact with an AS, and after an AS was set up again
 * with another root key.
 */
export interface Roots {
  isPinned(): Promise<boolean>;
  /** Compares the pinned root with that of the service. @throws ProtocolError (SourceErrorCode) */
  compare(): Promise<RootComparison>;
  /**
   * Pins this root key in place of the earlier one.
   * @throws ProtocolError service-changed if the service presents another root key
   */
  replace(root: string): Promise<void>;
}

export type Purpose = CertificateJson['purpose'];

/** The signing keys that a root key certified, from one answer to GET /v1/trust. */
export class Trust {
  readonly root: string;
  readonly #certificates: readonly CertificateJson[];
  readonly #verify: Verify;

  private constructor(root: string, certificates: readonly CertificateJson[], verify: Verify) {
    this.root = root;
    this.#certificates = certificates;
    this.#verify = verify;
  }

  /**
   * Verifies the certificates.
   * @throws ProtocolError service-changed if a certificate is not signed by the root key,
   *   service-nonsense
   */
  static async from(trust: TrustJson, verify: Verify): Promise<Trust> {
    const root = fromBase64url(trust.root);
    const certificates: CertificateJson[] = [];
    for (const envelope of trust.certificates) {
      const payload = await openSigned(envelope, CERTIFICATE_TYPE, root, verify);
      certificates.push(readAnswer(certificateSchema, payload, 'certificate'));
    }
    return new Trust(trust.root, certificates, verify);
  }

  /**
   * True iff the root key certified the key that signed the envelope, for this purpose. Does not
   * check the period of the certificate.
   */
  knows(envelope: Envelope, purpose: Purpose): boolean {
    return this.#certified(envelope, purpose) !== undefined;
  }

  /** @throws ProtocolError service-changed, service-nonsense */
  async openVerdict(envelope: Envelope): Promise<VerdictJson> {
    const { payload, certificate } = await this.#open(envelope, VERDICT_TYPE, 'verdict');
    const verdict = readAnswer(verdictSchema, payload, 'verdict');
    requireTime(verdict.time, certificate);
    return verdict;
  }

  /** @throws ProtocolError service-changed, service-nonsense */
  async openAuditHead(envelope: Envelope): Promise<AuditHead> {
    const { payload, certificate } = await this.#open(envelope, AUDIT_HEAD_TYPE, 'audit-head');
    const head = readAnswer(auditHeadSchema, payload, 'auditHead');
    requireTime(head.time, certificate);
    return { ...head, envelope: JSON.stringify(envelope) };
  }

  /**
   * Verifies an envelope with the keys that are certified for `purpose`. Returns the JSON value in
   * the envelope. Does not check the period of the certificate.
   * @throws ProtocolError service-changed, service-nonsense
   */
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

/** Requires that the key was certified at the time of signing (docs/protocol.md clause 9). */
function requireTime(signedAt: string, { purpose, from, until }: CertificateJson): void {
  const at = Date.parse(signedAt);
  if (at < Date.parse(from) || at > Date.parse(until)) {
    throw new ProtocolError('service-changed', `the ${purpose} key was not certified at ${signedAt}`);
  }
}

/**
 * Verifies the signature and returns the JSON value of the payload.
 * @throws ProtocolError service-changed, service-nonsense
 */
async function openSigned(envelope: Envelope, type: string, publicKey: Uint8Array, verify: Verify): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await openEnvelope(envelope, type, publicKey, verify)));
  } catch (cause) {
    if (cause instanceof IntegrityError) {
      throw new ProtocolError('service-changed', `a signature of the service is wrong: ${type}`, { cause });
    }
    if (cause instanceof SyntaxError) throw new ProtocolError('service-nonsense', `${type} is not JSON`, { cause });
    throw cause;
  }
}

/**
 * Detects an audit log that was rewritten, forked or truncated (docs/protocol.md clause 6). The head in an
 * answer must not be older than the newest head that the page had before the request. It may be
 * older than the head in an earlier answer, because answers may overtake each other. Two heads with
 * the same sequence number must be equal.
 */
export class AuditWatch {
  readonly #store: TrustStore;
  /** Hashes of the last MAX_SEEN heads, by sequence number. */
  readonly #seen = new Map<number, string>();
  #newest: AuditHead | undefined;

  constructor(store: TrustStore) {
    this.#store = store;
  }

  get newest(): AuditHead | undefined {
    return this.#newest;
  }

  /** Returns the newest head. The caller reads it before a request and passes it to accept(). */
  async floor(): Promise<AuditHead | undefined> {
    const stored = (await this.#store.read())?.head;
    return newer(stored, this.#newest);
  }

  /**
   * Accepts a head whose log begins with the entries of `floor`. `consistency` is the proof.
   * @throws ProtocolError log-changed
   */
  async accept(head: AuditHead, floor: AuditHead | undefined, consistency: readonly string[] = []): Promise<void> {
    const known = floor?.sequence === head.sequence ? floor.hash : this.#seen.get(head.sequence);
    if (
      (floor && head.sequence < floor.sequence) ||
      // Services up to version 0.1.0 have no tree. Once a station has seen one, it requires the proof.
      (floor?.treeRoot && !isConsistent(treeOf(floor), treeOf(head), consistency.map(fromBase64url))) ||
      (known && known !== head.hash)
    ) {
      throw new ProtocolError('log-changed', `head ${head.sequence} does not continue head ${floor?.sequence ?? '–'}`);
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

function treeOf({ sequence, treeRoot = '' }: AuditHead): TreeHead {
  return { size: sequence, root: fromBase64url(treeRoot) };
}

function newer(a: AuditHead | undefined, b: AuditHead | undefined): AuditHead | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.sequence > b.sequence ? a : b;
}
