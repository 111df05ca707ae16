// Validates the answers of the service field by field (docs/protocol.md clause 6). The results have
// the types of protocol/service/messages.ts. Other fields are dropped: a newer service may send
// them.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { RecalledExport } from '#protocol/provisioning/key-source.ts';
import type {
  AuditHeadJson,
  CertificateJson,
  KeyJson,
  KeysJson,
  ProblemJson,
  ReceiptAnswerJson,
  SetJson,
  TrustJson,
  VerdictJson,
  WhoamiJson,
} from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import { isSuiteId, type SuiteId } from '#protocol/tkl/suites.ts';

/** Decodes the value at `path`. @throws ProtocolError service-nonsense */
type Decode<T> = (value: unknown, path: string) => T;

function nonsense(path: string, expected: string): ProtocolError {
  return new ProtocolError('service-nonsense', `${path} in the service's answer is not ${expected}`);
}

/** Decodes an object with these fields and drops all others. */
function object<T extends object>(fields: { readonly [K in keyof T]: Decode<T[K]> }): Decode<T> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw nonsense(path, 'an object');
    const given = value as Record<string, unknown>;
    const entries = Object.entries<Decode<unknown>>(fields).map(([name, decode]) => [
      name,
      decode(Object.hasOwn(given, name) ? given[name] : undefined, `${path}.${name}`),
    ]);
    return Object.fromEntries(entries) as T;
  };
}

function array<T>(item: Decode<T>, most: number): Decode<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > most) throw nonsense(path, `a list of at most ${most}`);
    return value.map((element, index) => item(element, `${path}[${index}]`));
  };
}

function integer(least: number, most: number): Decode<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw nonsense(path, `an integer from ${least} to ${most}`);
    }
    return value;
  };
}

function text(pattern: RegExp, expected: string): Decode<string> {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw nonsense(path, expected);
    return value;
  };
}

function oneOf<T extends string>(...values: readonly T[]): Decode<T> {
  return (value, path) => {
    const found = values.find((known) => known === value);
    if (found === undefined) throw nonsense(path, values.join(' or '));
    return found;
  };
}

const boolean: Decode<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw nonsense(path, 'true or false');
  return value;
};

/** Checks canonical base64url of `least` to `most` bytes and returns the text. */
function octets(least: number, most: number): Decode<string> {
  return (value, path) => {
    bytes(least, most)(value, path);
    return value as string;
  };
}

/** Decodes canonical base64url of `least` to `most` bytes. */
function bytes(least: number, most: number): Decode<Bytes> {
  return (value, path) => {
    const expected = `base64url of ${least === most ? least : `${least} to ${most}`} bytes`;
    if (typeof value !== 'string') throw nonsense(path, expected);
    let decoded: Bytes;
    try {
      decoded = fromBase64url(value);
    } catch (cause) {
      if (cause instanceof SyntaxError) throw nonsense(path, expected);
      throw cause;
    }
    if (decoded.length < least || decoded.length > most) throw nonsense(path, expected);
    return decoded;
  };
}

