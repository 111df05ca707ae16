// The messages between page and service about exports, keys and trust (docs/protocol.md clauses 6
// and 9). Each schema serves the page, the service, the verifier and OpenAPI (docs/adr/0048).
// Integers are numbers, bytes are base64url, an SN is 32 hex digits, times are UTC.
import * as v from 'valibot';
import { envelopeSchema } from '../json/envelope.ts';
import { bytes, integer, type Json, list, printable, text, time } from '../json/schema.ts';
import { HEADER_LENGTH } from '../tkl/header.ts';

export const CERTIFICATE_TYPE = 'application/vnd.keyferry.certificate+json';
export const VERDICT_TYPE = 'application/vnd.keyferry.verdict+json';
export const AUDIT_HEAD_TYPE = 'application/vnd.keyferry.audit-head+json';

export const set = integer(1, 0xffffffff);
export const tkv = integer(1, 0xff);
export const suite = v.picklist([1, 2, 4]);
export const ref1 = integer(0, 0xffff);
export const akv = integer(1, 0xfffffffe);
/**
 * Zero for an entry that contains no key, and for an entry whose key is different for each unit.
 */
export const kcv = text(/^[0-9A-F]{10}$/, '10 hex digits');
export const asNumber = integer(0, 0xffff);
export const name = printable(200);
export const hash = bytes(32);
const number = integer(1, Number.MAX_SAFE_INTEGER);
const exportId = text(/^[\w-]{1,64}$/, 'an identifier');

/** DATA, which has fewer than 1290 bytes even with a signature. */
const data = bytes(66, 1290);

/** Request header with the size of the audit log that the station saw. */
export const LOG_SIZE = 'keyferry-log-size';

/** The members of each answer that shows the audit log. */
export const signedLog = {
  /** The payload is AuditHeadJson. */
  auditHead: envelopeSchema,
  /**
   * Consistency proof (RFC 6962) from the size that the request named in LOG_SIZE. Left out if the
   * request named none, and if the log is shorter.
   */
  consistency: v.exactOptional(list(hash, 0, 128)),
};
const signedLogSchema = v.object(signedLog);
export type SignedLogJson = Json<typeof signedLogSchema>;

/** Answer of POST /v1/exports. */
export const exportAnswerSchema = v.object({ exportId, data, ...signedLog });
export type ExportAnswerJson = Json<typeof exportAnswerSchema>;

/** Answer of POST /v1/exports:recall. */
export const recallAnswerSchema = v.object({
  exportId,
  /** HDR. */
  header: bytes(HEADER_LENGTH),
  /** SHA-256(DATA). */
  dataHash: hash,
  ...signedLog,
});
export type RecallAnswerJson = Json<typeof recallAnswerSchema>;

/** Answer of POST /v1/receipts. */
export const receiptAnswerSchema = v.object({
  /** The payload is VerdictJson. */
  verdict: envelopeSchema,
  ...signedLog,
});
export type ReceiptAnswerJson = Json<typeof receiptAnswerSchema>;

/** Payload of an envelope of type VERDICT_TYPE. */
export const verdictSchema = v.object({
  exportId,
  receipt: bytes(64),
  /** SHA-256(DATA). */
  dataHash: hash,
  workOrder: v.nullable(name),
  operator: name,
  time,
});
export type VerdictJson = Json<typeof verdictSchema>;

/** Payload of an envelope of type AUDIT_HEAD_TYPE. */
export const auditHeadSchema = v.object({
  /** Number of the newest entry, from 1. */
  sequence: number,
  /** SHA-256 of that entry, which contains the hash of the previous entry. */
  hash,
  time,
  /** Root hash of the tree of the first `sequence` entries. Versions up to 0.1.0 leave it out. */
  treeRoot: v.exactOptional(hash),
});
export type AuditHeadJson = Json<typeof auditHeadSchema>;

/** Payload of an envelope of type CERTIFICATE_TYPE, in which the root certifies a signing key. */
export const certificateSchema = v.object({
  purpose: v.picklist(['data', 'verdict', 'audit-head', 'work-order', 'report', 'vault', 'vault-journal', 'site']),
  /** Ed25519. */
  publicKey: bytes(32),
  asNumber,
  from: time,
  until: time,
});
export type CertificateJson = Json<typeof certificateSchema>;

