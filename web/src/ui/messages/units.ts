// How a unit of a work order ended, in one word and one shape.
import type { Kind } from './lane.ts';

export const UNIT_WORDS: Readonly<
  Record<
    'running' | 'done' | 'failed' | 'unknown' | 'absent' | 'unseen',
    { readonly kind: Kind; readonly word: string }
  >
> = {
  running: { kind: 'working', word: 'Under way' },
  done: { kind: 'done', word: 'Done' },
  failed: { kind: 'failed', word: 'Not loaded' },
  unknown: { kind: 'unknown', word: 'Not known' },
  absent: { kind: 'waiting', word: 'Will not come' },
  unseen: { kind: 'waiting', word: 'Not seen yet' },
};
