// Names of slots and check values on screen.
import { TRANSPORT_KEY_SLOT } from '../../state/station/key-action.ts';

/** "slot 3", or "transport key" for the transport-key slot. */
export function slotName(ref2: number): string {
  return ref2 === TRANSPORT_KEY_SLOT ? 'transport key' : `slot ${ref2}`;
}

/** False for zeros, which mean that there is no key, or that each unit has its own key. */
export function isKcv(kcv: string): boolean {
  return /[^0]/.test(kcv);
}
