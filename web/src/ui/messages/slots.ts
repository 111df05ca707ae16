// Names of slots and check values on screen.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { TRANSPORT_KEY_SLOT } from '../../state/station/key-action.ts';
import { t } from '../../text/t.ts';

/** Slots have hex digits in every document and on the command line, so also on screen. */
export const slotNumber = (ref2: number): string => hexNumber(ref2);

/** "slot 3", or "transport key" for the transport-key slot. */
export function slotName(ref2: number): string {
  const number = slotNumber(ref2);
  return ref2 === TRANSPORT_KEY_SLOT ? t`transport key` : t`slot ${number}`;
}

/** False for zeros, which mean that there is no key, or that each unit has its own key. */
export function isKcv(kcv: string): boolean {
  return /[^0]/.test(kcv);
}
