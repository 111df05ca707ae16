// Implements KeySource with an AS that is a service, over HTTPS (docs/protocol.md clause 6).
// Stores the access code of the operator only in a private field. Verifies the shape and the
// signatures of each answer before it returns a value of that answer.
import { toHex } from '#protocol/bytes/hex.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type {
  ExportedKey,
  ExportRequest,
  KeySource,
  RecalledExport,
  SignedVerdict,
} from '#protocol/provisioning/key-source.ts';
import type {
  ExportRequestJson,
  ReceiptRequestJson,
  SetJson,
  VerdictJson,
  WhoamiJson,
} from '#protocol/service/messages.ts';
import { type Envelope, keyId, type Verify } from '#protocol/signing/envelope.ts';
import {
  decodeExportAnswer,
  decodeKeys,
  decodeRecallAnswer,
  decodeReceiptAnswer,
  decodeTrust,
  decodeWhoami,
} from './decode.ts';
import { type Call, call, type Fetch } from './http.ts';
import {
  type AuditHead,
  AuditWatch,
  type Purpose,
  type RootComparison,
  type Roots,
  Trust,
  type TrustStore,
} from './trust.ts';
import { verifyWith } from './web-crypto.ts';

export interface RemoteAsOptions {
  readonly fetch: Fetch;
  /** Address of the service without a slash at its end: `https://as.example`. */
  readonly baseUrl: string;
  readonly subtle: SubtleCrypto;
  /** The trust store of the AS at `baseUrl`. */
  readonly trust: TrustStore;
  /** Time limit of each request, from sending it to the last byte of its answer. */
  readonly deadlineMs?: number;
  /** Pauses in milliseconds before each retry of a request after a network failure. */
  readonly retryPausesMs?: readonly number[];
}

/** Limits for a request whose answer is longer or slower than usual. */
export type AskOptions = Partial<Pick<Call, 'deadlineMs' | 'mostBytes'>>;

/** Syntax of an access code: visible ASCII, which fits into a header. */
const TOKEN = /^[!-~]{1,512}$/;

export class RemoteAs implements KeySource {
  readonly baseUrl: string;
  readonly #fetch: Fetch;
  readonly #store: TrustStore;
  readonly #verify: Verify;
  readonly #deadlineMs: number;
  readonly #retryPausesMs: readonly number[];
  readonly roots: Roots = {
    compare: () => this.#compareRoots(),
    replace: (root) => this.#replaceRoot(root),
  };
  #audit: AuditWatch;
  #token: string | undefined;
  #operator: WhoamiJson | undefined;
  #trust: Trust | undefined;

  constructor({ fetch, baseUrl, subtle, trust, deadlineMs = 15_000, retryPausesMs = [250, 1000] }: RemoteAsOptions) {
    this.baseUrl = baseUrl;
    this.#fetch = fetch;
    this.#store = trust;
    this.#verify = verifyWith(subtle);
    this.#deadlineMs = deadlineMs;
    this.#retryPausesMs = retryPausesMs;
    this.#audit = new AuditWatch(trust);
  }

  /** The operator who is signed in, or undefined. */
  get operator(): WhoamiJson | undefined {
    return this.#operator;
  }

  /** The newest signed head of the audit log, for the journal. */
  get auditHead(): AuditHead | undefined {
    return this.#audit.newest;
  }

