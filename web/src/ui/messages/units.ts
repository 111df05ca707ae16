// Word and kind for the state of a unit on a work order.
import type { ShownState } from '../../state/order-board/state-counts.ts';
import type { Kind } from './lane.ts';

export const UNIT_WORDS: Readonly<Record<ShownState, { readonly kind: Kind; readonly word: string }>> = {
  running: { kind: 'working', word: 'In progress' },
  done: { kind: 'done', word: 'Done' },
  failed: { kind: 'failed', word: 'Not loaded' },
  unknown: { kind: 'unknown', word: 'Not known' },
  aside: { kind: 'aside', word: 'Set aside' },
  absent: { kind: 'absent', word: 'Absent' },
  ready: { kind: 'waiting', word: 'Waiting' },
  unseen: { kind: 'waiting', word: 'Not seen yet' },
};

/** Words for how a unit ends when the order is closed. */
export const OUTCOME_WORDS = {
  done: 'done',
  failed: 'not loaded',
  unknown: 'not known',
  absent: 'not seen, absent in the report',
} as const;
