// A lane's state as the operator sees it: one of five kinds with its shape and colour, a word to read from two metres, a sentence.
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
  /** With a failure: why, the causes, lines to copy. */
  readonly words?: Message;
}

export const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  'signed-out': 'Sign in to choose a key for this unit.',
  'unit-blank': 'This unit has no transport key yet. Send it to be prepared first.',
  'set-unknown': 'The AS has no keys for the set of this unit. Check that the unit belongs to this AS.',
  'version-unknown':
    'The AS does not hold the version of the transport key that this unit has. Tell its administrator.',
  'suite-unsupported':
    'The unit and its set have no way of protecting a key in common. Tell the administrator of the AS.',
  'no-keys': 'The AS holds no key for this set yet. Ask its administrator to add one.',
};

export const SLOT_BARS: Readonly<Record<SlotBar, string>> = {
  'other-slot': 'The AS keeps this key for another slot',
  'same-key': 'Holds this key already',
  'not-newer': 'Held this version or a newer one; a unit never goes back',
};

interface ActionMessages {
  /** `full`: the slot holds a key. */
  readonly button: (slot?: number, full?: boolean) => string;
  readonly warning: (slot: number) => string;
  readonly consequence: string;
  readonly done: string;
  /** Why it cannot be done to this unit; of a key each slot says it for itself. */
  readonly barred: string;
  /** What is said yes to before; where nothing is destroyed, nobody is asked. */
  readonly sure?: (slot: number) => string;
  /** Of an entry of the AS that is no key. */
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
    consequence: 'The old key cannot be brought back.',
    barred: '',
    done: 'Key loaded.',
    tag: '',
    entry: () => '',
  },
  erase: {
    button: (slot) => (slot === undefined ? 'Erase' : `Erase slot ${slot}`),
    warning: (slot) => `This erases slot ${slot}`,
    consequence: 'The key cannot be brought back, and from then on the slot takes newer versions only.',
    sure: (slot) => `Yes, erase slot ${slot}`,
    barred: 'The slot has had this version or a newer one already, or this unit has no such slot.',
    done: 'Slot erased.',
    tag: 'erases',
    entry: (slot, version) => `Empties slot ${slot}, version ${version}`,
  },
  replace: {
    button: () => 'Replace transport key',
    warning: () => 'This replaces the transport key of the unit',
    consequence: 'From then on it takes keys under the new one only. The keys in its slots stay.',
    sure: () => 'Yes, replace the transport key',
    barred: 'This unit has this version of its transport key already, or a newer one.',
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
  identity: 'The attempt goes into the journal.',
  challenge: 'The unit makes a fresh challenge.',
  export: 'The AS seals the key for this unit alone.',
  import: 'The unit writes the key. Leave it plugged in.',
  receipt: 'The key is in. The AS verifies the receipt.',
};

const VERIFIED = 'The AS has verified the receipt.';
const VERIFIED_HERE = 'The token has verified the receipt; the AS will when the journal is returned.';

export function laneMessage(lane: Lane, platform: Platform): LaneMessage {
  const { phase } = lane;
  const words = 'failure' in phase ? explain(phase.failure, contextOf(lane, platform)) : undefined;
  return { ...base(lane, phase, words), ...(words ? { words } : {}) };
}

export function contextOf({ link }: Lane, platform: Platform) {
  return { platform, kind: link.kind, ...(link.usb ? { usb: link.usb } : {}) };
}

function base(lane: Lane, phase: Phase, words: Message | undefined): LaneMessage {
  const remedy = words ? `${words.remedy}.` : '';
  switch (phase.is) {
    case 'reading':
      return { kind: 'working', word: 'Reading', sentence: 'Asking the unit who it is.' };
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
    case 'running':
      return { kind: 'working', word: phase.stopping ? 'Stopping' : 'Loading', sentence: STAGE_SENTENCES[phase.stage] };
    case 'settling':
      return { kind: 'working', word: 'Finding out', sentence: 'Asking the unit and the AS how the import ended.' };
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
        sentence: `The key is in; the AS has yet to confirm it. ${remedy}`,
      };
    case 'unknown':
      return phase.failure.code === 'signed-out' || phase.failure.code === 'not-signed-in'
        ? { kind: 'unknown', word: 'Not known yet', sentence: 'Sign in to find out whether the key is in.' }
        : {
            kind: 'unknown',
            word: lane.attached ? 'Not known yet' : 'Plug it in again',
            sentence: lane.attached
              ? 'The key may or may not be in. Press “Find out”.'
              : 'The key may or may not be in. The unit shows it when it is back, and no key is lost.',
          };
  }
}
