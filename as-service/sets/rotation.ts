// What docs/protocol.md clause 8 adds to a set: entries that erase a slot, and a new T with the entry that brings it to the units. Both
// are exported, counted and proved like any key; the old T stays, for the receipts and for units that were not reached yet.
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { requireLabel } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { ApplicationKeyState } from '../storage/state.ts';
import { isPublishedKey } from './demo-sets.ts';
import { newTransportKey, replaceSet, requireNewRef1, requireSet } from './sets.ts';
import type { StateChanges } from './state-changes.ts';

const LAST_TKV = 0xff;
const NO_KEY = new Uint8Array(0);

export interface NewErasing {
  readonly set: number;
  readonly ref1: number;
  readonly label: string;
  /** REF2 of the slot: an erasing names one. */
  readonly slot: number;
}

export async function addErasing(
  as: StateChanges,
  actor: string,
  { set, ref1, label, slot }: NewErasing,
): Promise<void> {
  const before = requireSet(as.state, set);
  requireLabel('label', label);
  requireNewRef1(before, ref1);
  if (slot >= TRANSPORT_KEY_SLOT) {
    throw new UserError('An erasing names its slot, from 0000 to FFFD. T in slot FFFE is replaced, never erased.');
  }
  const akv = before.nextAkv;
  const entry: ApplicationKeyState = { ref1, label, attributes: NO_ATTRIBUTES, akv, slot, key: NO_KEY };
  await as.change({
    event: 'erasing-added',
    actor,
    details: { set, ref1, label, akv, slot },
    next: (state) => replaceSet(state, set, (found) => ({ ...found, nextAkv: akv + 1, keys: [...found.keys, entry] })),
  });
}

export interface Rotation {
  readonly set: number;
  readonly ref1: number;
  readonly label: string;
  /** The new T, 32 bytes; random when it is not given. */
  readonly transportKey: Uint8Array | undefined;
}

/** Resolves with the new TKV. */
export async function rotateSet(
  as: StateChanges,
  actor: string,
  { set, ref1, label, transportKey }: Rotation,
): Promise<number> {
  const before = requireSet(as.state, set);
  requireLabel('label', label);
  requireNewRef1(before, ref1);
  const newest = before.transportKeys.at(-1);
  if (newest === undefined) throw new TypeError('every set has a transport key');
  const tkv = newest.tkv + 1;
  if (tkv > LAST_TKV) throw new UserError('This set has used its last transport key version, 255. Make a new set.');
  const key = newTransportKey(transportKey);
  if (!as.demoMode && isPublishedKey(key)) {
    throw new UserError('This is the published T of a demo set, which protects nothing: refused outside demo mode.');
  }
  const { family } = newest;
  const entry: ApplicationKeyState = {
    ref1,
    label,
    attributes: TRANSPORT_KEY_ATTRIBUTES,
    akv: tkv,
    slot: TRANSPORT_KEY_SLOT,
    key: NO_KEY,
  };
  await as.change({
    event: 'set-rotated',
    actor,
    details: { set, ref1, label, tkv, family },
    next: (state) =>
      replaceSet(state, set, (found) => ({
        ...found,
        transportKeys: [...found.transportKeys, { tkv, family, key }],
        keys: [...found.keys, entry],
      })),
  });
  return tkv;
}
