// The JSON messages about vaults between the page and the service (docs/protocol.md clauses 6 and
// 10). Types only, as in messages.ts.
import type { Envelope } from '../signing/envelope.ts';

/** Body of POST /v1/vaults. Only a custodian may send it. */
export interface VaultRequestJson {
  readonly set: number;
  /** REF1 of each key entry that the vault will hold. */
  readonly ref1: readonly number[];
  /** SNs as 32 hex digits; null asks for an open vault, which holds T. */
  readonly units: readonly string[] | null;
  /** Only for an open vault: the exact sentence of openVaultSentence(). */
  readonly confirm?: string;
  /** Maximum number of exports, over all units. */
  readonly exports: number;
  readonly exportsPerUnit: number | null;
  readonly days: number;
}

/** What the service stores about a vault, without secrets. */
export interface VaultJson {
  readonly vaultId: string;
  readonly asNumber: number;
  readonly set: number;
  readonly ref1: readonly number[];
  /** Number of units that the vault serves; null for an open vault. */
  readonly units: number | null;
  readonly exports: number;
  readonly exportsPerUnit: number | null;
  readonly custodian: string;
  readonly issued: string;
  readonly expires: string;
  readonly revoked: string | null;
  /** Time of the last return of the vault journal; the counts below cover all returns so far. */
  readonly returned: string | null;
  readonly exportsSeen: number;
  readonly receiptsSeen: number;
}

export interface VaultAnswerJson {
  /** Text of the vault file. The caller stores it unchanged. */
  readonly file: string;
  /** The service returns the passphrase only here and does not store it. */
  readonly passphrase: string;
  readonly vault: VaultJson;
  readonly auditHead: Envelope;
}

/** Answer to GET /v1/vaults, newest vault first. */
export interface VaultsJson {
  readonly vaults: readonly VaultJson[];
}

/** Body of POST /v1/vaults/{vaultId}/revoke. */
export interface VaultRevocationJson {
  readonly reason: string;
}

export interface VaultRevokedJson {
  readonly vault: VaultJson;
  readonly auditHead: Envelope;
}

/** Body of POST /v1/vaults/{vaultId}/journal. */
export interface VaultReturnJson {
  /** Payload VaultJournalJson, signed by the vault. */
  readonly journal: Envelope;
}

export interface VaultFindingJson {
  /** True when a person must investigate the finding. */
  readonly grave: boolean;
  readonly words: string;
}

export interface VaultReportJson {
  readonly vault: VaultJson;
  /**
   * Number of entries in the returned vault journal; `exports` and `receipts` count the same
   * journal.
   */
  readonly entries: number;
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  /** One verdict for each receipt of the journal that verifies; payload VerdictJson. */
  readonly verdicts: readonly { readonly xc: number; readonly verdict: Envelope }[];
  readonly auditHead: Envelope;
}
