// Word and kind for the outcome of a unit on a work order.
import type { Kind } from './lane.ts';

export const UNIT_WORDS: Readonly<
  Record<
    'running' | 'done' | 'failed' | 'unknown' | 'absent' | 'unseen',
    { readonly kind: Kind; readonly word: string }
  >
> = {
  running: { kind: 'working', word: 'In progress' },
  done: { kind: 'done', word: 'Done' },
  failed: { kind: 'failed', word: 'Not loaded' },
  unknown: { kind: 'unknown', word: 'Not known' },
  absent: { kind: 'waiting', word: 'Absent' },
  unseen: { kind: 'waiting', word: 'Not seen yet' },
};
