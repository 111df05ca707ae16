// What the page and the vault's worker say to each other: all that can be asked of a vault, and nothing that a key could be read from.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { ExportRequest, RecalledExport } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';

/** Why a vault was locked. */
export type LockReason = 'asked' | 'idle' | 'hidden';

/** What a vault is unlocked with: octets of the passphrase, or the 32 that the passkey's PRF gave. They are the worker's to wipe. */
export interface Opener {
  readonly by: 'passphrase' | 'passkey';
  readonly secret: Bytes;
}

export type VaultQuestion =
  /** `roots`: the public keys that this station has pinned, 32 bytes each. */
  | {
      readonly is: 'unlock';
      readonly vault: string;
      readonly opener: Opener;
      readonly roots: readonly Uint8Array[];
    }
  /** From now on the passkey opens it too; `output` (32 bytes, the worker's to wipe) is what its PRF gives for `salt`. */
  | {
      readonly is: 'enrol';
      readonly credential: Uint8Array;
      readonly salt: Uint8Array;
      readonly output: Uint8Array;
    }
  | { readonly is: 'export'; readonly request: ExportRequest }
  | {
      readonly is: 'receipt';
      readonly exportId: string;
      readonly receipt: Uint8Array;
      readonly dataHash: Uint8Array;
    }
  | { readonly is: 'recall'; readonly idempotencyKey: string }
  | { readonly is: 'status' }
  | { readonly is: 'journal' }
  | { readonly is: 'lock'; readonly why: LockReason };

export interface VaultStatus {
  /** Exports that were made, in all. */
  readonly exports: number;
  readonly entries: number;
}

/** By what was asked. */
export interface VaultAnswers {
  readonly unlock: VaultStatus;
  readonly enrol: VaultStatus;
  readonly export: { readonly exportId: string; readonly data: Uint8Array };
  readonly receipt: { readonly time: string };
  readonly recall: { readonly exported: RecalledExport | undefined };
  readonly status: VaultStatus;
  /** Signed by the vault. */
  readonly journal: Envelope;
  /** The journal as it stands now. */
  readonly lock: Envelope;
}

export interface Asked {
  readonly id: number;
  readonly question: VaultQuestion;
}

export type Answered =
  | { readonly id: number; readonly answer: VaultAnswers[keyof VaultAnswers] }
  | { readonly id: number; readonly refusal: { readonly code: ErrorCode; readonly message: string } }
  /** A fault of the program itself. */
  | { readonly id: number; readonly fault: string };
