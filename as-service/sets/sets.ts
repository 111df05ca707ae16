// Changes sets and keys on behalf of an administrator. Each function checks its input, throws a
// UserError for the terminal, and makes one change that the audit log records.
import { getRandomValues } from 'node:crypto';
import { type Bytes, copy, isZero, wipe } from '#protocol/bytes/bytes.ts';
import { hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { Profile } from '#protocol/service/messages.ts';
import { isAttributes } from '#protocol/tkl/attributes.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { ANY_SLOT, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import type { KdfFamily } from '#protocol/tkl/suites.ts';
import { readLabel, requireNumber, requireSerialNumber } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import { writeOutputFile } from '../storage/output-file.ts';
import type { SetState, State } from '../storage/state.ts';
import { isDemoSet, isPublishedKey } from './demo-sets.ts';
import { setLabel } from './set-access.ts';
import type { StateChanges } from './state-changes.ts';

export interface NewSet {
  readonly set: number;
  readonly name: string;
  readonly profile: Profile;
  readonly family: KdfFamily;
  readonly tkv: number;
  /** T, 32 bytes; random if undefined. */
  readonly transportKey: Uint8Array | undefined;
  /** SNs; null admits every unit that proves its membership by CHM. */
  readonly units: readonly string[] | null;
  readonly quotaPerUnit: number | null;
}

export async function addSet(as: StateChanges, actor: string, input: NewSet): Promise<void> {
  const { set, profile, family, tkv, units, quotaPerUnit } = input;
  const name = readLabel('name', input.name);
  requireNumber('SET', set, 1, 0xffffffff);
  requireNumber('TKV', tkv, 1, 0xff);
  if (quotaPerUnit !== null) requireNumber('quota', quotaPerUnit, 1, 0xffffffff);
  const existing = as.state.sets.find((each) => each.set === set);
  if (existing !== undefined) throw new UserError(`There is already a ${setLabel(existing)}.`);
  const admitted = units?.map(requireSerialNumber) ?? null;
  const key = newTransportKey(input.transportKey);
  if (!as.demoMode && (isDemoSet(set) || isPublishedKey(key))) {
    throw new UserError('This is a demo set or its published T. It protects nothing and is refused outside demo mode.');
  }
  const created: SetState = {
    set,
    name,
    profile,
    transportKeys: [{ tkv, family, key }],
    keys: [],
    nextAkv: 1,
    units: admitted,
    quotaPerUnit,
  };
  await as.change({
    event: 'set-added',
    actor,
    details: { set, name, profile, family, tkv, units: units?.length ?? null, quotaPerUnit },
    next: (state) => ({ ...state, sets: [...state.sets, created] }),
  });
}

/**
 * Adds units to the list of a set. If `units` is null, removes the list, so that the set admits
 * every unit that has T or K_D.
 */
export async function allowUnits(
  as: StateChanges,
  actor: string,
  set: number,
  units: readonly string[] | null,
): Promise<void> {
  requireSet(as.state, set);
  const added = units?.map(requireSerialNumber) ?? null;
  await as.change({
    event: 'units-allowed',
    actor,
    details: { set, units: added?.join(' ') ?? 'any' },
    next: (state) =>
      replaceSet(state, set, (before) => ({
        ...before,
        units: added === null ? null : [...new Set([...(before.units ?? []), ...added])],
      })),
  });
}

/** Changes how many exports each unit may have, earlier exports included. Null sets no limit. */
export async function limitSet(
  as: StateChanges,
  actor: string,
  set: number,
  quotaPerUnit: number | null,
): Promise<void> {
  requireSet(as.state, set);
  if (quotaPerUnit !== null) requireNumber('quota', quotaPerUnit, 1, 0xffffffff);
  await as.change({
    event: 'set-limited',
    actor,
    details: { set, quotaPerUnit },
    next: (state) => replaceSet(state, set, (before) => ({ ...before, quotaPerUnit })),
  });
}

/**
 * Removes a set and its keys from the state, whose change wipes them. `requireUnused` throws if
 * the set is in use. It is called while no export is in progress.
 */
export async function destroySet(
  as: StateChanges,
  actor: string,
  set: number,
  requireUnused: () => void,
): Promise<void> {
  const { name, keys } = requireSet(as.state, set);
  await as.change({
    event: 'set-destroyed',
    actor,
    details: { set, name, keys: keys.length },
    next: (state) => {
      requireUnused();
      return { ...state, sets: state.sets.filter((each) => each.set !== set) };
    },
  });
}

export interface NewKey {
  readonly set: number;
  readonly ref1: number;
  readonly label: string;
  readonly attributes: string;
  /** REF2, or FFFF for any slot. */
  readonly slot: number;
  /** TA; `length` random bytes if undefined. */
  readonly key: Uint8Array | undefined;
  readonly length: number;
}

export async function addKey(as: StateChanges, actor: string, input: NewKey): Promise<void> {
  const { set, ref1, attributes, slot } = input;
  const { nextAkv: akv } = requireNewEntry(as.state, input);
  const label = readLabel('label', input.label);
  requireNumber('slot', slot, 0, ANY_SLOT);
  if (slot === TRANSPORT_KEY_SLOT)
    throw new UserError('Slot FFFE contains the transport key and takes no application key.');
  if (!isAttributes(attributes)) {
    throw new UserError(
      `"${attributes}" is not an attribute field. Type 7 upper-case letters and digits, like D0AB00N.`,
    );
  }
  const length = input.key?.length ?? input.length;
  if (![16, 24, 32].includes(length) || (input.key !== undefined && isZero(input.key))) {
    throw new UserError('An application key has 16, 24 or 32 bytes, not all zero.');
  }
  const key = input.key === undefined ? getRandomValues(new Uint8Array(length)) : copy(input.key);
  const kcv = toHex(keyCheckValue(attributes, key).value);
  await as.change({
    event: 'key-added',
    actor,
    details: { set, ref1, label, attributes, akv, slot, kcv },
    next: (state) =>
      replaceSet(state, set, (found) => ({
        ...found,
        nextAkv: akv + 1,
        keys: [...found.keys, { ref1, label, attributes, akv, slot, key }],
      })),
  });
}

/**
 * Writes the secret of one unit to a new file of mode 0600: K_D for a diversified set, T for a
 * shared one. T of a diversified set never leaves the AS (docs/protocol.md clause 3.9).
 * @throws UserError when the file exists
 */
export async function writeDeviceKey(
  as: StateChanges,
  actor: string,
  { set, sn, path }: { readonly set: number; readonly sn: string; readonly path: string },
): Promise<{ readonly profile: Profile; readonly tkv: number }> {
  const found = requireSet(as.state, set);
  const transportKey = found.transportKeys.at(-1);
  if (transportKey === undefined) throw new TypeError('the set has no transport key');
  const normalised = requireSerialNumber(sn);
  const unit = { set, tkv: transportKey.tkv, sn: Buffer.from(normalised, 'hex') };
  const secret =
    found.profile === 'shared' ? copy(transportKey.key) : deriveDeviceKey(transportKey.family, transportKey.key, unit);
  const text = ascii(`${toHex(secret)}\n`);
  try {
    // The log entry comes first. A crash after this line leaves an entry without a key file, which
    // is better than a key file without an entry.
    await as.log.append({
      event: 'device-key-written',
      actor,
      details: { set, tkv: transportKey.tkv, profile: found.profile, sn: normalised },
    });
    await writeOutputFile(path, text);
  } finally {
    wipe(secret, text);
  }
  return { profile: found.profile, tkv: transportKey.tkv };
}

/**
 * Returns T, 32 bytes: a copy of `given`, or random bytes if undefined.
 * @throws UserError when `given` cannot be a random T
 */
export function newTransportKey(given: Uint8Array | undefined): Bytes {
  if (given === undefined) return getRandomValues(new Uint8Array(32));
  if (given.length !== 32) throw new UserError(`T has 32 bytes, not ${given.length}.`);
  if (new Set(given).size < 8) throw new UserError('This T is not a random key: it has fewer than 8 different bytes.');
  return copy(given);
}

export function replaceSet(state: State, set: number, next: (before: SetState) => SetState): State {
  return { ...state, sets: state.sets.map((each) => (each.set === set ? next(each) : each)) };
}

export function requireSet(state: State, set: number): SetState {
  const found = state.sets.find((each) => each.set === set);
  if (found === undefined) throw new UserError(`There is no set ${hexNumber(set, 8)}. "set list" shows all sets.`);
  return found;
}

/**
 * Returns the set to which a new key entry is added.
 * @throws UserError when REF1 is used
 */
export function requireNewEntry(state: State, { set, ref1 }: Pick<NewKey, 'set' | 'ref1'>): SetState {
  const found = requireSet(state, set);
  requireNumber('REF1', ref1, 0, 0xffff);
  if (!found.keys.some((key) => key.ref1 === ref1)) return found;
  throw new UserError(`The ${setLabel(found)} already has a key with REF1 ${hexNumber(ref1, 4)}. Choose another REF1.`);
}
