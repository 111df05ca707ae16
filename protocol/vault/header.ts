// The public header of a vault (docs/protocol.md clause 10.1): what it is for, how much of it there is and until when, and what a page
// must know of the sealed part before it opens it. All of it is signed by the AS. No secret is in it.
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
/** A journal is returned as one document, so a vault serves a job and not a year. */
export const MAX_EXPORTS = 2000;
export const MAX_UNITS = 1000;

export interface VaultHeaderJson {
  readonly format: typeof VAULT_FORMAT;
  /** 16 octets. */
  readonly vaultId: string;
  /** Of the vault itself, 1 to FFFF: it stands in HDR and in receipts. */
  readonly asNumber: number;
  /** Who issued it. */
  readonly service: { readonly name: string; readonly asNumber: number };
  /** Who asked for it. */
  readonly custodian: string;
  readonly issued: string;
  readonly notBefore: string;
  readonly expires: string;
  /** The set with the versions of T and the entries of REF1 that this vault serves, as GET /v1/keys shows them. */
  readonly set: SetJson;
  /** SNs as 32 hex digits, rising; null in an open vault, which holds T. */
  readonly units: readonly string[] | null;
  readonly quota: {
    /** Exports in all. */
    readonly exports: number;
    /** Exports per SN; null is no limit but the one above. */
    readonly perUnit: number | null;
  };
  /** The root's word on the key that signs DATA, and on the one that signs the journal. */
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
  // Their bounds are checked by requireCost(), which has a code of its own.
  argon2id: object<VaultHeaderJson['argon2id']>({
    memoryKib: integer(0, 0xffffffff),
    passes: integer(0, 0xffffffff),
    lanes: integer(0, 0xffffffff),
    salt: octets(SALT_LENGTH, SALT_LENGTH),
  }),
  sealed: object<VaultHeaderJson['sealed']>({ length: integer(1, 1 << 24), sha256: octets(32, 32) }),
});

/** For a payload whose signature was verified. @throws ProtocolError vault-malformed */
export function decodeVaultHeader(value: unknown): VaultHeaderJson {
  return readVault(() => headerJson(value, 'header'));
}

export function vaultName({ vaultId, asNumber }: VaultHeaderJson): VaultName {
  return { vaultId: fromBase64url(vaultId), asNumber };
}

/** What deriveVaultKey() needs. */
export function vaultCost({ argon2id: { salt, ...cost } }: VaultHeaderJson): Argon2Cost & { readonly salt: Bytes } {
  return { ...cost, salt: fromBase64url(salt) };
}

/** The KDF family of a version of T that the vault serves, or undefined. */
export function familyOf({ set }: VaultHeaderJson, tkv: number): KdfFamily | undefined {
  const suite = set.transportKeys.find((each) => each.tkv === tkv)?.suites[0];
  return suite === undefined ? undefined : SUITES[suite].family;
}

/** An entry of REF1 as as-unit has it. */
export function keyFactsOf({ ref1, attributes, akv, slot }: KeyJson): KeyFacts {
  return { ref1, attributes: attributes === '' ? NO_ATTRIBUTES : attributes, akv, slot };
}
