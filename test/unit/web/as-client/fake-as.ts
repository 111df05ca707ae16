// A service in memory that signs like an AS. A test can replace its responses. Also a trust store
// in memory.
import { copy } from '#protocol/bytes/bytes.ts';
import { ascii, toBase64url } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { LogTree } from '#protocol/log/tree.ts';
import { type AuditHeadJson, type CertificateJson, LOG_SIZE, type VerdictJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE, type ProblemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { type Envelope, type Signer, sealEnvelope } from '#protocol/signing/envelope.ts';
import type { AuditHead, PinnedTrust, TrustStore } from '#web/as-client/trust.ts';

export const ACCESS_CODE = 'kf_anAccessCode';
export const BASE_URL = 'https://as.example';

export function signerOf(seed: string): Signer {
  const secretKey = sha256(ascii(seed));
  return { publicKey: ed25519PublicKey(secretKey), sign: (message) => signEd25519(secretKey, message) };
}

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function sealJson(kind: string, value: unknown, signer: Signer): Promise<Envelope> {
  return sealEnvelope(`application/vnd.keyferry.${kind}+json`, json(value), signer);
}

export function jsonAnswer(value: unknown, status = 200, type = 'application/json'): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': type } });
}

export function problem(code: ProblemCode, detail = 'detail of the service'): Response {
  const { status, title } = PROBLEMS[code];
  return jsonAnswer(
    { type: PROBLEM_BASE + code, title, status, detail },
    status,
    'application/problem+json; charset=utf-8',
  );
}

export interface RecordedRequest {
  /** The path without the query. */
  readonly path: string;
  /** The path with the query. */
  readonly target: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly init: RequestInit;
}

type Answer = (request: RecordedRequest) => Response | Promise<Response>;

export class FakeAs {
  readonly requests: RecordedRequest[] = [];
  /** Functions that replace the normal response, by path. */
  readonly instead: Partial<Record<string, Answer>> = {};
  root = signerOf('root');
  verdictKey = signerOf('verdict');
  headKey = signerOf('head');
  sequence = 0;
  /** The tree of the log; undefined for a service of version 0.1.0, which has none. */
  log: LogTree | undefined;
  /** The size of the log that the last request named. */
  seen: number | undefined;
  data = Uint8Array.from({ length: 226 }, (_, index) => index);

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const target = url.slice(BASE_URL.length);
    const path = target.split('?', 1)[0] ?? '';
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const headers = init.headers as Record<string, string>;
    const request = { path, target, method: init.method ?? 'GET', headers, body, init };
    this.requests.push(request);
    return await (this.instead[path] ?? ((each) => this.answer(each)))(request);
  };

  asked(path: string): RecordedRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  async answer(request: RecordedRequest): Promise<Response> {
    if (request.path === '/v1/trust') return jsonAnswer(await this.trust());
    if (request.headers.authorization !== `Bearer ${ACCESS_CODE}`) return problem('signed-out');
    const seen = request.headers[LOG_SIZE];
    this.seen = seen === undefined ? undefined : Number(seen);
    if (request.path === '/v1/whoami') {
      return jsonAnswer(this.log === undefined ? WHOAMI : { ...WHOAMI, ...(await this.signedLog()) });
    }
    if (request.path === '/v1/keys') return jsonAnswer(KEYS);
    if (request.path === '/v1/exports') return jsonAnswer(await this.exportAnswer());
    if (request.path === '/v1/receipts') return jsonAnswer(await this.receiptAnswer(request.body as object));
    return problem('request-refused');
  }

  async exportAnswer(): Promise<object> {
    return { exportId: 'export-1', data: toBase64url(this.data), ...(await this.signedLog(1)) };
  }

  async receiptAnswer(body: object, other: Partial<VerdictJson> = {}): Promise<object> {
    return { verdict: await this.verdict({ ...body, ...other }), ...(await this.signedLog(1)) };
  }

  /** Adds entries to the log. Returns the signed head with the consistency proof. */
  async signedLog(added = 0): Promise<object> {
    const { log, seen } = this;
    if (log === undefined) return { auditHead: await this.head() };
    for (let i = 0; i < added; i++) log.append(sha256(ascii(`entry ${log.size}`)));
    const { size } = log;
    const auditHead = await this.head({ sequence: size, treeRoot: toBase64url(log.rootOf(size)) });
    const proof = seen === undefined || seen > size ? undefined : log.consistencyProof(seen, size).map(toBase64url);
    return proof === undefined ? { auditHead } : { auditHead, consistency: proof };
  }

  async trust(): Promise<object> {
    const certificates = await Promise.all([
      this.certificate({ purpose: 'verdict', publicKey: toBase64url(this.verdictKey.publicKey) }),
      this.certificate({ purpose: 'audit-head', publicKey: toBase64url(this.headKey.publicKey) }),
    ]);
    return { root: toBase64url(this.root.publicKey), certificates };
  }

  certificate(fields: Partial<CertificateJson>): Promise<Envelope> {
    const from = '2020-01-01T00:00:00Z';
    return sealJson('certificate', { asNumber: 0, from, until: '2040-01-01T00:00:00Z', ...fields }, this.root);
  }

  verdict(fields: Partial<VerdictJson>): Promise<Envelope> {
    const dataHash = toBase64url(sha256(this.data));
    const time = '2026-01-02T03:04:05Z';
    return sealJson('verdict', { workOrder: null, operator: 'Ada', dataHash, time, ...fields }, this.verdictKey);
  }

  /** Returns the signed audit head after one more entry. `fields` replaces its members. */
  head(fields: Partial<AuditHeadJson> = {}): Promise<Envelope> {
    const sequence = fields.sequence ?? ++this.sequence;
    const hash = toBase64url(sha256(ascii(`entry ${sequence}`)));
    return sealJson('audit-head', { sequence, hash, time: '2026-01-02T03:04:05Z', ...fields }, this.headKey);
  }
}

export const WHOAMI = {
  operator: 'Ada',
  role: 'operator',
  expires: '2026-01-02T11:04:05.123Z',
  service: { name: 'Test AS', asNumber: 0, demo: false },
};

export const KEYS = {
  sets: [
    {
      set: 0xba7c,
      name: 'Pilot',
      profile: 'diversified',
      demo: false,
      transportKeys: [{ tkv: 1, suites: [1, 2] }],
      keys: [{ ref1: 7, label: 'Meter key', attributes: 'D0AB00E', akv: 3, slot: 0xffff, kcv: '0123456789' }],
    },
  ],
};

export const PINNED_AT = '2026-01-02T03:04:05.000Z';

export class MemoryTrust implements TrustStore {
  pinned: PinnedTrust | undefined;

  async read(): Promise<PinnedTrust | undefined> {
    return this.pinned;
  }

  async pin(root: string): Promise<string> {
    this.pinned ??= { root, pinnedAt: PINNED_AT };
    return this.pinned.root;
  }

  async replace(root: string): Promise<void> {
    this.pinned = { root, pinnedAt: PINNED_AT };
  }

  async advance(head: AuditHead): Promise<void> {
    if (this.pinned && head.sequence > (this.pinned.head?.sequence ?? 0)) this.pinned = { ...this.pinned, head };
  }
}

export const RECEIPT = copy(Uint8Array.from({ length: 64 }, (_, index) => 255 - index));
