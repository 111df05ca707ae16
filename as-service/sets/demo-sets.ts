// Recognises the published demo sets by SET and by T. Outside demo mode the AS refuses both, so
// that no set of another name uses a published T.
import { timingSafeEqual } from 'node:crypto';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';

export function isDemoSet(set: number): boolean {
  return DEMO_SETS.some((demo) => demo.set === set);
}

/** `key` has 32 bytes. */
export function isPublishedKey(key: Uint8Array): boolean {
  return DEMO_SETS.some(({ publishedTransportKey }) => timingSafeEqual(publishedTransportKey, key));
}
