// Slots and check values as the operator reads them.
import { TRANSPORT_KEY_SLOT } from '../../state/station/key-action.ts';

/** "slot 3", or the one that no unit lists. */
export function slotName(ref2: number): string {
  return ref2 === TRANSPORT_KEY_SLOT ? 'transport key' : `slot ${ref2}`;
}

/** False of the zeros that stand where there is no key, or another one in each unit. */
export function isKcv(kcv: string): boolean {
  return /[^0]/.test(kcv);
}
