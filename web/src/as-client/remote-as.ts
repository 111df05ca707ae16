// A KeySource for an AS that is a service over HTTPS (docs/protocol.md clause 6). Verifies the
// format and the signatures of each answer before using it. Holds the operator's access code in a
// private field, never in storage.
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
import {
  exportAnswerSchema,
  keysSchema,
  recallAnswerSchema,
  receiptAnswerSchema,
  type SetJson,
  trustSchema,
  type VerdictJson,
  type WhoamiJson,
  whoamiSchema,
} from '#protocol/service/messages.ts';
import type { ExportRequestJson, ReceiptRequestJson } from '#protocol/service/requests.ts';
import { type Envelope, rootFingerprint, type Verify } from '#protocol/signing/envelope.ts';
import { readResponse } from './answer.ts';
import { type Call, call, type Fetch } from './http.ts';
import { PAUSES_MS, type RetryWatch, sendUntilAnswered } from './retry.ts';
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
  /**
   * Returns the address of the service without a slash at the end: `https://as.example`. May first
   * wait until the page knows the address.
   */
  readonly baseUrl: () => string | Promise<string>;
  readonly subtle: SubtleCrypto;
  /** Stores the pinned root key and the newest audit head of the AS at `baseUrl`. */
  readonly trust: TrustStore;
  /** Timeout of each request, up to the last byte of its answer. Default: 15 seconds. */
  readonly deadlineMs?: number;
  /** Pauses before a request is sent again after a network failure (retry.ts). */
  readonly retryPausesMs?: readonly number[];
  /** Called with the time of each answer, in milliseconds since 1970. */
  readonly onTime?: (ms: number) => void;
}

/** Limits for a request whose answer is long or slow. */
/** The audit head in an answer, and its proof if there is one. */
interface ShownLog {
  readonly auditHead: Envelope;
  readonly consistency?: readonly string[] | undefined;
}

export type AskOptions = Partial<Pick<Call, 'deadlineMs' | 'logSize' | 'maxBytes'>>;

/**
 * Format of an access code. Only visible ASCII is permitted, because the code is sent in an HTTP
 * header.
 */
const ACCESS_CODE = /^[!-~]{1,512}$/;

