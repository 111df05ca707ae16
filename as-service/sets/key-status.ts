// Decides whether the AS exports a key entry. A disabled or destroyed entry stays in its set, so
// that work orders, receipts and reports that name it remain readable.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { ApplicationKeyState, SetState } from '../storage/state.ts';
import { setLabel } from './set-access.ts';

export type KeyStatus = 'enabled' | 'disabled' | 'destroyed';

export function keyStatus({ disabled, destroyedKcv }: ApplicationKeyState): KeyStatus {
  if (destroyedKcv !== undefined) return 'destroyed';
  return disabled === true ? 'disabled' : 'enabled';
}

/** @throws ProtocolError key-unknown when the entry is disabled or destroyed */
export function requireEnabled(set: SetState, entry: ApplicationKeyState): void {
  const status = keyStatus(entry);
  if (status === 'enabled') return;
  throw new ProtocolError(
    'key-unknown',
    `REF1 ${hexNumber(entry.ref1, 4)} of ${setLabel(set)} is ${status}. Choose another key.`,
  );
}
