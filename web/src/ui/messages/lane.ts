// Message of a lane: one of five kinds (shape and colour), a word in large letters, and a sentence.
import type { KeyAction } from '../../state/station/key-action.ts';
import type { KeyJson, Obstacle, SlotBar } from '../../state/station/key-choice.svelte.ts';
import type { Lane, Phase } from '../../state/station/lane.svelte.ts';
import type { Stage } from '../../state/station/stages.ts';
import type { SlotFacts } from '../../state/station/unit-facts.ts';
import { asSentence, joinSentences } from '../../text/locale.ts';
import { t } from '../../text/t.ts';
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
    title: t`This unit has no transport key yet.`,
    remedy: t`Ask your administrator to prepare the unit`,
    helper: 'administrator',
  },
  'no-order': {
    title: t`This site requires a work order.`,
    remedy: t`Open an order`,
  },
  'set-unknown': {
    title: t`The AS has no keys for the set of this unit.`,
    remedy: t`Tell your administrator`,
    helper: 'administrator',
  },
  'version-unknown': {
    title: t`The AS lacks the transport key version of this unit.`,
    remedy: t`Tell your administrator`,
    helper: 'administrator',
  },
  'suite-unsupported': {
    title: t`The unit and its set have no suite in common.`,
    remedy: t`Tell your administrator`,
    helper: 'administrator',
  },
  'no-keys': {
    title: t`The AS has no key for this set yet.`,
    remedy: t`Ask your administrator to add a key`,
    helper: 'administrator',
  },
};

export const SLOT_BARS: Readonly<Record<SlotBar, string>> = {
  'no-key': t`The AS has no key for this slot`,
  'not-newer': t`The slot already had this version or a newer one`,
};

/**
 * Describes the slot of the current load while the content of the slot is uncertain. Undefined if
 * the facts of the unit show the content.
 */
export function slotDoubt(phase: Phase): string | undefined {
  switch (phase.is) {
    case 'running':
      if (phase.stage === 'import') return t`This slot is being written`;
      return phase.stage === 'receipt' ? t`Not confirmed yet` : undefined;
    case 'unverified':
      return t`Not confirmed yet`;
    case 'settling':
    case 'unknown':
      return t`Not known yet`;
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
    button: (ref2) => {
      if (ref2 === undefined) return t`Load key`;
      const number = slotNumber(ref2);
      return t`Load into slot ${number}`;
    },
    warning: ({ ref2, akv }) => {
      const number = slotNumber(ref2);
      return t`This replaces version ${akv} in slot ${number}`;
    },
    consequence: t`The old key cannot be restored.`,
    sure: ({ akv }) => t`Replace version ${akv}`,
    done: t`Key loaded.`,
    entry: ({ label, akv }) => t`${label}, version ${akv}`,
  },
  erase: {
    button: (ref2) => {
      if (ref2 === undefined) return t`Erase`;
      const number = slotNumber(ref2);
      return t`Erase slot ${number}`;
    },
    warning: ({ ref2 }) => {
      const number = slotNumber(ref2);
      return t`This erases slot ${number}`;
    },
    consequence: t`The key cannot be restored. Afterwards the slot takes only newer versions.`,
    sure: ({ ref2 }) => {
      const number = slotNumber(ref2);
      return t`Yes, erase slot ${number}`;
    },
    done: t`Slot erased.`,
    entry: ({ label, slot, akv }) => {
      const number = slotNumber(slot);
      return t`${label}: erases slot ${number}, version ${akv}`;
    },
  },
  replace: {
    button: () => t`Replace transport key`,
    warning: () => t`This replaces the transport key of the unit`,
    consequence: t`Then the unit takes keys only under the new transport key. Loaded keys remain.`,
    sure: () => t`Yes, replace the transport key`,
    done: t`Transport key replaced.`,
    entry: ({ label, akv }) => t`${label}, version ${akv}`,
  },
};

export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  identity: t`Identity`,
  challenge: t`Challenge`,
  export: t`Export`,
  import: t`Import`,
  receipt: t`Receipt`,
};

export const STAGE_SENTENCES: Readonly<Record<Stage, string>> = {
  identity: t`Writing the attempt to the journal.`,
  challenge: t`The unit creates a new challenge.`,
  export: t`The AS seals the key for this unit.`,
  import: t`The unit writes the key. Leave it plugged in.`,
  receipt: t`The key is stored. The AS verifies the receipt.`,
};

