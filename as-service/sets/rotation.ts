// Adds the key entries of docs/protocol.md clause 8, which erase a slot or replace T. The old T
// stays in the set, for receipts and for units that have not loaded the new one.
import { NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';
import { readLabel } from '../common/checks.ts';
import { UserError } from '../common/user-error.ts';
import type { ApplicationKeyState } from '../storage/state.ts';
import { isPublishedKey } from './demo-sets.ts';
import { type NewKey, newTransportKey, replaceSet, requireNewEntry } from './sets.ts';
import type { StateChanges } from './state-changes.ts';

const MAX_TKV = 0xff;
const NO_KEY = new Uint8Array(0);

/** An entry that erases a slot. `slot` is REF2, 0000 to FFFD. */
export type NewErasing = Pick<NewKey, 'set' | 'ref1' | 'label' | 'slot'>;

export async function addErasing(as: StateChanges, actor: string, input: NewErasing): Promise<void> {
  const { set, ref1, slot } = input;
  const { nextAkv: akv } = requireNewEntry(as.state, input);
  const label = readLabel('label', input.label);
  if (slot >= TRANSPORT_KEY_SLOT) {
    throw new UserError('The slot to erase must be from 0000 to FFFD. T in slot FFFE can be replaced but not erased.');
  }
  const entry: ApplicationKeyState = { ref1, label, attributes: NO_ATTRIBUTES, akv, slot, key: NO_KEY };
  await as.change({
    event: 'erasing-added',
    actor,
    details: { set, ref1, label, akv, slot },
    next: (state) => replaceSet(state, set, (found) => ({ ...found, nextAkv: akv + 1, keys: [...found.keys, entry] })),
  });
}

export interface Rotation extends Pick<NewKey, 'set' | 'ref1' | 'label'> {
  /** The new T, 32 bytes; random if undefined. */
  readonly transportKey: Uint8Array | undefined;
}

/** Adds a new T to a set, and the entry that exports it. Resolves with the new TKV. */
export async function rotateSet(as: StateChanges, actor: string, input: Rotation): Promise<number> {
  const { set, ref1 } = input;
  const newest = requireNewEntry(as.state, input).transportKeys.at(-1);
  const label = readLabel('label', input.label);
  if (newest === undefined) throw new TypeError('the set has no transport key');
  const tkv = newest.tkv + 1;
  if (tkv > MAX_TKV) throw new UserError('This set has used transport key version 255, the last one. Add a new set.');
  const key = newTransportKey(input.transportKey);
  if (!as.demoMode && isPublishedKey(key)) {
    throw new UserError('This is the published T of a demo set. It protects nothing and is refused outside demo mode.');
  }
  const { family } = newest;
  const facts = { attributes: TRANSPORT_KEY_ATTRIBUTES, akv: tkv, slot: TRANSPORT_KEY_SLOT };
  const entry: ApplicationKeyState = { ref1, label, ...facts, key: NO_KEY };
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
