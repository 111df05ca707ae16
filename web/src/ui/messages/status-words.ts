// Message for each status word of each command, with possible causes (docs/protocol.md clause 4.8).
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { StoredMessage } from './types.ts';

const FAULTY = 'The firmware has a fault';

const GIVE_UP = {
  remedy: 'Set this unit aside and tell your administrator',
  helper: 'administrator',
  aside: true,
  final: true,
} as const;

const SET_ASIDE_MEMORY: StoredMessage = {
  again: true,
  title: 'The unit reports a memory fault. Only its receipt shows which key is in the slot.',
  twice: {
    ...GIVE_UP,
    title: 'The unit reported a memory fault twice. Only its receipt shows which key is in the slot.',
  },
  causes: ['The memory is worn out', 'The supply voltage dropped during the write: try another cable or port'],
};

const PREPARE: StoredMessage = {
  remedy: 'Ask your administrator to prepare this unit first',
  helper: 'administrator',
  title: 'The unit has no transport key yet, so it gives no challenge.',
  causes: ['The unit is new, or its keys were deleted'],
};

const RESELECT: StoredMessage = {
  remedy: 'Unplug the unit, plug it in again',
  again: true,
  title: 'The unit restarted while the page used it.',
  causes: ['The power is unsteady: try another cable or port', 'Another program uses the unit too'],
};

const NO_UNIT: StoredMessage = {
  remedy: 'Choose another device',
  title: 'The device responds, but it is not a unit that takes keys.',
  causes: ['A card or another product with the same kind of cable', 'The firmware of the unit cannot load keys'],
};

const DAMAGED: StoredMessage = {
  again: true,
  title: 'The unit rejected the command as malformed. Nothing was changed.',
  twice: { ...GIVE_UP, title: 'The unit rejected the command twice. Nothing was changed.' },
  causes: [
    'The firmware implements another version of the protocol',
    'The link damaged the command, and the damage was not detected',
  ],
};

/**
 * Possible causes of a second IMPORTKEY 6988. Damage in transit is left out, because it is unlikely
 * to occur twice in a row.
 */
const OTHER_KEY = [
  'The unit and the AS have different transport keys for this set',
  'The transport key was replaced, but its version was not raised',
  'The unit requires the signature of another AS',
];

const STATUS_WORDS: Readonly<Record<string, StoredMessage>> = {
  'SELECT 6A82': NO_UNIT,
  'SELECT 6D00': NO_UNIT,
  'SELECT 6E00': NO_UNIT,
  'GET IDENTITY 6E00': RESELECT,
  'GET CHALLENGE 6E00': RESELECT,
  'IMPORTKEY 6E00': RESELECT,
  'GET RECEIPT 6E00': RESELECT,
  'GET CHALLENGE 6985': PREPARE,
  'GET CHALLENGE 6A80': {
    remedy: 'Ask your administrator to allow a suite that this unit supports',
    helper: 'administrator',
    title: 'The unit does not support the chosen suite.',
  },
  'IMPORTKEY 6988': {
    again: true,
    title: 'The unit could not verify the sealed key. Nothing was changed, and the unit is not locked.',
    causes: ['The sealed key was damaged between the AS and the unit', ...OTHER_KEY],
    twice: {
      ...GIVE_UP,
      title:
        'Twice in a row, the unit could not verify the sealed key. Nothing was changed, and the unit is not locked.',
      causes: OTHER_KEY,
    },
  },
  'IMPORTKEY 6985': {
    again: true,
    title: 'The challenge was no longer valid. Nothing was changed.',
    causes: ['The unit restarted after it gave the challenge', 'Another program requested a new challenge'],
  },
  'IMPORTKEY 9401': {
    remedy: 'Choose the slot that this key is for',
    choose: true,
    title: 'The unit does not allow this key in this slot. The slot is unchanged.',
    causes: ['The AS allows another slot for this key', FAULTY],
  },
  'IMPORTKEY 9402': {
    remedy: 'Choose a newer key, or leave the slot as it is',
    choose: true,
    title: 'This slot already had this version or a newer one. It takes only newer versions.',
    causes: ['The key is already stored', 'A newer key was loaded by another station'],
  },
  'IMPORTKEY 6A88': {
    remedy: 'Choose another slot',
    choose: true,
    title: 'The unit does not have this slot. Nothing was changed.',
  },
  'IMPORTKEY 6A84': {
    remedy: 'Choose another slot',
    choose: true,
    title: 'The unit has no space for this key. The slot is unchanged.',
    causes: ['The key is longer than the slot', 'The memory of the unit is full'],
  },
  'IMPORTKEY 6581': SET_ASIDE_MEMORY,
  'GET CHALLENGE 6581': {
    again: true,
    title: 'The unit reports a memory fault. No key was sent, so the slots are unchanged.',
    twice: { ...GIVE_UP, title: 'The unit reported a memory fault twice. The slots are unchanged.' },
  },
  'IMPORTKEY 6A80': DAMAGED,
  'IMPORTKEY 6700': DAMAGED,
  'IMPORTKEY 6883': DAMAGED,
  'IMPORTKEY 6884': DAMAGED,
  'IMPORTKEY 6D00': NO_UNIT,
  'GET CHALLENGE 6D00': NO_UNIT,
  'GET RECEIPT 6A88': {
    again: true,
    title: 'The unit has no receipt for this slot, so the key is not stored.',
  },
};

/** Each pair of command and status word that has a message, for example "IMPORTKEY 6988". */
export const EXPLAINED = Object.keys(STATUS_WORDS);

export function explainStatusWord(command: string, statusWord: number): StoredMessage | undefined {
  return STATUS_WORDS[`${command} ${hexNumber(statusWord, 4)}`];
}
