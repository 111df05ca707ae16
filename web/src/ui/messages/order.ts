// Messages of a unit on a work order and of the order itself: the remedy first, then the reason.
import { counted } from '#protocol/text/counted.ts';
import type { Failure } from '../../state/common/failure.ts';
import {
  hasEnded,
  isOver,
  laneActions,
  type OverReason,
  type Repetition,
} from '../../state/order-board/lane-actions.ts';
import type { OrderRun } from '../../state/orders/order-run.svelte.ts';
import type { WaitReason } from '../../state/orders/run-state.ts';
import type { UnitProgress } from '../../state/orders/unit-progress.svelte.ts';
import { keysIn } from '../../state/page/journal-space.ts';
import type { Lane } from '../../state/station/lane.svelte.ts';
import { explain } from './catalog.svelte.ts';
import {
  contextOf,
  type LaneMessage,
  LOAD_AGAIN,
  laneMessage,
  repeatLabel,
  STAGE_SENTENCES,
  waitSentence,
} from './lane.ts';
import type { Message, MessageContext, Platform } from './types.ts';

const REFUSALS = {
  unlisted: {
    word: 'Not listed',
    sentence: 'Unplug this unit: it is not on this order. No key was requested.',
  },
  'wrong-set': {
    word: 'Other set',
    sentence: 'Unplug this unit: its set is not the set of the order. No key was requested.',
  },
  twice: { word: 'Attached twice', sentence: 'Unplug one of the two units with this serial number.' },
  'scan-differs': {
    word: 'Other label',
    sentence: 'Check this unit: the scanned label belongs to another unit. Nothing was loaded.',
  },
} as const;

const DONE = {
  loaded: 'All keys of the order are loaded. The receipts are verified.',
  'had-all': 'All keys of the order were already loaded. Nothing was loaded again.',
  rehearsed: 'Dry run: the unit gave a challenge. Nothing was loaded.',
} as const;

const WAIT_SENTENCES: Readonly<Record<WaitReason, string>> = {
  'sign-in': 'Sign in to load keys.',
  early: 'Wait: this order is not valid yet.',
  over: 'Stop here: this order has expired. Ask your custodian for a new order.',
  closed: 'This order is closed. No more keys will be loaded.',
  revoked: 'Stop here: this order was revoked. No more keys will be loaded.',
};

/** State words of an order that takes no more loads, and of its units that are not loaded. */
const OVER_WORDS: Readonly<Record<OverReason, string>> = {
  over: 'Expired',
  closed: 'Closed',
  revoked: 'Revoked',
};

/** Labels of the button that starts the run, and of the one that continues it after a halt. */
export const START_ORDER = 'Start order';
export const GO_ON = 'Go on';

export const REPETITION_LABELS: Readonly<Record<Repetition, string>> = {
  'load-again': LOAD_AGAIN,
  load: 'Load unit',
  scan: 'Scan again',
  'check-outcome': 'Check outcome',
  read: 'Read again',
  'use-here': 'Use unit here',
};

type Stands = Pick<OrderRun, 'state' | 'waitReason'>;

/**
 * Status word of IMPORTKEY when the slot has held this version or a newer one (docs/protocol.md
 * clause 4.8).
 */
const VERSION_USED = 0x9402;

/**
 * Explains a failure on a work order. An order does not permit another key or slot, so the remedy
 * is to set the unit aside. The operator also tells the custodian, unless the slot has held this
 * version or a newer one.
 */
function explainOnOrder(failure: Failure, seen: MessageContext): Message {
  const words = explain(failure, seen);
  if (!words.choose) return words;
  const isUsed = failure.command === 'IMPORTKEY' && failure.statusWord === VERSION_USED;
  return isUsed
    ? { ...words, remedy: 'Set this unit aside', aside: true }
    : { ...words, remedy: 'Set this unit aside and tell your custodian', aside: true, helper: 'custodian' };
}