function nullable<T>(decode: Decode<T>): Decode<T | null> {
  return (value, path) => (value === null ? null : decode(value, path));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

const time: Decode<string> = (value, path) => {
  const known = text(TIME, 'a time in UTC (ISO 8601)')(value, path);
  if (Number.isNaN(Date.parse(known))) throw nonsense(path, 'a time that exists');
  return known;
};

const name = text(/^[^\p{Cc}]{1,200}$/u, 'a text of 1 to 200 characters');
const identifier = text(/^[A-Za-z0-9_-]{1,64}$/, 'an identifier');
const suite: Decode<SuiteId> = (value, path) => {
  const id = integer(0, 0xff)(value, path);
  if (!isSuiteId(id)) throw nonsense(path, 'a suite that this version knows');
  return id;
};

const MAX_SETS = 1000;
const MAX_KEYS = 10_000;
const MAX_VERSIONS = 255;
/** Maximum length of DATA in bytes: more than the longest suite with a signature needs. */
const MAX_DATA = 1290;
const MIN_DATA = 66;

const signature = object<Envelope['signatures'][0]>({
  keyid: text(/^[0-9A-F]{16}$/, '16 hex digits'),
  sig: octets(64, 64),
});

const envelope: Decode<Envelope> = object<Envelope>({
  payloadType: name,
  payload: octets(2, 65_536),
  signatures: (value, path) => {
    const [only, ...more] = array(signature, 1)(value, path);
    if (only === undefined || more.length > 0) throw nonsense(path, 'one signature');
    return [only];
  },
});

const key = object<KeyJson>({
  ref1: integer(0, 0xffff),
  label: name,
  attributes: text(/^([ -~]{7})?$/, '7 ASCII characters, or none'),
  akv: integer(0, 0xfffffffe),
  slot: integer(0, 0xffff),
  kcv: text(/^[0-9A-F]{10}$/, '10 hex digits'),
});

const set = object<SetJson>({
  set: integer(0, 0xffffffff),
  name,
  profile: oneOf('shared', 'diversified'),
  demo: boolean,
  transportKeys: array(object({ tkv: integer(1, 0xff), suites: array(suite, 8) }), MAX_VERSIONS),
  keys: array(key, MAX_KEYS),
});

const keys = object<KeysJson>({ sets: array(set, MAX_SETS) });

const whoami = object<WhoamiJson>({
  operator: name,
  role: oneOf('operator', 'custodian', 'auditor', 'administrator'),
  expires: time,
  service: object({ name, asNumber: integer(0, 0xffff), demo: boolean }),
});

const trust = object<TrustJson>({ root: octets(32, 32), certificates: array(envelope, 64) });

const exportAnswer = object<{ exportId: string; data: Bytes; auditHead: Envelope }>({
  exportId: identifier,
  data: bytes(MIN_DATA, MAX_DATA),
  auditHead: envelope,
});

const recallAnswer = object<RecalledExport & { readonly auditHead: Envelope }>({
  exportId: identifier,
  header: bytes(HEADER_LENGTH, HEADER_LENGTH),
  dataHash: bytes(32, 32),
  auditHead: envelope,
});

const receiptAnswer = object<ReceiptAnswerJson>({ verdict: envelope, auditHead: envelope });

const verdict = object<VerdictJson>({
  exportId: identifier,
  receipt: octets(64, 64),
  dataHash: octets(32, 32),
  workOrder: nullable(name),
  operator: name,
  time,
});

const auditHead = object<AuditHeadJson>({
  sequence: integer(1, Number.MAX_SAFE_INTEGER),
  hash: octets(32, 32),
  time,
});

const certificate = object<CertificateJson>({
  purpose: oneOf('data', 'verdict', 'audit-head', 'work-order', 'report', 'vault', 'vault-journal'),
  publicKey: octets(32, 32),
  asNumber: integer(0, 0xffff),
  from: time,
  until: time,
});

const problem = object<ProblemJson>({
  type: text(/^\S{1,200}$/, 'a problem type'),
  title: name,
  status: integer(400, 599),
  detail: text(/^[^\p{Cc}]{0,1000}$/u, 'a text'),
});

/** Each decoder throws ProtocolError service-nonsense with the name of the first wrong field. */
export const decodeKeys = (value: unknown): KeysJson => keys(value, 'keys');
export const decodeWhoami = (value: unknown): WhoamiJson => whoami(value, 'whoami');
export const decodeTrust = (value: unknown): TrustJson => trust(value, 'trust');
export const decodeExportAnswer = (value: unknown): { exportId: string; data: Bytes; auditHead: Envelope } =>
  exportAnswer(value, 'export');
export const decodeRecallAnswer = (value: unknown): RecalledExport & { readonly auditHead: Envelope } =>
  recallAnswer(value, 'recall');
export const decodeReceiptAnswer = (value: unknown): ReceiptAnswerJson => receiptAnswer(value, 'receipt');
export const decodeVerdict = (value: unknown): VerdictJson => verdict(value, 'verdict');
export const decodeAuditHead = (value: unknown): AuditHeadJson => auditHead(value, 'auditHead');
export const decodeCertificate = (value: unknown): CertificateJson => certificate(value, 'certificate');
export const decodeProblem = (value: unknown): ProblemJson => problem(value, 'problem');
