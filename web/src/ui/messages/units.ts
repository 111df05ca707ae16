// Word and kind for the state of a unit on a work order.
import type { ShownState } from '../../state/order-board/state-counts.ts';
import { t } from '../../text/t.ts';
import type { Kind } from './lane.ts';

interface UnitWords {
  readonly kind: Kind;
  readonly word: string;
  /** The text after the number of units in this state. */
  readonly counted: string;
}

export const UNIT_WORDS: Readonly<Record<ShownState, UnitWords>> = {
  running: { kind: 'working', word: t`In progress`, counted: t`in progress` },
  done: { kind: 'done', word: t`Done`, counted: t`done` },
  failed: { kind: 'failed', word: t`Not loaded`, counted: t`not loaded` },
  unknown: { kind: 'unknown', word: t`Not known`, counted: t`not known` },
  aside: { kind: 'aside', word: t`Set aside`, counted: t`set aside` },
  absent: { kind: 'absent', word: t`Absent`, counted: t`absent` },
  ready: { kind: 'waiting', word: t`Waiting`, counted: t`waiting` },
  unseen: { kind: 'waiting', word: t`Not seen yet`, counted: t`not seen yet` },
};

/** Words for how a unit ends when the order is closed. */
export const OUTCOME_WORDS = {
  done: t`done`,
  failed: t`not loaded`,
  unknown: t`not known`,
  absent: t`not seen, absent in the report`,
} as const;