export function unitMessage(work: UnitProgress, { state, waitReason }: Stands, platform: Platform): LaneMessage {
  const { lane, phase } = work;
  const { repetition } = laneActions(lane, phase, waitReason);
  const button = repetition ? REPETITION_LABELS[repetition] : '';
  if (isOver(waitReason) && ['waiting', 'scan', 'reason'].includes(phase.is))
    return { kind: 'waiting', word: OVER_WORDS[waitReason], sentence: WAIT_SENTENCES[waitReason] };
  switch (phase.is) {
    case 'arriving':
      return laneMessage(lane, platform, button);
    case 'waiting':
      return state.is === 'running'
        ? {
            kind: 'waiting',
            word: 'Waiting',
            sentence: waitReason ? WAIT_SENTENCES[waitReason] : 'Loading continues in a moment.',
          }
        : {
            kind: 'waiting',
            word: 'Waiting',
            sentence: `Press “${state.is === 'halted' ? GO_ON : START_ORDER}”. To load keys by hand, leave the order.`,
          };
    case 'scan':
      return {
        kind: 'waiting',
        word: 'Scan label',
        sentence: 'Scan or type the serial number on the label of this unit.',
      };
    case 'reason':
      return {
        kind: 'unknown',
        word: 'Reason needed',
        sentence: `Enter a reason, then press “${LOAD_AGAIN}”. This key was already sent to this unit in this order.`,
      };
    case 'loading': {
      if (lane.phase.is !== 'running')
        return { kind: 'working', word: 'Loading', sentence: 'The next key is loaded in a moment.' };
      const sentence = lane.phase.wait ? waitSentence(lane.phase.wait) : STAGE_SENTENCES[lane.phase.stage];
      const count = phase.lines > 1 ? `Key ${phase.line + 1} of ${phase.lines}. ` : '';
      return { kind: 'working', word: 'Loading', sentence: count + sentence };
    }
    case 'done':
      return { kind: 'done', word: lane.attached ? 'Unplug' : 'Done', sentence: DONE[phase.how] };
    case 'refused':
      return { kind: 'failed', ...REFUSALS[phase.refusal] };
    case 'aside':
      return { kind: 'aside', word: 'Set aside', sentence: phase.reason };
    case 'failed': {
      const words = explainOnOrder(phase.failure, contextOf(lane, platform, button));
      if (isOver(waitReason) && repetition === undefined)
        return { kind: 'failed', word: 'Not loaded', sentence: `${words.title} ${WAIT_SENTENCES[waitReason]}` };
      return { kind: 'failed', word: 'Not loaded', sentence: `${words.remedy}. ${words.title}`, words };
    }
    case 'unknown':
      if (lane.phase.is !== 'unknown' && lane.phase.is !== 'unverified')
        return { kind: 'unknown', word: 'Not known yet', sentence: 'Plug the unit in to check the outcome.' };
      return hasEnded(waitReason) ? unknownAfterEnd(lane, platform) : laneMessage(lane, platform, button);
  }
}

/** Message of a unit whose outcome is not known and can no longer be checked on the board. */
function unknownAfterEnd(lane: Lane, platform: Platform): LaneMessage {
  const { kind, word } = laneMessage(lane, platform);
  const isStored = lane.phase.is === 'unverified';
  const what = isStored ? 'The key is stored, but the AS has not confirmed it.' : 'The key may or may not be stored.';
  const next = lane.attached || isStored ? `press “${repeatLabel(lane)}”` : 'plug the unit in';
  return { kind, word, sentence: `${what} Leave the order, then ${next}.` };
}

export interface StateOptions {
  /** Whether every unit is done. */
  readonly isComplete?: boolean;
  /** Start and end of the validity period, formatted for the operator. */
  readonly from: string;
  readonly until: string;
}

export function stateWords(
  { state, waitReason }: Stands,
  { isComplete = false, from, until }: StateOptions,
): { readonly word: string; readonly sentence: string } {
  if (waitReason === 'closed') return { word: 'Closed', sentence: 'The AS has signed the report.' };
  if (waitReason === 'revoked') return { word: 'Revoked', sentence: WAIT_SENTENCES.revoked };
  if (isComplete) return { word: 'Complete', sentence: 'Every unit is done. Close the order.' };
  if (waitReason === 'over') {
    return {
      word: 'Expired',
      sentence: `Stop here: this order expired ${until}. Ask your custodian for a new order, then close this one.`,
    };
  }
  switch (state.is) {
    case 'running':
      if (waitReason === 'early') return { word: 'Waiting', sentence: `Wait: this order is valid from ${from}.` };
      if (waitReason) return { word: 'Waiting', sentence: WAIT_SENTENCES[waitReason] };
      return { word: 'Working', sentence: 'Plug units in. Unplug each one when it is green.' };
    case 'paused':
      return {
        word: 'Paused',
        sentence: `Press “${START_ORDER}” to load keys. Loads in progress continue.`,
      };
    case 'halted': {
      const words = explainOnOrder(state.failure, { platform: 'other', button: GO_ON });
      const why = state.failures > 1 ? `${counted(state.failures, 'unit')} failed in a row. ` : '';
      return { word: 'Halted', sentence: `${why}${words.remedy}. ${words.title}` };
    }
  }
}

/**
 * Says how many more keys the journal has space for. `bytes` is the free space in bytes. The
 * number has one significant digit, because the browser only estimates the space.
 */
export function freeSpaceText(bytes: number): string {
  const keys = keysIn(bytes);
  if (keys < 100) return keys === 0 ? 'There is no space for another key.' : 'There is space for only a few more keys.';
  if (keys >= 1_000_000) return 'There is space for at least a million more keys.';
  const digit = 10 ** (String(keys).length - 1);
  return `There is space for at least ${(Math.floor(keys / digit) * digit).toLocaleString(undefined, { numberingSystem: 'latn' })} more keys.`;
}
