// What an entry of REF1 brings to a unit: an application key, the erasing of a slot, or a new T (docs/protocol.md clauses 1 and 8). ATTR
// and SLOT say which, so an entry needs no field of its own for it.
import { ANY_SLOT, NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import type { KeyFacts } from './memory.ts';

export type EntryKind = 'key' | 'erasing' | 'transport-key';

/** AKV FFFFFFFF is refused by every unit. */
const LAST_AKV = 0xfffffffe;
const LAST_TKV = 0xff;
/** What the header of an X9.143 key block can carry, and so every suite (clause 3.3). */
const KEY_ATTRIBUTES = /^[A-Z0-9]{7}$/;

export function entryKind({ attributes, slot }: Pick<KeyFacts, 'attributes' | 'slot'>): EntryKind {
  if (attributes === NO_ATTRIBUTES) return 'erasing';
  return slot === TRANSPORT_KEY_SLOT ? 'transport-key' : 'key';
}

/**
 * For the door at which entries come into an AS: nothing goes in that every unit would refuse.
 * @throws RangeError naming what an entry of its kind cannot have
 */
export function requireEntry(facts: KeyFacts): void {
  const { attributes, akv, slot } = facts;
  const kind = entryKind(facts);
  if (!Number.isInteger(akv) || akv < 1 || akv > (kind === 'transport-key' ? LAST_TKV : LAST_AKV)) {
    throw new RangeError(`an entry of kind "${kind}" cannot have AKV ${akv}`);
  }
  if (kind === 'erasing' && (slot === ANY_SLOT || slot === TRANSPORT_KEY_SLOT)) {
    throw new RangeError('an entry that erases names its slot, and T is never erased');
  }
  if (kind === 'transport-key' && attributes !== TRANSPORT_KEY_ATTRIBUTES) {
    throw new RangeError(`an entry that replaces T has ATTR ${TRANSPORT_KEY_ATTRIBUTES}`);
  }
  if (kind === 'key' && !KEY_ATTRIBUTES.test(attributes)) {
    throw new RangeError('ATTR has 7 upper-case letters and digits');
  }
}
