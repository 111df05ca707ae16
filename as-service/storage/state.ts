// What the AS service is, apart from its exports: its sets with T, its keys TA, its signing keys and its operators. Kept in one sealed
// file that is replaced as a whole; the exports live in the audit log.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import type { CertificateJson, Profile, Role } from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

/** A vault's own keys are in the vault and nowhere else. */
export type SigningPurpose = Exclude<CertificateJson['purpose'], 'vault-journal'>;

export interface SigningKeyState {
  readonly publicKey: Bytes;
  /** Ed25519 seed, 32 bytes. Secret. */
  readonly secretKey: Bytes;
}

export interface TransportKeyState {
  readonly tkv: number;
  readonly family: KdfFamily;
  /** T, 32 bytes. Secret. */
  readonly key: Bytes;
}

/** An entry of REF1: a key, or what docs/protocol.md clause 8 makes of one. */
export interface ApplicationKeyState {
  readonly ref1: number;
  readonly label: string;
  /** NO_ATTRIBUTES where it erases. */
  readonly attributes: string;
  readonly akv: number;
  readonly slot: number;
  /** TA, 16, 24 or 32 bytes; empty where it erases or replaces T. Secret. */
  readonly key: Bytes;
}

export interface SetState {
  readonly set: number;
  readonly name: string;
  readonly profile: Profile;
  readonly transportKeys: readonly TransportKeyState[];
  readonly keys: readonly ApplicationKeyState[];
  /** AKV of the next key: one counter per set, so that (SET, AKV) names one TA for ever. */
  readonly nextAkv: number;
  /** SNs as 32 hex digits; null admits every unit that proves that it belongs to the set. */
  readonly units: readonly string[] | null;
  /** Exports per unit, ever; null is no limit. */
  readonly quotaPerUnit: number | null;
}

export interface TokenState {
  /** SHA-256 of the token, 32 bytes. */
  readonly hash: Bytes;
  readonly expires: string;
}

export interface OperatorState {
  readonly name: string;
  readonly role: Role;
  /** SETs that this operator may export from; null is all of them. */
  readonly sets: readonly number[] | null;
  /** Exports, ever; null is no limit. */
  readonly quota: number | null;
  /** May export within work orders of this service only. */
  readonly ordersOnly?: boolean;
  readonly tokens: readonly TokenState[];
  /** The operator that the embedded mode made for whoever started the service. */
  readonly embedded: boolean;
}

export interface State {
  /** One more with each change; the audit log names it, so that an older state put back is noticed. */
  readonly revision: number;
  readonly asNumber: number;
  readonly name: string;
  readonly root: SigningKeyState;
  readonly signingKeys: Readonly<Record<SigningPurpose, SigningKeyState>>;
  /** The root's word on each signing key, those of earlier keys included. */
  readonly certificates: readonly Envelope[];
  readonly sets: readonly SetState[];
  readonly operators: readonly OperatorState[];
}

const OCTETS = '$octets';

/** JSON in UTF-8; octet strings as {"$octets": base64url}. The caller wipes the result. */
export function encodeState(state: State): Uint8Array {
  return Buffer.from(
    JSON.stringify(state, (_name, value: unknown) =>
      value instanceof Uint8Array ? { [OCTETS]: toBase64url(value) } : value,
    ),
  );
}

/** Only for octets that were authenticated: what we wrote ourselves needs no second look. */
export function decodeState(octets: Uint8Array): State {
  return JSON.parse(Buffer.from(octets).toString('utf8'), (_name, value: unknown) =>
    isEncodedOctets(value) ? fromBase64url(value[OCTETS]) : value,
  ) as State;
}

function isEncodedOctets(value: unknown): value is { readonly [OCTETS]: string } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, OCTETS);
}

/** Every secret of the state, to be wiped or searched for. */
export function* secretsOf(state: State): Generator<Bytes> {
  yield state.root.secretKey;
  for (const { secretKey } of Object.values(state.signingKeys)) yield secretKey;
  for (const { transportKeys, keys } of state.sets) {
    for (const { key } of transportKeys) yield key;
    for (const { key } of keys) yield key;
  }
}
