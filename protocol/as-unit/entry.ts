// The kinds of key entry: an application key, the erasure of a slot, or the next T
// (docs/protocol.md clause 8). The kind follows from ATTR and SLOT, so an entry has no field for
// it.
import { isAttributes } from '../tkl/attributes.ts';
import { ANY_SLOT, NO_ATTRIBUTES, TRANSPORT_KEY_ATTRIBUTES, TRANSPORT_KEY_SLOT } from '../tkl/header.ts';
import type { KeyFacts } from './memory.ts';

export type EntryKind = 'key' | 'erasing' | 'transport-key';

/** Every unit refuses AKV FFFFFFFF. */
const MAX_AKV = 0xfffffffe;
const MAX_TKV = 0xff;

export function entryKind({ attributes, slot }: Pick<KeyFacts, 'attributes' | 'slot'>): EntryKind {
  if (attributes === NO_ATTRIBUTES) return 'erasing';
  return slot === TRANSPORT_KEY_SLOT ? 'transport-key' : 'key';
}

/**
 * Checks a key entry before an AS stores it. Every unit would refuse an invalid entry.
 * @throws RangeError naming the invalid field
 */
export function requireEntry(facts: KeyFacts): void {
  const { attributes, akv, slot } = facts;
  const kind = entryKind(facts);
  if (!Number.isInteger(akv) || akv < 1 || akv > (kind === 'transport-key' ? MAX_TKV : MAX_AKV)) {
    throw new RangeError(`an entry of kind "${kind}" cannot have AKV ${akv}`);
  }
  if (kind === 'erasing' && (slot === ANY_SLOT || slot === TRANSPORT_KEY_SLOT)) {
    throw new RangeError('an entry that erases needs a slot other than the transport-key slot');
  }
  if (kind === 'transport-key' && attributes !== TRANSPORT_KEY_ATTRIBUTES) {
    throw new RangeError(`an entry that replaces T needs ATTR ${TRANSPORT_KEY_ATTRIBUTES}`);
  }
  if (kind === 'key' && !isAttributes(attributes)) {
    throw new RangeError('ATTR must be 7 upper-case letters and digits');
  }
}