/** Answer of GET /v1/trust, which needs no access code. `root` is the public key to pin. */
export const trustSchema = v.object({ root: bytes(32), certificates: list(envelopeSchema, 0, 1000) });
export type TrustJson = Json<typeof trustSchema>;

/** Answer of GET /v1/whoami. */
export const whoamiSchema = v.object({
  operator: name,
  role: v.picklist(['operator', 'custodian', 'auditor', 'administrator']),
  expires: time,
  service: v.object({ name, asNumber, demo: v.boolean() }),
  /** Versions up to 0.1.0 leave it out. */
  auditHead: v.exactOptional(envelopeSchema),
  consistency: signedLog.consistency,
});
export type WhoamiJson = Json<typeof whoamiSchema>;
export type Role = WhoamiJson['role'];

/** A key entry: an application key, an erasure or a new T (docs/protocol.md clause 8). */
export const keySchema = v.object({
  ref1,
  label: name,
  /** ATTR; empty where the entry erases a slot. */
  attributes: text(/^([0-9A-Z]{7})?$/, '7 upper-case letters and digits, or none'),
  /** TKV of a new T. */
  akv,
  /** The permitted REF2. 65535 permits every slot but 65534, the transport-key slot. */
  slot: integer(0, 0xffff),
  kcv,
});
export type KeyJson = Json<typeof keySchema>;

export const setSchema = v.object({
  set,
  name,
  profile: v.picklist(['shared', 'diversified']),
  demo: v.boolean(),
  /** Versions of T that this AS holds, each with its suites (one KDF family per TKV). */
  transportKeys: list(v.object({ tkv, suites: list(suite, 0, 8) }), 0, 255),
  keys: list(keySchema, 0, 10_000),
});
export type SetJson = Json<typeof setSchema>;
export type Profile = SetJson['profile'];

/** Answer of GET /v1/keys: the key entries that this operator may export. */
export const keysSchema = v.object({ sets: list(setSchema, 0, 1000) });
export type KeysJson = Json<typeof keysSchema>;

/** A problem (RFC 9457). A newer service may send types that are not in problem.ts. */
export const problemSchema = v.object({
  type: text(/^\S{1,200}$/, 'a problem type'),
  title: name,
  status: integer(400, 599),
  detail: text(/^[^\p{Cc}]{0,1000}$/u, 'a text of at most 1000 printable characters'),
});
export type ProblemJson = Json<typeof problemSchema>;

/**
 * Answer of POST /v1/exports:batch, with one result per item, in the order of the request. The
 * other items are exported even if one is refused.
 */
export const batchAnswerSchema = v.object({
  results: list(v.union([v.object({ exportId, data }), v.object({ problem: problemSchema })]), 1, 100),
  ...signedLog,
});
export type BatchAnswerJson = Json<typeof batchAnswerSchema>;

/** `hash` is SHA-256 of the JSON text of `entry` in the log, which contains no blanks. */
const auditRecordSchema = v.object({
  entry: v.object({
    /** Starts at 1 and has no gaps. */
    sequence: number,
    time,
    /** Hash of the previous entry; 32 zero bytes in the first entry. */
    previous: hash,
    event: name,
    /** Name of the operator; null for the service. */
    actor: v.nullable(v.string()),
    details: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
    /**
     * SHA-256 of the sealed part, if the entry has one. The sealed part itself never leaves the
     * service.
     */
    sealed: v.exactOptional(hash),
  }),
  hash,
});
export type AuditRecordJson = Json<typeof auditRecordSchema>;

/** Answer of GET /v1/audit?before=&limit=, newest entry first. */
export const auditPageSchema = v.object({
  entries: list(auditRecordSchema, 0, 200),
  /** Value of `before` for the next page; null if this is the last page. */
  before: v.nullable(integer(2, Number.MAX_SAFE_INTEGER)),
  ...signedLog,
});
export type AuditPageJson = Json<typeof auditPageSchema>;
