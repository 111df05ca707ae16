// The JSON of vaults between the page and the service (docs/protocol.md clauses 6 and 10). Types only, as in messages.ts.
import type { Envelope } from '../signing/envelope.ts';

/** POST /v1/vaults, of a custodian. */
export interface VaultRequestJson {
  readonly set: number;
  /** The entries of REF1 that it is to hold. */
  readonly ref1: readonly number[];
  /** SNs as 32 hex digits; null asks for an open vault, which holds T. */
  readonly units: readonly string[] | null;
  /** For an open vault, and only for one: the sentence that openVaultSentence() gives, word for word. */
  readonly confirm?: string;
  /** Exports in all. */
  readonly exports: number;
  readonly exportsPerUnit: number | null;
  readonly days: number;
}

/** A vault as the service knows it: no secret. */
export interface VaultJson {
  readonly vaultId: string;
  readonly asNumber: number;
  readonly set: number;
  readonly ref1: readonly number[];
  /** How many units it serves; null where it is open. */
  readonly units: number | null;
  readonly exports: number;
  readonly exportsPerUnit: number | null;
  readonly custodian: string;
  readonly issued: string;
  readonly expires: string;
  readonly revoked: string | null;
  /** When its journal came last, and what all of them show so far. */
  readonly returned: string | null;
  readonly exportsSeen: number;
  readonly receiptsSeen: number;
}

export interface VaultAnswerJson {
  /** The text of the file, to be kept as it is. */
  readonly file: string;
  /** Given this once: nobody can find it again. */
  readonly passphrase: string;
  readonly vault: VaultJson;
  readonly auditHead: Envelope;
}

/** GET /v1/vaults: newest first. */
export interface VaultsJson {
  readonly vaults: readonly VaultJson[];
}

/** POST /v1/vaults/{vaultId}/revoke. */
export interface VaultRevocationJson {
  readonly reason: string;
}

export interface VaultRevokedJson {
  readonly vault: VaultJson;
  readonly auditHead: Envelope;
}

/** POST /v1/vaults/{vaultId}/journal. */
export interface VaultReturnJson {
  /** Payload VaultJournalJson, signed by the vault. */
  readonly journal: Envelope;
}

export interface VaultFindingJson {
  /** True where somebody must look into it. */
  readonly grave: boolean;
  readonly words: string;
}

export interface VaultReportJson {
  readonly vault: VaultJson;
  /** Of the journal that came. */
  readonly entries: number;
  readonly exports: number;
  readonly receipts: number;
  readonly findings: readonly VaultFindingJson[];
  /** On each receipt in it that verifies; payload VerdictJson. */
  readonly verdicts: readonly { readonly xc: number; readonly verdict: Envelope }[];
  readonly auditHead: Envelope;
}
