// Messages of a unit on a work order and of the order itself: the remedy first, then the reason.
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
import { asSentence, formatNumber, joinSentences } from '../../text/locale.ts';
import { plural, t } from '../../text/t.ts';
import { explain } from './catalog.svelte.ts';
import {
  CHECK_OUTCOME,
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
    word: t`Not listed`,
    sentence: t`Unplug this unit: it is not on this order. No key was requested.`,
  },
  'wrong-set': {
    word: t`Other set`,
    sentence: t`Unplug this unit: its set is not the set of the order. No key was requested.`,
  },
  twice: { word: t`Attached twice`, sentence: t`Unplug one of the two units with this serial number.` },
  'scan-differs': {
    word: t`Other label`,
    sentence: t`Check this unit: the scanned label belongs to another unit. Nothing was loaded.`,
  },
} as const;

const DONE = {
  loaded: t`All keys of the order are loaded. The receipts are verified.`,
  'had-all': t`All keys of the order were already loaded. Nothing was loaded again.`,
  rehearsed: t`Dry run: the unit gave a challenge. Nothing was loaded.`,
} as const;

const WAIT_SENTENCES: Readonly<Record<WaitReason, string>> = {
  'sign-in': t`Sign in to load keys.`,
  early: t`Wait: this order is not valid yet.`,
  over: t`Stop here: this order has expired. Ask your custodian for a new order.`,
  closed: t`This order is closed. No more keys will be loaded.`,
  revoked: t`Stop here: this order was revoked. No more keys will be loaded.`,
};

/** State words of an order that takes no more loads, and of its units that are not loaded. */
const OVER_WORDS: Readonly<Record<OverReason, string>> = {
  over: t`Expired`,
  closed: t`Closed`,
  revoked: t`Revoked`,
};

/** Labels of the button that starts the run, and of the one that continues it after a halt. */
export const START_ORDER = t`Start order`;
export const GO_ON = t`Go on`;

export const REPETITION_LABELS: Readonly<Record<Repetition, string>> = {
  'load-again': LOAD_AGAIN,
  load: t`Load unit`,
  scan: t`Scan again`,
  'check-outcome': CHECK_OUTCOME,
  read: t`Read again`,
  'use-here': t`Use unit here`,
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
    ? { ...words, remedy: t`Set this unit aside`, aside: true }
    : { ...words, remedy: t`Set this unit aside and tell your custodian`, aside: true, helper: 'custodian' };
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
            word: t`Waiting`,
            sentence: waitReason ? WAIT_SENTENCES[waitReason] : t`Loading continues in a moment.`,
          }
        : {
            kind: 'waiting',
            word: t`Waiting`,
            sentence:
              state.is === 'halted'
                ? t`Press “${GO_ON}”. To load keys by hand, leave the order.`
                : t`Press “${START_ORDER}”. To load keys by hand, leave the order.`,
          };
    case 'scan':
      return {
        kind: 'waiting',
        word: t`Scan label`,
        sentence: t`Scan or type the serial number on the label of this unit.`,
      };
    case 'reason':
      return {
        kind: 'unknown',
        word: t`Reason needed`,
        sentence: t`Enter a reason, then press “${LOAD_AGAIN}”. This key was already sent to this unit in this order.`,
      };
    case 'loading': {
      if (lane.phase.is !== 'running')
        return { kind: 'working', word: t`Loading`, sentence: t`The next key is loaded in a moment.` };
      const sentence = lane.phase.wait ? waitSentence(lane.phase.wait) : STAGE_SENTENCES[lane.phase.stage];
      if (phase.lines === 1) return { kind: 'working', word: t`Loading`, sentence };
      const key = phase.line + 1;
      const position = t`Key ${key} of ${phase.lines}.`;
      return { kind: 'working', word: t`Loading`, sentence: joinSentences(position, sentence) };
    }
    case 'done':
      return { kind: 'done', word: lane.attached ? t`Unplug` : t`Done`, sentence: DONE[phase.how] };
    case 'refused':
      return { kind: 'failed', ...REFUSALS[phase.refusal] };
    case 'aside':
      return { kind: 'aside', word: t`Set aside`, sentence: phase.reason };
    case 'failed': {
      const words = explainOnOrder(phase.failure, contextOf(lane, platform, button));
      if (isOver(waitReason) && repetition === undefined)
        return {
          kind: 'failed',
          word: t`Not loaded`,
          sentence: joinSentences(words.title, WAIT_SENTENCES[waitReason]),
        };
      return {
        kind: 'failed',
        word: t`Not loaded`,
        sentence: joinSentences(asSentence(words.remedy), words.title),
        words,
      };
    }
    case 'unknown':
      if (lane.phase.is !== 'unknown' && lane.phase.is !== 'unverified')
        return { kind: 'unknown', word: t`Not known yet`, sentence: t`Plug the unit in to check the outcome.` };
      return hasEnded(waitReason) ? unknownAfterEnd(lane, platform) : laneMessage(lane, platform, button);
  }
}