  /**
   * Verifies the root key and the certificates of the service before it sends the access code. Pins
   * the root key if this station has none yet.
   * @throws ProtocolError (SourceErrorCode). After an error no operator is signed in.
   */
  async signIn(token: string): Promise<WhoamiJson> {
    this.signOut();
    if (!TOKEN.test(token)) throw new ProtocolError('signed-out', 'what was typed cannot be a token');
    const trust = await this.#loadTrust();
    const operator = decodeWhoami(await this.#call('GET', '/v1/whoami', token));
    await this.#pin(trust);
    this.#token = token;
    this.#operator = operator;
    return operator;
  }

  signOut(): void {
    this.#token = undefined;
    this.#operator = undefined;
  }

  /** The sets and keys that this operator may export. @throws ProtocolError (SourceErrorCode) */
  async keys(): Promise<readonly SetJson[]> {
    return decodeKeys(await this.#authorised('GET', '/v1/keys')).sets;
  }

  async exportKey(request: ExportRequest): Promise<ExportedKey> {
    const body: ExportRequestJson = {
      set: request.set,
      tkv: request.tkv,
      suite: request.suite,
      sign: request.sign,
      random: toBase64url(request.random),
      ref1: request.ref1,
      ref2: request.ref2,
      sn: toHex(request.sn),
      challengeMac: toBase64url(request.challengeMac),
      idempotencyKey: request.idempotencyKey,
      ...(request.workOrder === undefined ? {} : { workOrder: request.workOrder }),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
    };
    const floor = await this.auditFloor();
    const answer = decodeExportAnswer(await this.#persistent('/v1/exports', body));
    await this.acceptHead(answer.auditHead, floor);
    return { exportId: answer.exportId, data: answer.data };
  }

  async verifyReceipt(exportId: string, receipt: Uint8Array, dataHash: Uint8Array): Promise<SignedVerdict> {
    const body: ReceiptRequestJson = { exportId, receipt: toBase64url(receipt) };
    const floor = await this.auditFloor();
    const answer = decodeReceiptAnswer(await this.#persistent('/v1/receipts', body));
    const verdict = await (await this.#trustIn(answer.verdict, 'verdict')).openVerdict(answer.verdict);
    requireVerdictOn(verdict, { ...body, dataHash: toBase64url(dataHash) });
    await this.acceptHead(answer.auditHead, floor);
    return { time: verdict.time, envelope: JSON.stringify(answer.verdict) };
  }

  async recallExport(idempotencyKey: string): Promise<RecalledExport | undefined> {
    const floor = await this.auditFloor();
    try {
      const answer = decodeRecallAnswer(await this.#persistent('/v1/exports:recall', { idempotencyKey }));
      await this.acceptHead(answer.auditHead, floor);
      return { exportId: answer.exportId, header: answer.header, dataHash: answer.dataHash };
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'export-unknown') return undefined;
      throw error;
    }
  }

  /**
   * Sends a request as the operator who is signed in. Returns the JSON value, not validated yet.
   * @throws ProtocolError (SourceErrorCode)
   */
  ask(method: 'GET' | 'POST', path: string, body?: object, more: AskOptions = {}): Promise<unknown> {
    return this.#authorised(method, path, body, more);
  }

  /**
   * Verifies the signature of the envelope for `purpose`. Returns the signed JSON value.
   * @throws ProtocolError service-changed, service-nonsense
   */
  async open(envelope: Envelope, type: string, purpose: Purpose): Promise<unknown> {
    return await (await this.#trustIn(envelope, purpose)).open(envelope, type, purpose);
  }

  /**
   * Returns the newest verified head. Pass it to acceptHead() with the answer to the next request.
   */
  auditFloor(): Promise<AuditHead | undefined> {
    return this.#audit.floor();
  }

  /**
   * @throws ProtocolError service-changed if the log was rewritten or truncated, service-nonsense
   */
  async acceptHead(envelope: Envelope, floor: AuditHead | undefined): Promise<void> {
    const head = await (await this.#trustIn(envelope, 'audit-head')).openAuditHead(envelope);
    await this.#audit.accept(head, floor);
  }

  /** Loads the certificates again if the key of the envelope is newer than they are (clause 9). */
  async #trustIn(envelope: Envelope, purpose: Purpose): Promise<Trust> {
    if (this.#trust?.knows(envelope, purpose)) return this.#trust;
    return await this.#loadTrust();
  }

  async #compareRoots(): Promise<RootComparison> {
    const [{ root }, pinned] = [await this.#askTrust(), await this.#store.read()];
    return {
      pinned: pinned && { fingerprint: fingerprint(pinned.root), at: pinned.pinnedAt },
      shown: { fingerprint: fingerprint(root), root },
    };
  }

  async #replaceRoot(root: string): Promise<void> {
    requireRoot((await this.#askTrust()).root, root);
    await this.#store.replace(root);
    this.#audit = new AuditWatch(this.#store);
  }

  async #askTrust(): Promise<Trust> {
    return await Trust.from(decodeTrust(await this.#call('GET', '/v1/trust', undefined)), this.#verify);
  }

  /** @throws ProtocolError service-changed if the root key is not the pinned one */
  async #loadTrust(): Promise<Trust> {
    const trust = await this.#askTrust();
    const pinned = await this.#store.read();
    requireRoot(trust.root, pinned?.root ?? trust.root);
    this.#trust = trust;
    return trust;
  }

  async #pin(trust: Trust): Promise<void> {
    requireRoot(trust.root, await this.#store.pin(trust.root));
  }

  /**
   * Sends a POST and retries it unchanged after a network failure. A retry is safe: one idempotency
   * key has one export, and one receipt has one verdict.
   */
  async #persistent(path: string, body: object): Promise<unknown> {
    for (const pauseMs of this.#retryPausesMs) {
      try {
        return await this.#authorised('POST', path, body);
      } catch (error) {
        if (!isNetworkFailure(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
    return await this.#authorised('POST', path, body);
  }

  async #authorised(method: 'GET' | 'POST', path: string, body?: object, more: AskOptions = {}): Promise<unknown> {
    const token = this.#token;
    if (token === undefined) throw new ProtocolError('not-signed-in', 'nobody is signed in');
    try {
      return await this.#call(method, path, token, body, more);
    } catch (error) {
      // Another operator may have signed in meanwhile: only the refused access code is dropped.
      if (error instanceof ProtocolError && error.code === 'signed-out' && this.#token === token) this.signOut();
      throw error;
    }
  }

  #call(
    method: 'GET' | 'POST',
    path: string,
    token: string | undefined,
    body?: object,
    more: AskOptions = {},
  ): Promise<unknown> {
    return call(this.#fetch, {
      method,
      url: this.baseUrl + path,
      deadlineMs: this.#deadlineMs,
      ...more,
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    });
  }
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof ProtocolError && (error.code === 'service-unreachable' || error.code === 'service-timeout');
}

const fingerprint = (root: string): string => keyId(fromBase64url(root));

function requireRoot(shown: string, pinned: string): void {
  if (shown !== pinned)
    throw new ProtocolError('service-changed', `its root key is ${shown}, this station trusts ${pinned}`);
}

/** @throws ProtocolError service-nonsense if the verdict is on another export, receipt or DATA */
function requireVerdictOn(verdict: VerdictJson, asked: { exportId: string; receipt: string; dataHash: string }): void {
  for (const field of ['exportId', 'receipt', 'dataHash'] as const) {
    if (verdict[field] !== asked[field]) {
      throw new ProtocolError('service-nonsense', `the verdict names another ${field}: ${verdict[field]}`);
    }
  }
}
