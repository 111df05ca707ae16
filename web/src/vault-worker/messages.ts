// The messages between the page and the vault's worker. The worker accepts only the requests that
// are listed here (docs/adr/0027). No message contains a key.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { ErrorCode } from '#protocol/errors.ts';
import type { ExportRequest, RecalledExport } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';

/** Reason for locking a vault, as the vault journal records it. */
export type LockReason = 'asked' | 'idle' | 'hidden';

/** The secret that unlocks a vault. The worker wipes it. */
export interface Opener {
  readonly by: 'passphrase' | 'passkey';
  /** UTF-8 of the passphrase, or the output of the passkey's PRF, 32 bytes. */
  readonly secret: Bytes;
}

export type VaultRequest =
  /** `roots`: the root keys that this station has pinned, 32 bytes each. */
  | {
      readonly is: 'unlock';
      readonly vault: string;
      readonly opener: Opener;
      readonly roots: readonly Uint8Array[];
    }
  /**
   * Enrols a passkey, which then also unlocks the vault. `output` is the output of its PRF for
   * `salt`, 32 bytes; the worker wipes it.
   */
  | {
      readonly is: 'enrol';
      readonly credential: Uint8Array;
      readonly salt: Uint8Array;
      readonly output: Uint8Array;
    }
  | { readonly is: 'export'; readonly exportRequest: ExportRequest }
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
  /** Number of exports. */
  readonly exports: number;
  /** Number of journal entries. */
  readonly entries: number;
}

/** The type of the response to each request. Key: `is` of the request. */
export interface VaultResponses {
  readonly unlock: VaultStatus;
  readonly enrol: VaultStatus;
  readonly export: { readonly exportId: string; readonly data: Uint8Array };
  readonly receipt: { readonly time: string };
  readonly recall: { readonly exported: RecalledExport | undefined };
  readonly status: VaultStatus;
  /** The vault journal, signed. */
  readonly journal: Envelope;
  /** The final vault journal, signed. */
  readonly lock: Envelope;
}

export interface RequestMessage {
  readonly id: number;
  readonly request: VaultRequest;
}

export type ResponseMessage =
  | { readonly id: number; readonly response: VaultResponses[keyof VaultResponses] }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } }
  /** Reports a bug in the worker. */
  | { readonly id: number; readonly fault: string };