/**
 * The sentence while the AS does not answer. The page repeats the request with the same idempotency
 * key, so that the AS does nothing twice.
 */
export function waitSentence({ seconds, next, tries }: NonNullable<WaitingPhase['wait']>): string {
  return t`The AS does not answer. The page repeats the request in ${seconds} s, try ${next} of ${tries}.`;
}
type WaitingPhase = Extract<Phase, { is: 'running' }>;

const VERIFIED = t`The AS has verified the receipt.`;
const VERIFIED_HERE = t`The token has verified the receipt. The AS verifies it when the journal is returned.`;

/**
 * `button` is the label of the button that retries; empty if the lane has none. The default is the
 * button of a lane outside a work order.
 */
export function laneMessage(lane: Lane, platform: Platform, button?: string): LaneMessage {
  const { phase } = lane;
  const words = 'failure' in phase ? explain(phase.failure, contextOf(lane, platform, button)) : undefined;
  return { ...base(lane, phase, words), ...(words ? { words } : {}) };
}

export const LOAD_AGAIN = t`Load again`;
export const CHECK_OUTCOME = t`Check outcome`;

/** Label of the button that retries on a lane outside a work order. */
export function repeatLabel({ phase, current, isSameLoad }: Lane): string {
  if (phase.is === 'unknown') return CHECK_OUTCOME;
  if (phase.is === 'unverified') return t`Ask AS again`;
  if ('failure' in phase && phase.failure.code === 'unit-elsewhere') return t`Use unit here`;
  if (phase.is === 'unread') return t`Read again`;
  // A load that needs a confirmation is not repeated with one click.
  return current?.action === 'load' && isSameLoad ? LOAD_AGAIN : t`Choose key again`;
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
  const remedy = words ? asSentence(words.remedy) : '';
  switch (phase.is) {
    case 'reading':
      return { kind: 'working', word: t`Reading`, sentence: t`Reading the identity of the unit.` };
    case 'away':
      return { kind: 'waiting', word: t`Gone`, sentence: t`Waiting a moment for the unit to return.` };
    case 'unread':
      return { kind: 'failed', word: t`Not attached`, sentence: remedy };
    case 'ready': {
      const { obstacle } = lane.choice;
      if (!obstacle) return { kind: 'waiting', word: t`Ready`, sentence: t`Choose a slot, then load.` };
      if (obstacle === 'signed-out') {
        return { kind: 'waiting', word: t`Attached`, sentence: t`Sign in to choose a key for this unit.` };
      }
      const obstacleWords = OBSTACLES[obstacle];
      const sentence = joinSentences(obstacleWords.title, asSentence(obstacleWords.remedy));
      return { kind: 'waiting', word: t`Not ready`, sentence, words: obstacleWords };
    }
    case 'running': {
      const sentence = phase.wait ? waitSentence(phase.wait) : STAGE_SENTENCES[phase.stage];
      return { kind: 'working', word: phase.stopping ? t`Stopping` : t`Loading`, sentence };
    }
    case 'settling': {
      const sentence = phase.wait ? waitSentence(phase.wait) : t`Asking the unit and the AS how the import ended.`;
      return { kind: 'working', word: t`Checking outcome`, sentence };
    }
    case 'done':
      return {
        kind: 'done',
        word: lane.attached ? t`Unplug` : t`Done`,
        sentence: joinSentences(
          ACTION_MESSAGES[lane.current?.action ?? 'load'].done,
          phase.signed ? VERIFIED : VERIFIED_HERE,
        ),
      };
    case 'failed':
      return { kind: 'failed', word: t`Not loaded`, sentence: remedy };
    case 'unverified':
      return {
        kind: 'unknown',
        word: t`Not confirmed`,
        sentence: joinSentences(t`The key is stored, but the AS has not confirmed it.`, remedy),
      };
    case 'unknown':
      return phase.failure.code === 'signed-out' || phase.failure.code === 'not-signed-in'
        ? { kind: 'unknown', word: t`Not known yet`, sentence: t`Sign in to check whether the key is stored.` }
        : {
            kind: 'unknown',
            word: lane.attached ? t`Not known yet` : t`Plug in again`,
            sentence: lane.attached
              ? t`The key may or may not be stored. Press “${CHECK_OUTCOME}”.`
              : t`The key may or may not be stored. Plug the unit in to check. No key is lost.`,
          };
  }
}
