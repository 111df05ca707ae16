// The public header of a vault (docs/protocol.md clause 10.1): its units, keys, quota and validity,
// and what the page needs to open the sealed part. The AS signs all of it. It contains no secret.
import type { KeyFacts } from '../as-unit/memory.ts';
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import type { Argon2Cost } from '../crypto/argon2.ts';
import {
  array,
  boolean,
  envelope,
  integer,
  nullable,
  object,
  octets,
  oneOf,
  printable,
  refused,
  text,
} from '../json/read.ts';
import type { KeyJson, SetJson } from '../service/messages.ts';
import type { Envelope } from '../signing/envelope.ts';
import { NO_ATTRIBUTES } from '../tkl/header.ts';
import { isSuiteId, type KdfFamily, SUITES, type SuiteId } from '../tkl/suites.ts';
import { SALT_LENGTH } from './passphrase.ts';
import type { VaultName } from './secrets.ts';
import { readVault, time } from './shape.ts';

export const VAULT_TYPE = 'application/vnd.keyferry.vault+json';
export const VAULT_FORMAT = 1;
/** The limit keeps the vault journal small enough to be returned as one document. */
export const MAX_EXPORTS = 2000;
export const MAX_UNITS = 1000;

export interface VaultHeaderJson {
  readonly format: typeof VAULT_FORMAT;
  /** 16 bytes. */
  readonly vaultId: string;
  /** AS number of the vault itself, 1 to FFFF. HDR and receipts contain it. */
  readonly asNumber: number;
  /** The AS that issued the vault. */
  readonly service: { readonly name: string; readonly asNumber: number };
  /** The custodian who requested the vault. */
  readonly custodian: string;
  readonly issued: string;
  readonly notBefore: string;
  readonly expires: string;
  /**
   * The set, with the versions of T and the key entries that this vault serves, as in GET /v1/keys.
   */
  readonly set: SetJson;
  /** SNs as 32 hex digits, ascending; null in an open vault, which holds T. */
  readonly units: readonly string[] | null;
  readonly quota: {
    /** Maximum number of exports, over all units. */
    readonly exports: number;
    /** Maximum number of exports per SN; null when only `exports` limits them. */
    readonly perUnit: number | null;
  };
  /** Certificates of the key that signs DATA and of the key that signs the vault journal. */
  readonly dataCertificate: Envelope;
  readonly journalCertificate: Envelope;
  readonly argon2id: Argon2Cost & { readonly salt: string };
  readonly sealed: { readonly length: number; readonly sha256: string };
}

const readSuite = (value: unknown, path: string): SuiteId => {
  const id = integer(0, 0xff)(value, path);
  if (!isSuiteId(id)) throw refused(`${path} is no suite that this version knows`);
  return id;
};

const keyJson = object<KeyJson>({
  ref1: integer(0, 0xffff),
  label: printable(200),
  attributes: text(/^([\x20-\x7E]{7})?$/, 'ATTR'),
  akv: integer(1, 0xfffffffe),
  slot: integer(0, 0xffff),
  kcv: text(/^[0-9A-F]{10}$/, '10 hex digits'),
});

const setJson = object<SetJson>({
  set: integer(1, 0xffffffff),
  name: printable(200),
  profile: oneOf('shared', 'diversified'),
  demo: boolean,
  transportKeys: array(object({ tkv: integer(1, 0xff), suites: array(readSuite, 1, 8) }), 1, 0xff),
  keys: array(keyJson, 1, 1000),
});

const headerJson = object<VaultHeaderJson>({
  format: (value) => {
    if (value !== VAULT_FORMAT) throw refused('This vault is of a format that this version does not know.');
    return value;
  },
  vaultId: octets(16, 16),
  asNumber: integer(1, 0xffff),
  service: object<VaultHeaderJson['service']>({ name: printable(200), asNumber: integer(0, 0xffff) }),
  custodian: printable(200),
  issued: time,
  notBefore: time,
  expires: time,
  set: setJson,
  units: nullable(array(text(/^[0-9A-F]{32}$/, '32 hex digits'), 1, MAX_UNITS)),
  quota: object<VaultHeaderJson['quota']>({
    exports: integer(1, MAX_EXPORTS),
    perUnit: nullable(integer(1, MAX_EXPORTS)),
  }),
  dataCertificate: envelope,
  journalCertificate: envelope,
  // requireCost() checks the bounds, with its own error code.
  argon2id: object<VaultHeaderJson['argon2id']>({
    memoryKib: integer(0, 0xffffffff),
    passes: integer(0, 0xffffffff),
    lanes: integer(0, 0xffffffff),
    salt: octets(SALT_LENGTH, SALT_LENGTH),
  }),
  sealed: object<VaultHeaderJson['sealed']>({ length: integer(1, 1 << 24), sha256: octets(32, 32) }),
});

/** Reads a header; the caller has verified its signature. @throws ProtocolError vault-malformed */
export function decodeVaultHeader(value: unknown): VaultHeaderJson {
  return readVault(() => headerJson(value, 'header'));
}

export function vaultName({ vaultId, asNumber }: VaultHeaderJson): VaultName {
  return { vaultId: fromBase64url(vaultId), asNumber };
}

/** The salt and cost for deriveVaultKey(). */
export function vaultCost({ argon2id: { salt, ...cost } }: VaultHeaderJson): Argon2Cost & { readonly salt: Bytes } {
  return { ...cost, salt: fromBase64url(salt) };
}

/** The KDF family of a version of T; undefined when the vault does not serve that version. */
export function familyOf({ set }: VaultHeaderJson, tkv: number): KdfFamily | undefined {
  const suite = set.transportKeys.find((each) => each.tkv === tkv)?.suites[0];
  return suite === undefined ? undefined : SUITES[suite].family;
}

/** Converts a key entry to the type that as-unit uses. */
export function keyFactsOf({ ref1, attributes, akv, slot }: KeyJson): KeyFacts {
  return { ref1, attributes: attributes === '' ? NO_ATTRIBUTES : attributes, akv, slot };
}