/** Message of a unit whose outcome is not known and can no longer be checked on the board. */
function unknownAfterEnd(lane: Lane, platform: Platform): LaneMessage {
  const { kind, word } = laneMessage(lane, platform);
  const isStored = lane.phase.is === 'unverified';
  const what = isStored ? t`The key is stored, but the AS has not confirmed it.` : t`The key may or may not be stored.`;
  const button = repeatLabel(lane);
  const next =
    lane.attached || isStored
      ? t`Leave the order, then press “${button}”.`
      : t`Leave the order, then plug the unit in.`;
  return { kind, word, sentence: joinSentences(what, next) };
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
  if (waitReason === 'closed') return { word: t`Closed`, sentence: t`The AS has signed the report.` };
  if (waitReason === 'revoked') return { word: t`Revoked`, sentence: WAIT_SENTENCES.revoked };
  if (isComplete) return { word: t`Complete`, sentence: t`Every unit is done. Close the order.` };
  if (waitReason === 'over') {
    return {
      word: t`Expired`,
      sentence: t`Stop here: this order expired ${until}. Ask your custodian for a new order, then close this one.`,
    };
  }
  switch (state.is) {
    case 'running':
      if (waitReason === 'early') return { word: t`Waiting`, sentence: t`Wait: this order is valid from ${from}.` };
      if (waitReason) return { word: t`Waiting`, sentence: WAIT_SENTENCES[waitReason] };
      return { word: t`Working`, sentence: t`Plug units in. Unplug each one when it is green.` };
    case 'paused':
      return {
        word: t`Paused`,
        sentence: t`Press “${START_ORDER}” to load keys. Loads in progress continue.`,
      };
    case 'halted': {
      const words = explainOnOrder(state.failure, { platform: 'other', button: GO_ON });
      const why = joinSentences(asSentence(words.remedy), words.title);
      if (state.failures <= 1) return { word: t`Halted`, sentence: why };
      const count = plural(state.failures, {
        one: t`${state.failures} unit failed in a row.`,
        other: t`${state.failures} units failed in a row.`,
      });
      return { word: t`Halted`, sentence: joinSentences(count, why) };
    }
  }
}

/**
 * Says how many more keys the journal has space for. `bytes` is the free space in bytes. The
 * number has one significant digit, because the browser only estimates the space.
 */
export function freeSpaceText(bytes: number): string {
  const keys = keysIn(bytes);
  if (keys < 100)
    return keys === 0 ? t`There is no space for another key.` : t`There is space for only a few more keys.`;
  if (keys >= 1_000_000) return t`There is space for at least a million more keys.`;
  const digit = 10 ** (String(keys).length - 1);
  const count = formatNumber(Math.floor(keys / digit) * digit);
  return t`There is space for at least ${count} more keys.`;
}
