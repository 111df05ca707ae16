// A unit on a work order, and the order itself, in the operator's words: first what to do, then why.
import type { Failure } from '../../state/common/failure.ts';
import type { HeldBy, OrderRun } from '../../state/orders/order-run.svelte.ts';
import type { UnitProgress } from '../../state/orders/unit-progress.svelte.ts';
import { keysIn } from '../../state/page/journal-space.ts';
import { explain } from './catalog.svelte.ts';
import { contextOf, type LaneMessage, laneMessage, STAGE_SENTENCES } from './lane.ts';
import type { Message, MessageContext, Platform } from './types.ts';

const REFUSALS = {
  unlisted: {
    word: 'Not listed',
    sentence: 'Unplug this unit and look for its own order: it is not on this one. Nothing was asked for it.',
  },
  'wrong-set': {
    word: 'Other set',
    sentence: 'Unplug this unit: it belongs to another set than the order. Nothing was asked for it.',
  },
  twice: { word: 'Twice', sentence: 'Unplug one of the two units with this number.' },
  'scan-differs': {
    word: 'Other label',
    sentence: 'Look at the unit: the label that was scanned is not of this one. Nothing was loaded.',
  },
} as const;

const DONE = {
  loaded: 'Every key of the order is in, and the receipts are verified.',
  'had-all': 'Every key of the order was in already. Nothing was loaded twice.',
  rehearsed: 'Dry run: the unit answered its challenge. Nothing was loaded.',
} as const;

const HELD_BY: Readonly<Record<HeldBy, string>> = {
  'sign-in': 'Sign in: nothing is loaded before that.',
  early: 'Wait: this order has not begun yet.',
  over: 'Stop here: the time of this order is over. Ask the custodian for another one.',
};

type Stands = Pick<OrderRun, 'state' | 'heldBy'>;

/** Status word of IMPORTKEY where the slot held this version or a newer one (docs/protocol.md clause 4). */
const VERSION_USED = 0x9402;

/** No other key is on the order, so none can be chosen. */
function explainOnOrder(failure: Failure, seen: MessageContext): Message {
  const words = explain(failure, seen);
  const isUsed = failure.command === 'IMPORTKEY' && failure.statusWord === VERSION_USED;
  return isUsed ? { ...words, remedy: 'Set this unit aside' } : words;
}

export function unitMessage(work: UnitProgress, { state, heldBy }: Stands, platform: Platform): LaneMessage {
  const { lane, phase } = work;
  switch (phase.is) {
    case 'arriving':
      return laneMessage(lane, platform);
    case 'held':
      return state.is === 'running'
        ? { kind: 'waiting', word: 'Waiting', sentence: heldBy ? HELD_BY[heldBy] : 'It goes on in a moment.' }
        : {
            kind: 'waiting',
            word: 'Waiting',
            sentence: 'Press “Go on”: the order is at rest. To choose keys yourself, put it away.',
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
        word: 'Say why',
        sentence: 'Write down why it is to be loaded again: it was done, and its slots do not show it.',
      };
    case 'loading': {
      const sentence = lane.phase.is === 'running' ? STAGE_SENTENCES[lane.phase.stage] : 'The next key comes.';
      const count = phase.lines > 1 ? `Key ${phase.line + 1} of ${phase.lines}. ` : '';
      return { kind: 'working', word: 'Loading', sentence: count + sentence };
    }
    case 'done':
      return { kind: 'done', word: lane.attached ? 'Unplug' : 'Done', sentence: DONE[phase.how] };
    case 'refused':
      return { kind: 'failed', ...REFUSALS[phase.refusal] };
    case 'aside':
      return { kind: 'failed', word: 'Set aside', sentence: phase.reason };
    case 'failed': {
      const words = explainOnOrder(phase.failure, contextOf(lane, platform));
      return { kind: 'failed', word: 'Not loaded', sentence: `${words.remedy}. ${words.title}`, words };
    }
    case 'unknown':
      return lane.phase.is === 'unknown' || lane.phase.is === 'unverified'
        ? laneMessage(lane, platform)
        : {
            kind: 'unknown',
            word: 'Not known yet',
            sentence: 'Plug the unit in again: it knows how the import ended.',
          };
  }
}

export function stateWords(
  { state, heldBy }: Stands,
  isClosed = false,
): { readonly word: string; readonly sentence: string } {
  if (isClosed) return { word: 'Closed', sentence: 'The AS has signed its report.' };
  switch (state.is) {
    case 'running':
      if (heldBy) return { word: 'Waiting', sentence: HELD_BY[heldBy] };
      return { word: 'Working', sentence: 'Plug units in. Unplug each one when it is green.' };
    case 'paused':
      return {
        word: 'At rest',
        sentence: 'Press “Go on” to work it. Nothing new begins before that; what is under way ends first.',
      };
    case 'halted': {
      const words = explainOnOrder(state.failure, { platform: 'other' });
      const why = state.failures > 1 ? `${state.failures} units failed in a row. ` : '';
      return { word: 'Halted', sentence: `${why}${words.remedy}. ${words.title}` };
    }
  }
}

/** As exact as the browser's own guess at the room: one digit. */
export function roomInWords(octets: number): string {
  const keys = keysIn(octets);
  if (keys < 100) return keys === 0 ? 'There is no room for another key.' : 'There is room for a few more keys only.';
  if (keys >= 1_000_000) return 'There is room for more than a million more keys.';
  const digit = 10 ** (String(keys).length - 1);
  return `There is room for more than ${(Math.floor(keys / digit) * digit).toLocaleString()} more keys.`;
}
