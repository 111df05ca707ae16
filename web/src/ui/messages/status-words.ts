// What a unit's refusal means for the operator: (command, status word) → words with named causes (docs/protocol.md clause 4).
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Message } from './types.ts';

const FAULTY = 'A fault of its firmware';

const SET_ASIDE_MEMORY: Message = {
  remedy: 'Set the unit aside for repair if this happens twice',
  title: 'The unit has trouble with its memory. The old key or the new one is in its slot, never half of one.',
  causes: ['Worn-out memory', 'The supply voltage broke down while it was writing: try another cable or port'],
};

const PREPARE: Message = {
  remedy: 'Send this unit to be prepared first',
  title: 'It gives no challenge because it has no transport key yet.',
  causes: ['It is new, or it was wiped'],
};

const RESELECT: Message = {
  remedy: 'Unplug the unit, plug it in again, then retry',
  again: true,
  title: 'The unit restarted and forgot that it was addressed.',
  causes: ['Unsteady power: try another cable or port', 'Another program talks to it as well'],
};

const NO_UNIT: Message = {
  remedy: 'Choose another device',
  title: 'Something answers here, but it is not a unit that takes keys.',
  causes: ['A card or another product on the same kind of cable', 'Firmware from before it could take keys'],
};

const DAMAGED: Message = {
  remedy: 'Retry once; if it stays so, report the firmware of the unit',
  again: true,
  title: 'The unit did not like the form of the command. Nothing was changed.',
  causes: ['Firmware of another version of the protocol', 'Damage on the way that the cable did not notice'],
};

const STATUS_WORDS: Readonly<Record<string, Message>> = {
  'SELECT 6A82': NO_UNIT,
  'SELECT 6D00': NO_UNIT,
  'SELECT 6E00': NO_UNIT,
  'GET IDENTITY 6E00': RESELECT,
  'GET CHALLENGE 6E00': RESELECT,
  'IMPORTKEY 6E00': RESELECT,
  'GET RECEIPT 6E00': RESELECT,
  'GET CHALLENGE 6985': PREPARE,
  'GET CHALLENGE 6A80': {
    remedy: 'Ask the administrator of the AS for a suite that this unit knows',
    title: 'The unit does not know the suite that was chosen.',
  },
  'IMPORTKEY 6988': {
    remedy: 'Do not retry: compare set and transport key version with the AS',
    title: 'The unit could not verify what the AS sent. Nothing was changed, and the unit is not locked.',
    final: true,
    causes: [
      'The unit and the AS hold different transport keys for this set',
      'The transport key was replaced and the version did not follow',
      'The data was changed between the AS and the unit',
      'The unit insists on a signature of another AS',
    ],
  },
  'IMPORTKEY 6985': {
    remedy: 'Load again',
    again: true,
    title: 'The unit no longer knew its challenge. Nothing was changed.',
    causes: ['It restarted in between', 'Another program asked it for a challenge'],
  },
  'IMPORTKEY 9401': {
    remedy: 'Choose the slot that is meant for this key',
    title: 'The unit found that this key may not go into this slot. The slot is unchanged.',
    causes: ['The AS allows another slot for this key', FAULTY],
  },
  'IMPORTKEY 9402': {
    remedy: 'Choose a newer key, or leave the slot as it is',
    title: 'This slot held this version or a newer one before. The unit never goes back.',
    causes: ['The key is in already', 'A newer key was loaded by another station'],
  },
  'IMPORTKEY 6A88': {
    remedy: 'Choose another slot',
    title: 'The unit does not have this slot. Nothing was changed.',
  },
  'IMPORTKEY 6A84': {
    remedy: 'Choose another slot',
    title: 'The unit has no room left for this key. The slot is unchanged.',
    causes: ['The key is longer than the slot', 'Its memory is full'],
  },
  'IMPORTKEY 6581': SET_ASIDE_MEMORY,
  'GET CHALLENGE 6581': {
    remedy: 'Set the unit aside for repair if this happens twice',
    title: 'The unit has trouble with its memory. No key was on its way, so its slots are as they were.',
  },
  'IMPORTKEY 6A80': DAMAGED,
  'IMPORTKEY 6700': DAMAGED,
  'IMPORTKEY 6883': DAMAGED,
  'IMPORTKEY 6884': DAMAGED,
  'IMPORTKEY 6D00': NO_UNIT,
  'GET CHALLENGE 6D00': NO_UNIT,
  'GET RECEIPT 6A88': {
    remedy: 'Load the key again',
    again: true,
    title: 'The unit has no receipt for this slot: the key is not in.',
  },
};

/** Every pair that has words of its own, e.g. "IMPORTKEY 6988". */
export const EXPLAINED = Object.keys(STATUS_WORDS);

export function explainStatusWord(command: string, statusWord: number): Message | undefined {
  return STATUS_WORDS[`${command} ${hexNumber(statusWord, 4)}`];
}
