// Message of a lane: one of five kinds (shape and colour), a word in large letters, and a sentence.
import type { KeyAction } from '../../state/station/key-action.ts';
import type { KeyJson, Obstacle, SlotBar } from '../../state/station/key-choice.svelte.ts';
import type { Lane, Phase } from '../../state/station/lane.svelte.ts';
import type { Stage } from '../../state/station/stages.ts';
import type { SlotFacts } from '../../state/station/unit-facts.ts';
import { explain } from './catalog.svelte.ts';
import { slotNumber } from './slots.ts';
import type { Message, MessageContext, Platform } from './types.ts';

export type Kind = 'waiting' | 'working' | 'done' | 'failed' | 'unknown' | 'aside' | 'absent';

export interface LaneMessage {
  readonly kind: Kind;
  readonly word: string;
  readonly sentence: string;
  /** Remedy and reason of a failure or an obstacle. */
  readonly words?: Message;
}

/**
 * Remedy and reason for a unit that can take no key now; undefined when the operator only has to
 * sign in.
 */
const OBSTACLES: Readonly<Record<Exclude<Obstacle, 'signed-out'>, Message>> = {
  'unit-blank': {
    title: 'This unit has no transport key yet.',
    remedy: 'Ask your administrator to prepare the unit',
    helper: 'administrator',
  },
  'set-unknown': {
    title: 'The AS has no keys for the set of this unit.',
    remedy: 'Tell your administrator',
    helper: 'administrator',
  },
  'version-unknown': {
    title: 'The AS lacks the transport key version of this unit.',
    remedy: 'Tell your administrator',
    helper: 'administrator',
  },
  'suite-unsupported': {
    title: 'The unit and its set have no suite in common.',
    remedy: 'Tell your administrator',
    helper: 'administrator',
  },
  'no-keys': {
    title: 'The AS has no key for this set yet.',
    remedy: 'Ask your administrator to add a key',
    helper: 'administrator',
  },
};

export const SLOT_BARS: Readonly<Record<SlotBar, string>> = {
  'no-key': 'The AS has no key for this slot',
  'not-newer': 'The slot already had this version or a newer one',
};

/**
 * Describes the slot of the current load while the content of the slot is uncertain. Undefined if
 * the facts of the unit show the content.
 */
export function slotDoubt(phase: Phase): string | undefined {
  switch (phase.is) {
    case 'running':
      if (phase.stage === 'import') return 'Being changed now';
      return phase.stage === 'receipt' ? 'Not confirmed yet' : undefined;
    case 'unverified':
      return 'Not confirmed yet';
    case 'settling':
    case 'unknown':
      return 'Not known yet';
    default:
      return undefined;
  }
}

interface ActionMessages {
  readonly button: (slot?: number) => string;
  readonly warning: (slot: SlotFacts) => string;
  readonly consequence: string;
  readonly done: string;
  /** Label of the confirmation. A load into an empty slot needs no confirmation. */
  readonly sure: (slot: SlotFacts) => string;
  /** Name of a key entry in the list. */
  readonly entry: (key: KeyJson) => string;
}

export const ACTION_MESSAGES: Readonly<Record<KeyAction, ActionMessages>> = {
  load: {
    button: (slot) => (slot === undefined ? 'Load key' : `Load into slot ${slotNumber(slot)}`),
    warning: ({ ref2, akv }) => `This replaces version ${akv} in slot ${slotNumber(ref2)}`,
    consequence: 'The old key cannot be restored.',
    sure: ({ akv }) => `Replace version ${akv}`,
    done: 'Key loaded.',
    entry: ({ label, akv }) => `${label}, version ${akv}`,
  },
  erase: {
    button: (slot) => (slot === undefined ? 'Erase' : `Erase slot ${slotNumber(slot)}`),
    warning: ({ ref2 }) => `This erases slot ${slotNumber(ref2)}`,
    consequence: 'The key cannot be restored. Afterwards the slot takes only newer versions.',
    sure: ({ ref2 }) => `Yes, erase slot ${slotNumber(ref2)}`,
    done: 'Slot erased.',
    entry: ({ label, slot, akv }) => `${label}: erases slot ${slotNumber(slot)}, version ${akv}`,
  },
  replace: {
    button: () => 'Replace transport key',
    warning: () => 'This replaces the transport key of the unit',
    consequence: 'Afterwards the unit takes keys only under the new one. Its loaded keys remain.',
    sure: () => 'Yes, replace the transport key',
    done: 'Transport key replaced.',
    entry: ({ label, akv }) => `${label}, version ${akv}`,
  },
};

export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  identity: 'Identity',
  challenge: 'Challenge',
  export: 'Export',
  import: 'Import',
  receipt: 'Receipt',
};

export const STAGE_SENTENCES: Readonly<Record<Stage, string>> = {
  identity: 'Writing the attempt to the journal.',
  challenge: 'The unit creates a new challenge.',
  export: 'The AS seals the key for this unit.',
  import: 'The unit writes the key. Leave it plugged in.',
  receipt: 'The key is stored. The AS verifies the receipt.',
};

