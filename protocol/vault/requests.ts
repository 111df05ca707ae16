// The requests about vaults (docs/protocol.md clauses 6 and 10), with the conventions of
// protocol/service/messages.ts. The service refuses members that a schema does not name.
import * as v from 'valibot';
import { documentEnvelopeSchema } from '../json/document.ts';
import { anySerialNumber } from '../json/fields.ts';
import { entered } from '../json/request-fields.ts';
import { integer, type Json, list, text } from '../json/schema.ts';
import { ref1, set } from '../service/messages.ts';
import { MAX_UNITS } from './header.ts';
import { exportNumber, exportsPerUnit, MAX_KEYS } from './messages.ts';

export const MAX_VAULT_DAYS = 366;

/** Body of POST /v1/vaults, which a custodian sends. */
export const vaultRequestSchema = v.object({
  set,
  /** REF1 of each key entry that the vault will contain. */
  ref1: list(ref1, 1, MAX_KEYS),
  /** SNs; null requests an open vault, which holds T. */
  units: v.nullable(list(anySerialNumber, 1, MAX_UNITS)),
  /**
   * The exact sentence of openVaultSentence(). Required for an open vault, and refused otherwise.
   */
  confirm: v.exactOptional(text(/./, 'a sentence')),
  /** Maximum number of exports. */
  exports: exportNumber,
  exportsPerUnit,
  days: integer(1, MAX_VAULT_DAYS),
});
export type VaultRequestJson = Json<typeof vaultRequestSchema>;

/** Maximum length of the reason for a revocation, in characters. */
export const MAX_REASON_LENGTH = 200;
/** Body of POST /v1/vaults/{vaultId}/revoke. */
export const vaultRevocationSchema = v.object({ reason: entered(MAX_REASON_LENGTH) });

/** Body of POST /v1/vaults/{vaultId}/journal. */
export const vaultReturnSchema = v.object({
  /** The payload is VaultJournalJson. Signed by the vault. */
  journal: documentEnvelopeSchema,
});
