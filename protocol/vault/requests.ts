// The requests about vaults (docs/protocol.md clauses 6 and 10). Conventions as in
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

/** POST /v1/vaults, by a custodian. */
export const vaultRequestSchema = v.object({
  set,
  /** The entries of REF1 that the vault will hold. */
  ref1: list(ref1, 1, MAX_KEYS),
  /** SNs; null requests an open vault, which holds T. */
  units: v.nullable(list(anySerialNumber, 1, MAX_UNITS)),
  /**
   * For an open vault, and only for one: the sentence that openVaultSentence() gives, literally.
   */
  confirm: v.exactOptional(text(/./, 'a sentence')),
  /** Exports in all. */
  exports: exportNumber,
  exportsPerUnit,
  days: integer(1, MAX_VAULT_DAYS),
});
export type VaultRequestJson = Json<typeof vaultRequestSchema>;

/** POST /v1/vaults/{vaultId}/revoke. */
export const vaultRevocationSchema = v.object({ reason: entered(200) });

/** POST /v1/vaults/{vaultId}/journal. */
export const vaultReturnSchema = v.object({
  /** Payload VaultJournalJson, signed by the vault. */
  journal: documentEnvelopeSchema,
});
