// The JSON messages of the page and the service (docs/protocol.md clause 6). Integers are numbers,
// bytes are unpadded base64url, an SN is 32 hex digits, times are ISO 8601 in UTC. Types only: the
// service validates with its schemas, the page in decode.ts.
import type { Envelope } from '../signing/envelope.ts';
import type { SuiteId } from '../tkl/suites.ts';

export type Role = 'operator' | 'custodian' | 'auditor' | 'administrator';
export type Profile = 'shared' | 'diversified';

/** Body of POST /v1/exports, and one item of POST /v1/exports:batch. */
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
  /**
   * Why this unit gets this key again in this work order. Without a reason the service refuses a
   * second export.
   */
  readonly reason?: string;
}

export interface ExportAnswerJson {
  readonly exportId: string;
  readonly data: string;
  /** Signed head of the audit log, payload AuditHeadJson. */
  readonly auditHead: Envelope;
}

/** Body of POST /v1/exports:batch, 1 to 100 items. */
export interface BatchRequestJson {
  readonly exports: readonly ExportRequestJson[];
}

/**
 * One answer per item, in the order of the items. The service processes the others when it refuses
 * one.
 */
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
  /** SHA-256 of that entry, which holds the hash of the entry before it. */
  readonly hash: string;
  readonly time: string;
}

/** payloadType application/vnd.keyferry.certificate+json: the root key certifies a signing key. */
export interface CertificateJson {
  readonly purpose: 'data' | 'verdict' | 'audit-head' | 'work-order' | 'report' | 'vault' | 'vault-journal';
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: string;
  readonly asNumber: number;
  readonly from: string;
  readonly until: string;
}

/**
 * Answer to GET /v1/trust, which needs no access code: the root public key to pin, and the
 * certificates that it signed.
 */
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

/**
 * A key entry: an application key, or by docs/protocol.md clause 8 the instruction to erase a slot
 * (no ATTR) or a new T (slot 65534).
 */
export interface KeyJson {
  readonly ref1: number;
  readonly label: string;
  /** ATTR, 7 characters; empty for an entry that erases a slot. */
  readonly attributes: string;
  /** Version of the application key; for a new T, its TKV. */
  readonly akv: number;
  /** The REF2 that the AS permits; 65535 permits any. */
  readonly slot: number;
  /**
   * 10 hex digits; all zero when the entry has no key, or when each unit of the set gets a
   * different one.
   */
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

/** Answer to GET /v1/keys: the keys that this operator may export. */
export interface KeysJson {
  readonly sets: readonly SetJson[];
}

/** The exports and receipts of one work order, or of a job number that appears only in exports. */
export interface WorkOrderJson {
  readonly workOrder: string;
  readonly exports: number;
  /** Number of exports with a verified receipt. */
  readonly receipts: number;
  /** Time of the newest export, or of the issue when there is no export. */
  readonly time: string;
  /** Null for a job number without a signed work order. */
  readonly order: WorkOrderFactsJson | null;
}

export interface WorkOrderFactsJson {
  readonly title: string;
  readonly set: number;
  /** Number of units. */
  readonly count: number;
  readonly lines: number;
  readonly state: 'open' | 'revoked' | 'closed';
  readonly notBefore: string;
  readonly until: string;
  readonly dryRun: boolean;
}

/**
 * Answer to GET /v1/work-orders: the work orders of the sets that this operator may see, and the
 * job numbers in this operator's exports. An auditor and an administrator see all.
 */
export interface WorkOrdersJson {
  readonly workOrders: readonly WorkOrderJson[];
}

/**
 * An entry of the audit log. `hash` is SHA-256 of the JSON text of `entry` as the log stores it,
 * without whitespace.
 */
export interface AuditRecordJson {
  readonly entry: {
    /** From 1, without gaps. */
    readonly sequence: number;
    readonly time: string;
    /** Hash of the entry before it; 32 zero bytes in the first entry. */
    readonly previous: string;
    readonly event: string;
    /** The operator who caused the event; null for the service itself. */
    readonly actor: string | null;
    readonly details: Readonly<Record<string, string | number | boolean | null>>;
    /**
     * SHA-256 of the sealed part, if the entry has one. The sealed part never leaves the service.
     */
    readonly sealed?: string;
  };
  readonly hash: string;
}

/** Answer to GET /v1/audit?before=&limit=, newest entry first. */
export interface AuditPageJson {
  readonly entries: readonly AuditRecordJson[];
  /** The value of `before` for the next page; null on the last page. */
  readonly before: number | null;
  readonly auditHead: Envelope;
}

/** Problem details of RFC 9457. `type` is PROBLEM_BASE and a code of problem.ts. */
export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}
