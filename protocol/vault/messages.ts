// The messages about vaults between a client and the service (docs/protocol.md clauses 6 and 10),
// with the conventions of protocol/service/messages.ts.
import * as v from 'valibot';
import { envelopeSchema } from '../json/envelope.ts';
import { bytes, custom, integer, type Json, list, printable, text, time } from '../json/schema.ts';
import { name, ref1, set, signedLog } from '../service/messages.ts';
import { MAX_EXPORTS, MAX_UNITS } from './header.ts';
import { MAX_ENTRIES } from './journal.ts';

export const MAX_KEYS = 1000;

const anyText = text(/./, 'a text');
const count = integer(0, Number.MAX_SAFE_INTEGER);
export const exportNumber = integer(1, MAX_EXPORTS);
export const exportsPerUnit = v.nullable(exportNumber);

/** A vault as the service lists it, without any secret. */
const vaultSchema = v.object({
  vaultId: bytes(16),
  asNumber: integer(1, 0xffff),
  set,
  ref1: list(ref1, 0, MAX_KEYS),
  /** Number of units; null for an open vault. */
  units: v.nullable(integer(1, MAX_UNITS)),
  exports: exportNumber,
  exportsPerUnit,
  custodian: name,
  issued: time,
  expires: time,
  revoked: v.nullable(time),
  /** When the vault journal was last returned. */
  returned: v.nullable(time),
  /** Number of exports, and of receipts, in all returned journals. */
  exportsSeen: count,
  receiptsSeen: count,
});
export type VaultJson = Json<typeof vaultSchema>;

/** Answer of POST /v1/vaults. */
export const vaultAnswerSchema = v.object({
  /** Text of the vault file. The client stores it unchanged. */
  file: anyText,
  /** Sent only once, because the service does not store the passphrase. */
  passphrase: anyText,
  vault: vaultSchema,
  ...signedLog,
});
export type VaultAnswerJson = Json<typeof vaultAnswerSchema>;

/** Answer of GET /v1/vaults, newest vault first. */
export const vaultsSchema = v.object({ vaults: v.array(vaultSchema) });
export type VaultsJson = Json<typeof vaultsSchema>;

/** Answer of POST /v1/vaults/{vaultId}/revoke. */
export const vaultRevokedSchema = v.object({ vault: vaultSchema, ...signedLog });
export type VaultRevokedJson = Json<typeof vaultRevokedSchema>;

/** One check, because v.record() and v.union() would be loaded before the first key (docs/adr/0050). */
const findingValues = custom<Record<string, string | number>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((each) => typeof each === 'string' || typeof each === 'number'),
  'an object of texts and numbers',
  { type: 'object' },
);

const vaultFindingSchema = v.object({
  /** True if the custodian must investigate the finding. */
  grave: v.boolean(),
  /** A kind of findings.ts, and the values of its sentence. A newer AS may have other kinds. */
  kind: printable(100),
  values: findingValues,
  /** The finding as an English sentence. */
  words: printable(2000),
});
export type VaultFindingJson = Json<typeof vaultFindingSchema>;

/** Answer of POST /v1/vaults/{vaultId}/journal. */
export const vaultReportSchema = v.object({
  vault: vaultSchema,
  /** How many entries, exports and receipts the returned journal contains. */
  entries: count,
  exports: count,
  receipts: count,
  findings: list(vaultFindingSchema, 0, MAX_ENTRIES),
  /** One verdict, with payload VerdictJson, for each authentic receipt in the journal. */
  verdicts: list(v.object({ xc: integer(1, 0xffffffff), verdict: envelopeSchema }), 0, MAX_ENTRIES),
  ...signedLog,
});
export type VaultReportJson = Json<typeof vaultReportSchema>;
