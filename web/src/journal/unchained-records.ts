// Records of the journal database that are in no hash chain, because the page replaces or deletes
// them: the traces of the last attempts, and what the station trusts.

/** One command and its response. The members are those of Exchange in web/src/transport/trace.ts. */
export interface RedactedExchange {
  readonly command: string;
  /** CLA INS P1 P2, as hex. */
  readonly header: string;
  readonly request: string;
  readonly answer: string;
  readonly statusWord?: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly isByHand?: boolean;
}

/**
 * The stored trace of one attempt: the exchanges with the unit, redacted by
 * web/src/transport/trace.ts before they are stored. Contains no key, PIN or sealed key.
 */
export interface TraceRecord {
  /** Id of the attempt in the journal. */
  readonly attempt: number;
  /** Whether the attempt was done when the trace was stored. */
  readonly isDone: boolean;
  /** Oldest first, at most MAX_STORED_EXCHANGES. */
  readonly exchanges: readonly RedactedExchange[];
}

export interface StoredHead {
  readonly sequence: number;
  readonly hash: string;
  readonly time: string;
  /** Absent if the service was of version 0.1.0 or earlier. */
  readonly treeRoot?: string;
  /** JSON text of the signed envelope. */
  readonly envelope: string;
}

/**
 * The station's record of one AS that it trusts: the pinned root key and the newest audit head
 * (docs/protocol.md clause 9).
 */
export interface TrustRecord {
  /** Base URL of the AS. */
  readonly service: string;
  /** Public key of the root: base64url, 32 bytes. */
  readonly root: string;
  /** ISO 8601, UTC. */
  readonly pinnedAt: string;
  readonly head?: StoredHead;
  /** Roots that an operator has replaced, oldest first. Never deleted. */
  readonly former?: readonly FormerTrust[];
}

export interface FormerTrust {
  readonly root: string;
  readonly pinnedAt: string;
  readonly head?: StoredHead;
  /** ISO 8601, UTC. */
  readonly replacedAt: string;
}