export class RemoteAs implements KeySource {
  readonly #baseUrl: RemoteAsOptions['baseUrl'];
  readonly #fetch: Fetch;
  readonly #store: TrustStore;
  readonly #verify: Verify;
  readonly #deadlineMs: number;
  readonly #retryPausesMs: readonly number[];
  readonly #onTime: RemoteAsOptions['onTime'];
  readonly roots: Roots = {
    isPinned: async () => (await this.#store.read()) !== undefined,
    compare: () => this.#compareRoots(),
    replace: (root) => this.#replaceRoot(root),
  };
  #audit: AuditWatch;
  #accessCode: string | undefined;
  #operator: WhoamiJson | undefined;
  #trust: Trust | undefined;

  constructor({
    fetch,
    baseUrl,
    subtle,
    trust,
    deadlineMs = 15_000,
    retryPausesMs = PAUSES_MS,
    onTime,
  }: RemoteAsOptions) {
    this.#baseUrl = baseUrl;
    this.#fetch = fetch;
    this.#store = trust;
    this.#verify = verifyWith(subtle);
    this.#deadlineMs = deadlineMs;
    this.#retryPausesMs = retryPausesMs;
    this.#onTime = onTime;
    this.#audit = new AuditWatch(trust);
  }

  /** The operator who is signed in; undefined if there is none. */
  get operator(): WhoamiJson | undefined {
    return this.#operator;
  }

  /** The newest verified head of the audit log. The journal records it. */
  get auditHead(): AuditHead | undefined {
    return this.#audit.newest;
  }

  /**
   * Signs in. Verifies the certificates of the service before it sends the access code. Pins the
   * root key if this station has pinned none. After a failure no operator is signed in.
   * @throws ProtocolError (SourceErrorCode)
   */
  async signIn(accessCode: string): Promise<WhoamiJson> {
    this.signOut();
    if (!ACCESS_CODE.test(accessCode)) throw new ProtocolError('access-code-refused', 'the access code is malformed');
    const trust = await this.#loadTrust();
    const floor = await this.auditFloor();
    const answer = await this.#whoami(accessCode, floor);
    const { auditHead, consistency, ...operator } = readResponse(whoamiSchema, answer, 'whoami');
    await this.#pin(trust);
    if (auditHead) await this.acceptHead({ auditHead, consistency }, floor);
    // A service that had a tree when this station last saw it does not lose it.
    else if (floor?.treeRoot) throw new ProtocolError('log-changed', 'no head');
    this.#accessCode = accessCode;
    this.#operator = operator;
    return operator;
  }

  async #whoami(accessCode: string, floor: AuditHead | undefined): Promise<unknown> {
    try {
      return await this.#call('GET', '/v1/whoami', accessCode, undefined, { logSize: floor?.sequence });
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== 'signed-out') throw error;
      throw new ProtocolError('access-code-refused', error.message, { cause: error });
    }
  }

  signOut(): void {
    this.#accessCode = undefined;
    this.#operator = undefined;
  }

  /**
   * Returns the sets and keys that this operator may export.
   * @throws ProtocolError (SourceErrorCode)
   */
  async keys(): Promise<readonly SetJson[]> {
    return readResponse(keysSchema, await this.#authorised('GET', '/v1/keys'), 'keys').sets;
  }

  /** Returns a KeySource for this AS that reports the wait before each retry to `watch`. */
  watched(watch: RetryWatch): KeySource {
    return {
      exportKey: (request) => this.exportKey(request, watch),
      verifyReceipt: (...receipt) => this.verifyReceipt(...receipt, watch),
      recallExport: (idempotencyKey) => this.recallExport(idempotencyKey, watch),
    };
  }

  async exportKey(request: ExportRequest, watch?: RetryWatch): Promise<ExportedKey> {
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
    const answer = readResponse(
      exportAnswerSchema,
      await this.#persistent('/v1/exports', body, floor, watch),
      'export',
    );
    await this.acceptHead(answer, floor);
    return { exportId: answer.exportId, data: fromBase64url(answer.data) };
  }

  async verifyReceipt(
    exportId: string,
    receipt: Uint8Array,
    dataHash: Uint8Array,
    watch?: RetryWatch,
  ): Promise<SignedVerdict> {
    const body: ReceiptRequestJson = { exportId, receipt: toBase64url(receipt) };
    const floor = await this.auditFloor();
    const answer = readResponse(
      receiptAnswerSchema,
      await this.#persistent('/v1/receipts', body, floor, watch),
      'receipt',
    );
    const verdict = await (await this.#trustIn(answer.verdict, 'verdict')).openVerdict(answer.verdict);
    requireVerdictOn(verdict, { ...body, dataHash: toBase64url(dataHash) });
    await this.acceptHead(answer, floor);
    return { time: verdict.time, envelope: JSON.stringify(answer.verdict) };
  }

  async recallExport(idempotencyKey: string, watch?: RetryWatch): Promise<RecalledExport | undefined> {
    const floor = await this.auditFloor();
    try {
      const answer = await this.#persistent('/v1/exports:recall', { idempotencyKey }, floor, watch);
      const recalled = readResponse(recallAnswerSchema, answer, 'recall');
      const { exportId, header, dataHash } = recalled;
      await this.acceptHead(recalled, floor);
      return { exportId, header: fromBase64url(header), dataHash: fromBase64url(dataHash) };
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'export-unknown') return undefined;
      throw error;
    }
  }

  /**
   * Sends a request to a path for which this class has no method. Returns the JSON value of the
   * answer, not validated.
   * @throws ProtocolError (SourceErrorCode)
   */
  ask(method: 'GET' | 'POST', path: string, body?: object, more: AskOptions = {}): Promise<unknown> {
    return this.#authorised(method, path, body, more);
  }

  /**
   * Verifies an envelope with the keys of this AS that are certified for `purpose`. Returns the
   * JSON value in the envelope.
   * @throws ProtocolError service-changed, service-nonsense
   */
  async open(envelope: Envelope, type: string, purpose: Purpose): Promise<unknown> {
    return await (await this.#trustIn(envelope, purpose)).open(envelope, type, purpose);
  }

  /**
   * Returns the newest audit head so far. The caller reads it before a request and passes it to
   * acceptHead() with the head in the answer.
   */
  auditFloor(): Promise<AuditHead | undefined> {
    return this.#audit.floor();
  }

  /**
   * Verifies the audit head in an answer, and that its log begins with that of `floor`. Stores it.
   * @throws ProtocolError log-changed, service-changed, service-nonsense
   */
  async acceptHead({ auditHead, consistency }: ShownLog, floor: AuditHead | undefined): Promise<void> {
    const head = await (await this.#trustIn(auditHead, 'audit-head')).openAuditHead(auditHead);
    await this.#audit.accept(head, floor, consistency);
  }

  /**
   * Returns the certificates of the AS. Loads them again if none of them is for the key that signed
   * the envelope, because the AS may have introduced that key since the sign-in (docs/protocol.md
   * clause 9).
   */
  async #trustIn(envelope: Envelope, purpose: Purpose): Promise<Trust> {
    if (this.#trust?.knows(envelope, purpose)) return this.#trust;
    return await this.#loadTrust();
  }

  async #compareRoots(): Promise<RootComparison> {
    const [{ root }, pinned] = [await this.#fetchTrust(), await this.#store.read()];
    return {
      pinned: pinned && { fingerprint: fingerprint(pinned.root), at: pinned.pinnedAt },
      shown: { fingerprint: fingerprint(root), root },
    };
  }

  async #replaceRoot(root: string): Promise<void> {
    requireRoot((await this.#fetchTrust()).root, root);
    await this.#store.replace(root);
    this.#audit = new AuditWatch(this.#store);
  }

  async #fetchTrust(): Promise<Trust> {
    return await Trust.from(
      readResponse(trustSchema, await this.#call('GET', '/v1/trust', undefined), 'trust'),
      this.#verify,
    );
  }

  /** @throws ProtocolError service-changed if the root is not the pinned one */
  async #loadTrust(): Promise<Trust> {
    const trust = await this.#fetchTrust();
    const pinned = await this.#store.read();
    requireRoot(trust.root, pinned?.root ?? trust.root);
    this.#trust = trust;
    return trust;
  }

  async #pin(trust: Trust): Promise<void> {
    requireRoot(trust.root, await this.#store.pin(trust.root));
  }

  /**
   * Sends a POST, and sends it again after a network failure. Sending it twice is safe, because the
   * AS makes only one export per idempotency key and one verdict per receipt.
   */
  #persistent(path: string, body: object, floor: AuditHead | undefined, watch?: RetryWatch): Promise<unknown> {
    const send = () => this.#authorised('POST', path, body, { logSize: floor?.sequence });
    return sendUntilAnswered(send, this.#retryPausesMs, watch);
  }

  async #authorised(method: 'GET' | 'POST', path: string, body?: object, more: AskOptions = {}): Promise<unknown> {
    const accessCode = this.#accessCode;
    if (accessCode === undefined) throw new ProtocolError('not-signed-in', 'no operator is signed in');
    try {
      return await this.#call(method, path, accessCode, body, more);
    } catch (error) {
      // Signs out, unless the operator has signed in with another access code meanwhile.
      if (error instanceof ProtocolError && error.code === 'signed-out' && this.#accessCode === accessCode)
        this.signOut();
      throw error;
    }
  }

  async #call(
    method: 'GET' | 'POST',
    path: string,
    accessCode: string | undefined,
    body?: object,
    more: AskOptions = {},
  ): Promise<unknown> {
    return await call(this.#fetch, {
      method,
      url: (await this.#baseUrl()) + path,
      deadlineMs: this.#deadlineMs,
      onTime: this.#onTime,
      ...more,
      ...(accessCode === undefined ? {} : { accessCode }),
      ...(body === undefined ? {} : { body }),
    });
  }
}

const fingerprint = (root: string): string => rootFingerprint(fromBase64url(root));

function requireRoot(shown: string, pinned: string): void {
  if (shown !== pinned)
    throw new ProtocolError('service-changed', `the root key is ${shown}, but this station trusts ${pinned}`);
}

/** @throws ProtocolError service-nonsense if the verdict is on another export */
function requireVerdictOn(
  verdict: VerdictJson,
  request: { exportId: string; receipt: string; dataHash: string },
): void {
  for (const field of ['exportId', 'receipt', 'dataHash'] as const) {
    if (verdict[field] !== request[field]) {
      throw new ProtocolError('service-nonsense', `the verdict names another ${field}: ${verdict[field]}`);
    }
  }
}
