// What an import does to the unit: it loads a key, erases a slot or renews the transport key (docs/protocol.md clause 8).
import { TRANSPORT_KEY_SLOT } from '#protocol/tkl/header.ts';

export { TRANSPORT_KEY_SLOT };

export type KeyAction = 'load' | 'erase' | 'renew';

const NO_KCV = /^0+$/;

/** By the slot and the KCV of an entry of the AS, of an attempt or of a receipt; zero where there is no key. */
export function actOf(slot: number, kcv: string): KeyAction {
  if (slot === TRANSPORT_KEY_SLOT) return 'renew';
  return NO_KCV.test(kcv) ? 'erase' : 'load';
}
