// The published demo sets, and the rule that keeps them out of real work: an AS that is not in demo mode refuses their numbers and
// their T, whatever they are called.
import { timingSafeEqual } from 'node:crypto';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';

export function isDemoSet(set: number): boolean {
  return DEMO_SETS.some((demo) => demo.set === set);
}

/** `key` has 32 bytes. */
export function isPublishedKey(key: Uint8Array): boolean {
  return DEMO_SETS.some(({ publishedTransportKey }) => timingSafeEqual(publishedTransportKey, key));
}
