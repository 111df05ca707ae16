// The public header of a vault: set, units, quota, validity and Argon2id cost. It is the payload of
// a signed envelope in the vault file (docs/protocol.md clause 10.1) and contains no secret.
import * as v from 'valibot';
import type { KeyFacts } from '../as-unit/memory.ts';
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import { documentEnvelopeSchema, readDocument } from '../json/document.ts';
import { anySerialNumber } from '../json/fields.ts';
import { bytes, integer, type Json, list } from '../json/schema.ts';
import { hash, type KeyJson, keySchema, name, setSchema, suite, tkv } from '../service/messages.ts';
import { NO_ATTRIBUTES } from '../tkl/header.ts';
import { type KdfFamily, SUITES } from '../tkl/suites.ts';
import { vaultTime } from './fields.ts';
import { SALT_LENGTH } from './passphrase.ts';
import type { VaultName } from './secrets.ts';

export const VAULT_TYPE = 'application/vnd.keyferry.vault+json';
export const VAULT_FORMAT = 1;
/**
 * Maximum number of exports of a vault. Limits the size of the vault journal, which is returned as
 * one document.
 */
export const MAX_EXPORTS = 2000;
export const MAX_UNITS = 1000;

const vaultSetSchema = v.object({
  ...setSchema.entries,
  transportKeys: list(v.object({ tkv, suites: list(suite, 1, 8) }), 1, 0xff),
  keys: list(keySchema, 1, 1000),
});

const exportNumber = integer(1, MAX_EXPORTS);
/** Any 32-bit number. requireCost() checks the bounds later. */
const cost = integer(0, 0xffffffff);

const vaultHeaderSchema = v.object({
  format: v.picklist([VAULT_FORMAT]),
  vaultId: bytes(16),
  /** AS number of the vault itself, which HDR and receipts contain. */
  asNumber: integer(1, 0xffff),
  /** The AS that issued the vault. */
  service: v.object({ name, asNumber: integer(0, 0xffff) }),
  /** The custodian who requested the vault. */
  custodian: name,
  issued: vaultTime,
  notBefore: vaultTime,
  expires: vaultTime,
  /** The set, with the versions of T and the key entries that this vault serves. */
  set: vaultSetSchema,
  /** Ascending SNs; null in an open vault, which holds T. */
  units: v.nullable(list(anySerialNumber, 1, MAX_UNITS)),
  quota: v.object({
    /** Maximum number of exports. */
    exports: exportNumber,
    /** Maximum number of exports per SN; null sets no limit per SN. */
    perUnit: v.nullable(exportNumber),
  }),
  /** The certificates, signed by the root, of the keys that sign DATA and the vault journal. */
  dataCertificate: documentEnvelopeSchema,
  journalCertificate: documentEnvelopeSchema,
  argon2id: v.object({ memoryKib: cost, passes: cost, lanes: cost, salt: bytes(SALT_LENGTH) }),
  sealed: v.object({ length: integer(1, 1 << 24), sha256: hash }),
});
export type VaultHeaderJson = Json<typeof vaultHeaderSchema>;

/** Decodes the payload of a verified envelope. @throws ProtocolError vault-malformed */
export function decodeVaultHeader(value: unknown): VaultHeaderJson {
  return readDocument(vaultHeaderSchema, value, 'header', 'vault-malformed');
}

export function vaultName({ vaultId, asNumber }: VaultHeaderJson): VaultName {
  return { vaultId: fromBase64url(vaultId), asNumber };
}

/** Returns cost and salt for deriveVaultKey(). */
export function vaultCost({ argon2id: { salt, ...cost } }: VaultHeaderJson): Argon2Cost & { readonly salt: Bytes } {
  return { ...cost, salt: fromBase64url(salt) };
}

/** Returns the KDF family of a version of T; undefined if the vault does not serve it. */
export function familyOf({ set }: VaultHeaderJson, tkv: number): KdfFamily | undefined {
  const suite = set.transportKeys.find((each) => each.tkv === tkv)?.suites[0];
  return suite === undefined ? undefined : SUITES[suite].family;
}

/** Converts a key entry for protocol/as-unit. */
export function keyFactsOf({ ref1, attributes, akv, slot }: KeyJson): KeyFacts {
  return { ref1, attributes: attributes === '' ? NO_ATTRIBUTES : attributes, akv, slot };
}
