// The state of the service: sets with T and TA, signing keys and operators. It is stored in one
// sealed file. Exports, work orders and vaults are not part of it: the audit log records them.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import type { CertificateJson, Profile, Role } from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';

/**
 * Purposes of the signing keys of the service. The key for a vault journal is in the vault only.
 */
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

/** A key entry: TA, an instruction to erase a slot, or a new T (docs/protocol.md clause 8). */
export interface ApplicationKeyState {
  readonly ref1: number;
  readonly label: string;
  /** ATTR; NO_ATTRIBUTES in an entry that erases a slot. */
  readonly attributes: string;
  readonly akv: number;
  /** REF2; FFFF for any slot. */
  readonly slot: number;
  /**
   * TA, 16, 24 or 32 bytes. Empty if the entry erases a slot or replaces T, or if TA is destroyed.
   * Secret.
   */
  readonly key: Bytes;
  /** Whether the AS refuses to export the entry. */
  readonly disabled?: true;
  /** KCV of a destroyed TA, 10 hex digits. */
  readonly destroyedKcv?: string;
}

export interface SetState {
  readonly set: number;
  readonly name: string;
  readonly profile: Profile;
  readonly transportKeys: readonly TransportKeyState[];
  readonly keys: readonly ApplicationKeyState[];
  /** AKV of the next key. One counter per set, so that a pair (SET, AKV) names one TA only. */
  readonly nextAkv: number;
  /** SNs as 32 hex digits; null admits every unit that proves its membership by CHM. */
  readonly units: readonly string[] | null;
  /** Maximum number of exports per unit; null sets no limit. */
  readonly quotaPerUnit: number | null;
}

export interface AccessCodeState {
  /** SHA-256 of the access code, 32 bytes. */
  readonly hash: Bytes;
  /** Undefined in a state of versions up to 0.1.0. */
  readonly issued?: string;
  readonly expires: string;
}

export interface OperatorState {
  readonly name: string;
  readonly role: Role;
  /** SET of each set that this operator may use; null permits all sets. */
  readonly sets: readonly number[] | null;
  /** Maximum number of exports; null sets no limit. */
  readonly quota: number | null;
  /** Whether the operator may export within work orders only. */
  readonly ordersOnly?: boolean;
  /** Whether the operator gets no access codes. */
  readonly disabled?: true;
  /** Access codes. The file format calls them tokens. */
  readonly tokens: readonly AccessCodeState[];
  /** Whether the embedded mode created this operator. */
  readonly embedded: boolean;
}

/** The position of an entry in the audit log. */
export interface LogPosition {
  /** 0 stands for the beginning of the log. */
  readonly sequence: number;
  readonly hash: string;
}

export interface State {
  /**
   * Number of changes. The audit log records this number too, so a restored older state file is
   * detected.
   */
  readonly revision: number;
  /**
   * The last entry of the audit log without a MAC. Versions up to 0.1.0 wrote such entries. A state
   * file of these versions lacks this member.
   */
  readonly unauthenticated?: LogPosition;
  readonly asNumber: number;
  readonly name: string;
  readonly root: SigningKeyState;
  readonly signingKeys: Readonly<Record<SigningPurpose, SigningKeyState>>;
  /**
   * Keys before the present one, newest first. Each signs the verdicts on receipts that were
   * accepted while its certificate was valid.
   */
  readonly earlierVerdictKeys?: readonly SigningKeyState[];
  /** One certificate for each signing key, earlier keys included. */
  readonly certificates: readonly Envelope[];
  readonly sets: readonly SetState[];
  readonly operators: readonly OperatorState[];
  /** Serial number of the last site file; undefined if there is none. */
  readonly siteSerial?: number;
}

/** Member name of an encoded byte string: {"$octets": base64url}. */
const BYTES = '$octets';

/** Encodes the state as JSON in UTF-8. The caller wipes the result. */
export function encodeState(state: State): Uint8Array {
  return Buffer.from(
    JSON.stringify(state, (_name, value: unknown) =>
      value instanceof Uint8Array ? { [BYTES]: toBase64url(value) } : value,
    ),
  );
}

/**
 * Decodes a state. Does not check its shape, so `content` must be authenticated. The caller wipes
 * `content`.
 */
export function decodeState(content: Uint8Array): State {
  // A view of the bytes, because a copy would have to be wiped too.
  const view = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return JSON.parse(view.toString('utf8'), (_name, value: unknown) =>
    isEncodedBytes(value) ? fromBase64url(value[BYTES]) : value,
  ) as State;
}

function isEncodedBytes(value: unknown): value is { readonly [BYTES]: string } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, BYTES);
}

/** Wipes the secret keys of `state`, except those that `kept` also uses. */
export function wipeSecrets(state: State, kept?: State): void {
  const used = new Set(kept === undefined ? [] : secretsOf(kept));
  for (const secret of secretsOf(state)) if (!used.has(secret)) wipe(secret);
}

/** Yields every secret key in the state. The arrays are not copies. */
export function* secretsOf(state: State): Generator<Bytes> {
  yield state.root.secretKey;
  for (const { secretKey } of Object.values(state.signingKeys)) yield secretKey;
  for (const { secretKey } of state.earlierVerdictKeys ?? []) yield secretKey;
  for (const { transportKeys, keys } of state.sets) {
    for (const { key } of transportKeys) yield key;
    for (const { key } of keys) yield key;
  }
}