/**
 * The sentence while the AS does not answer. The page repeats the request with the same idempotency
 * key, so that the AS does nothing twice.
 */
export function waitSentence({ seconds, next, tries }: NonNullable<WaitingPhase['wait']>): string {
  return `The AS does not answer. The page repeats the request in ${seconds} s, try ${next} of ${tries}.`;
}
type WaitingPhase = Extract<Phase, { is: 'running' }>;

const VERIFIED = 'The AS has verified the receipt.';
const VERIFIED_HERE = 'The token has verified the receipt. The AS verifies it when the journal is returned.';

/**
 * `button` is the label of the button that retries; empty if the lane has none. The default is the
 * button of a lane outside a work order.
 */
export function laneMessage(lane: Lane, platform: Platform, button?: string): LaneMessage {
  const { phase } = lane;
  const words = 'failure' in phase ? explain(phase.failure, contextOf(lane, platform, button)) : undefined;
  return { ...base(lane, phase, words), ...(words ? { words } : {}) };
}

export const LOAD_AGAIN = 'Load again';

/** Label of the button that retries on a lane outside a work order. */
export function repeatLabel({ phase, current, isSameLoad }: Lane): string {
  if (phase.is === 'unknown') return 'Check outcome';
  if (phase.is === 'unverified') return 'Ask AS again';
  if ('failure' in phase && phase.failure.code === 'unit-elsewhere') return 'Use unit here';
  if (phase.is === 'unread') return 'Read again';
  // A load that needs a confirmation is not repeated with one click.
  return current?.action === 'load' && isSameLoad ? LOAD_AGAIN : 'Choose key again';
}

export function contextOf(lane: Lane, platform: Platform, button = repeatLabel(lane)): MessageContext {
  const { link, phase, repetition } = lane;
  return {
    platform,
    // The AS can be asked to verify a receipt even if the unit is unplugged.
    button,
    isUnplugged: !lane.attached && phase.is !== 'unverified',
    kind: link.kind,
    ...(link.isForeign && phase.is === 'unread' ? { foreign: link.label } : {}),
    ...(link.usb ? { usb: link.usb } : {}),
    ...(repetition.isRepeated ? { repeated: true } : {}),
  };
}

function base(lane: Lane, phase: Phase, words: Message | undefined): LaneMessage {
  const remedy = words ? `${words.remedy}.` : '';
  switch (phase.is) {
    case 'reading':
      return { kind: 'working', word: 'Reading', sentence: 'Reading the identity of the unit.' };
    case 'away':
      return { kind: 'waiting', word: 'Gone', sentence: 'Waiting a moment for the unit to return.' };
    case 'unread':
      return { kind: 'failed', word: 'Not attached', sentence: remedy };
    case 'ready': {
      const { obstacle } = lane.choice;
      if (!obstacle) return { kind: 'waiting', word: 'Ready', sentence: 'Choose a slot, then load.' };
      if (obstacle === 'signed-out') {
        return { kind: 'waiting', word: 'Attached', sentence: 'Sign in to choose a key for this unit.' };
      }
      const obstacleWords = OBSTACLES[obstacle];
      const sentence = `${obstacleWords.title} ${obstacleWords.remedy}.`;
      return { kind: 'waiting', word: 'Not ready', sentence, words: obstacleWords };
    }
    case 'running': {
      const sentence = phase.wait ? waitSentence(phase.wait) : STAGE_SENTENCES[phase.stage];
      return { kind: 'working', word: phase.stopping ? 'Stopping' : 'Loading', sentence };
    }
    case 'settling': {
      const sentence = phase.wait ? waitSentence(phase.wait) : 'Asking the unit and the AS how the import ended.';
      return { kind: 'working', word: 'Checking outcome', sentence };
    }
    case 'done':
      return {
        kind: 'done',
        word: lane.attached ? 'Unplug' : 'Done',
        sentence: `${ACTION_MESSAGES[lane.current?.action ?? 'load'].done} ${phase.signed ? VERIFIED : VERIFIED_HERE}`,
      };
    case 'failed':
      return { kind: 'failed', word: 'Not loaded', sentence: remedy };
    case 'unverified':
      return {
        kind: 'unknown',
        word: 'Not confirmed',
        sentence: `The key is stored, but the AS has not confirmed it. ${remedy}`,
      };
    case 'unknown':
      return phase.failure.code === 'signed-out' || phase.failure.code === 'not-signed-in'
        ? { kind: 'unknown', word: 'Not known yet', sentence: 'Sign in to check whether the key is stored.' }
        : {
            kind: 'unknown',
            word: lane.attached ? 'Not known yet' : 'Plug in again',
            sentence: lane.attached
              ? 'The key may or may not be stored. Press “Check outcome”.'
              : 'The key may or may not be stored. Plug the unit in to check. No key is lost.',
          };
  }
}
