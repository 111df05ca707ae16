// Message of a lane: one of five kinds (shape and colour), a word in large letters, and a sentence.
import type { KeyAction } from '../../state/station/key-action.ts';
import type { Obstacle, SlotBar } from '../../state/station/key-choice.svelte.ts';
import type { Lane, Phase } from '../../state/station/lane.svelte.ts';
import type { Stage } from '../../state/station/stages.ts';
import { explain } from './catalog.svelte.ts';
import type { Message, Platform } from './types.ts';

export type Kind = 'waiting' | 'working' | 'done' | 'failed' | 'unknown';

export interface LaneMessage {
  readonly kind: Kind;
  readonly word: string;
  readonly sentence: string;
  /** The message of the failure. */
  readonly words?: Message;
}

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  'signed-out': 'Sign in to choose a key for this unit.',
  'unit-blank': 'This unit has no transport key yet. Send it for preparation first.',
  'set-unknown': 'The AS has no keys for the set of this unit. Check that the unit belongs to this AS.',
  'version-unknown': 'The AS lacks the transport key version of this unit. Tell its administrator.',
  'suite-unsupported': 'The unit and its set have no suite in common. Tell the administrator of the AS.',
  'no-keys': 'The AS has no key for this set yet. Ask its administrator to add one.',
};

export const SLOT_BARS: Readonly<Record<SlotBar, string>> = {
  'other-slot': 'This key is for another slot',
  'same-key': 'Holds this key already',
  'not-newer': 'Has held this version or a newer one',
};

interface ActionMessages {
  /** `full` is true when the slot holds a key. */
  readonly button: (slot?: number, full?: boolean) => string;
  readonly warning: (slot: number) => string;
  readonly consequence: string;
  readonly done: string;
  /** Why the action is not available for this unit. Empty for a key: each slot shows its own reason. */
  readonly barred: string;
  /** Label of the confirmation; absent where no confirmation is required. */
  readonly sure?: (slot: number) => string;
  /** Tag and description of a key entry without a key. */
  readonly tag: string;
  readonly entry: (slot: number, version: number) => string;
}

export const ACTION_MESSAGES: Readonly<Record<KeyAction, ActionMessages>> = {
  load: {
    button: (slot, full) => {
      if (slot === undefined) return 'Load key';
      return full ? `Replace the key in slot ${slot}` : `Load key into slot ${slot}`;
    },
    warning: (slot) => `This replaces the key in slot ${slot}`,
    consequence: 'The old key cannot be restored.',
    barred: '',
    done: 'Key loaded.',
    tag: '',
    entry: () => '',
  },
  erase: {
    button: (slot) => (slot === undefined ? 'Erase' : `Erase slot ${slot}`),
    warning: (slot) => `This erases slot ${slot}`,
    consequence: 'The key cannot be restored. The slot then takes newer versions only.',
    sure: (slot) => `Yes, erase slot ${slot}`,
    barred: 'The slot has held this version or a newer one, or does not exist.',
    done: 'Slot erased.',
    tag: 'erases',
    entry: (slot, version) => `Empties slot ${slot}, version ${version}`,
  },
  replace: {
    button: () => 'Replace transport key',
    warning: () => 'This replaces the transport key of the unit',
    consequence: 'The unit then takes keys under the new one only. Its loaded keys remain.',
    sure: () => 'Yes, replace the transport key',
    barred: 'This unit already has this transport key version or a newer one.',
    done: 'Transport key replaced.',
    tag: 'transport key',
    entry: (_slot, version) => `Replaces the unit’s transport key by version ${version}`,
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

/** While no answer of the AS arrives. The request is sent again unchanged, so nothing happens twice. */
export function waitSentence({ seconds, next, tries }: NonNullable<WaitingPhase['wait']>): string {
  return `No answer from the AS. The same request goes out again in ${seconds} s, try ${next} of ${tries}.`;
}
type WaitingPhase = Extract<Phase, { is: 'running' }>;

const VERIFIED = 'The AS has verified the receipt.';
const VERIFIED_HERE = 'The token has verified the receipt. The AS does so when the journal is returned.';

export function laneMessage(lane: Lane, platform: Platform): LaneMessage {
  const { phase } = lane;
  const words = 'failure' in phase ? explain(phase.failure, contextOf(lane, platform)) : undefined;
  return { ...base(lane, phase, words), ...(words ? { words } : {}) };
}

export function contextOf({ link, phase }: Lane, platform: Platform) {
  const foreign = link.isForeign && phase.is === 'unread' ? { foreign: link.label } : {};
  return { platform, kind: link.kind, ...foreign, ...(link.usb ? { usb: link.usb } : {}) };
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
      if (!obstacle) return { kind: 'waiting', word: 'Ready', sentence: 'Choose a key and its slot, then load.' };
      return {
        kind: 'waiting',
        word: obstacle === 'signed-out' ? 'Ready' : 'Not ready',
        sentence: OBSTACLES[obstacle],
      };
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
