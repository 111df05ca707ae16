// The JSON that the page and the service exchange (docs/protocol.md clause 6). Integers are numbers, octets are unpadded
// base64url, an SN is 32 hex digits, times are ISO 8601 in UTC. Types only: the service validates with its schemas, the page in decode.ts.
import type { Envelope } from '../signing/envelope.ts';
import type { SuiteId } from '../tkl/suites.ts';

export type Role = 'operator' | 'custodian' | 'auditor' | 'administrator';
export type Profile = 'shared' | 'diversified';

/** POST /v1/exports, and an item of POST /v1/exports:batch. */
export interface ExportRequestJson {
  readonly set: number;
  readonly tkv: number;
  readonly suite: SuiteId;
  readonly sign: boolean;
  readonly random: string;
  readonly ref1: number;
  readonly ref2: number;
  readonly sn: string;
  readonly challengeMac: string;
  readonly idempotencyKey: string;
  readonly workOrder?: string;
  /** Why this unit is sent this key again in this work order; without it a second export is refused. */
  readonly reason?: string;
}

export interface ExportAnswerJson {
  readonly exportId: string;
  readonly data: string;
  /** The signed head of the audit log, payload AuditHeadJson. */
  readonly auditHead: Envelope;
}

/** POST /v1/exports:batch, 1 to 100 items. */
export interface BatchRequestJson {
  readonly exports: readonly ExportRequestJson[];
}

/** One per item, in order: an item that is refused does not hold up the others. */
export interface BatchAnswerJson {
  readonly results: readonly (Omit<ExportAnswerJson, 'auditHead'> | { readonly problem: ProblemJson })[];
  readonly auditHead: Envelope;
}

/** POST /v1/exports:recall. */
export interface RecallRequestJson {
  readonly idempotencyKey: string;
}

export interface RecallAnswerJson {
  readonly exportId: string;
  /** HDR. */
  readonly header: string;
  /** SHA-256(DATA). */
  readonly dataHash: string;
  readonly auditHead: Envelope;
}

/** POST /v1/receipts. */
export interface ReceiptRequestJson {
  readonly exportId: string;
  readonly receipt: string;
}

export interface ReceiptAnswerJson {
  /** Payload VerdictJson. */
  readonly verdict: Envelope;
  readonly auditHead: Envelope;
}

/** payloadType application/vnd.keyferry.verdict+json */
export interface VerdictJson {
  readonly exportId: string;
  readonly receipt: string;
  /** SHA-256(DATA). */
  readonly dataHash: string;
  readonly workOrder: string | null;
  readonly operator: string;
  readonly time: string;
}

/** payloadType application/vnd.keyferry.audit-head+json */
export interface AuditHeadJson {
  /** Number of the newest entry, from 1. */
  readonly sequence: number;
  /** SHA-256 of that entry, which holds the hash of the one before. */
  readonly hash: string;
  readonly time: string;
}

/** payloadType application/vnd.keyferry.certificate+json: the root's word on a signing key. */
export interface CertificateJson {
  readonly purpose: 'data' | 'verdict' | 'audit-head' | 'work-order' | 'report' | 'vault' | 'vault-journal';
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: string;
  readonly asNumber: number;
  readonly from: string;
  readonly until: string;
}

/** GET /v1/trust (no token needed): the root's public key to pin, and what it certified. */
export interface TrustJson {
  readonly root: string;
  readonly certificates: readonly Envelope[];
}

/** GET /v1/whoami. */
export interface WhoamiJson {
  readonly operator: string;
  readonly role: Role;
  readonly expires: string;
  readonly service: { readonly name: string; readonly asNumber: number; readonly demo: boolean };
}

/** An entry of REF1: a key; by docs/protocol.md clause 8 the erasing of a slot (no ATTR) or a new T (slot 65534). */
export interface KeyJson {
  readonly ref1: number;
  readonly label: string;
  /** ATTR, 7 characters; empty where the entry erases. */
  readonly attributes: string;
  /** Of a new T, its TKV. */
  readonly akv: number;
  /** The REF2 that the AS permits; 65535 = any. */
  readonly slot: number;
  /** 10 hex digits; zero where there is no key, or where each unit of the set is given another one. */
  readonly kcv: string;
}

export interface SetJson {
  readonly set: number;
  readonly name: string;
  readonly profile: Profile;
  readonly demo: boolean;
  /** Versions of T that this AS holds, each with its suites (one KDF family per TKV). */
  readonly transportKeys: readonly { readonly tkv: number; readonly suites: readonly SuiteId[] }[];
  readonly keys: readonly KeyJson[];
}

/** GET /v1/keys: what this operator may export. */
export interface KeysJson {
  readonly sets: readonly SetJson[];
}

/** A work order, or a job number that exports named, with what became of them. */
export interface WorkOrderJson {
  readonly workOrder: string;
  readonly exports: number;
  /** Exports whose receipt is in. */
  readonly receipts: number;
  /** Of the newest export; without any, when the order was issued. */
  readonly time: string;
  /** Null for a number that no signed order stands behind. */
  readonly order: WorkOrderFactsJson | null;
}

export interface WorkOrderFactsJson {
  readonly title: string;
  readonly set: number;
  /** Units. */
  readonly count: number;
  readonly lines: number;
  readonly state: 'open' | 'revoked' | 'closed';
  readonly notBefore: string;
  readonly until: string;
  readonly dryRun: boolean;
}

/** GET /v1/work-orders: the orders of the sets that this operator may see, and the numbers that they named; an auditor and an administrator see all. */
export interface WorkOrdersJson {
  readonly workOrders: readonly WorkOrderJson[];
}

/** An entry of the audit log. `hash` is SHA-256 of the JSON text of `entry` as it stands in the log, without blanks. */
export interface AuditRecordJson {
  readonly entry: {
    /** From 1, without gaps. */
    readonly sequence: number;
    readonly time: string;
    /** Hash of the entry before; 32 × 00 in the first. */
    readonly previous: string;
    readonly event: string;
    /** Who caused it; null for the service itself. */
    readonly actor: string | null;
    readonly details: Readonly<Record<string, string | number | boolean | null>>;
    /** SHA-256 of the sealed part of an entry that has one; it never leaves the service. */
    readonly sealed?: string;
  };
  readonly hash: string;
}

/** GET /v1/audit?before=&limit=: newest first. */
export interface AuditPageJson {
  readonly entries: readonly AuditRecordJson[];
  /** Hand it on as `before` for the next page; null at the first entry. */
  readonly before: number | null;
  readonly auditHead: Envelope;
}

/** RFC 9457; `type` is one of those in problem.ts. */
export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}
