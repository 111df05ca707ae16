// Recognises the published demo sets by SET and by T. Outside demo mode the AS refuses both, so
// that no other set can use a published T.
import { timingSafeEqual } from 'node:crypto';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';

export function isDemoSet(set: number): boolean {
  return DEMO_SETS.some((demo) => demo.set === set);
}

/** Whether `key`, 32 bytes, is a published T. */
export function isPublishedKey(key: Uint8Array): boolean {
  return DEMO_SETS.some(({ publishedTransportKey }) => timingSafeEqual(publishedTransportKey, key));
}
