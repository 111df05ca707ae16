// The station's record of one AS that it trusts: the pinned root key and the newest audit head
// (docs/protocol.md clause 9).

export interface StoredHead {
  readonly sequence: number;
  readonly hash: string;
  readonly time: string;
  /** JSON text of the signed envelope. */
  readonly envelope: string;
}

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
