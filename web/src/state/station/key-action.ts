// What an import does to the unit: it loads a key, erases a slot or replaces the transport
// key (docs/protocol.md clause 8).
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';

export { TRANSPORT_KEY_SLOT };

export type KeyAction = 'load' | 'erase' | 'replace';

const NO_KCV = /^0+$/;

/**
 * Derives the action from the slot and the KCV of a key entry, an attempt or a receipt. A KCV of
 * zeros means no key.
 */
export function keyActionOf(slot: number, kcv: string): KeyAction {
  if (slot === TRANSPORT_KEY_SLOT) return 'replace';
  return NO_KCV.test(kcv) ? 'erase' : 'load';
}
