// Message for each status word of each command, with possible causes (docs/protocol.md clause 4.8).
import { hexNumber } from '#protocol/bytes/hex.ts';
import { t } from '../../text/t.ts';
import type { StoredMessage } from './types.ts';

const FAULTY = t`The firmware has a fault`;

const GIVE_UP = {
  remedy: t`Set this unit aside and tell your administrator`,
  helper: 'administrator',
  aside: true,
  final: true,
} as const;

const SET_ASIDE_MEMORY: StoredMessage = {
  again: true,
  title: t`The unit reports a memory fault. Only its receipt shows which key is in the slot.`,
  twice: {
    ...GIVE_UP,
    title: t`The unit reported a memory fault twice. Only its receipt shows which key is in the slot.`,
  },
  causes: [t`The memory is worn out`, t`The supply voltage dropped during the write: try another cable or port`],
};

const PREPARE: StoredMessage = {
  remedy: t`Ask your administrator to prepare this unit first`,
  helper: 'administrator',
  title: t`The unit has no transport key yet, so it gives no challenge.`,
  causes: [t`The unit is new, or its keys were deleted`],
};

const RESELECT: StoredMessage = {
  remedy: t`Unplug the unit, plug it in again`,
  replug: true,
  again: true,
  title: t`The unit restarted while the page used it.`,
  causes: [t`The power is unsteady: try another cable or port`, t`Another program uses the unit too`],
};

const NO_UNIT: StoredMessage = {
  remedy: t`Choose another device`,
  title: t`The device responds, but it is not a unit that takes keys.`,
  causes: [t`A card or another product with the same kind of cable`, t`The firmware of the unit cannot load keys`],
};

const DAMAGED: StoredMessage = {
  again: true,
  title: t`The unit rejected the command as malformed. Nothing was changed.`,
  twice: { ...GIVE_UP, title: t`The unit rejected the command twice. Nothing was changed.` },
  causes: [
    t`The firmware implements another version of the protocol`,
    t`The link damaged the command, and the damage was not detected`,
  ],
};

/**
 * Possible causes of a second IMPORTKEY 6988. Damage in transit is left out, because it is unlikely
 * to occur twice in a row.
 */
const OTHER_KEY = [
  t`The unit and the AS have different transport keys for this set`,
  t`The transport key was replaced, but its version was not raised`,
  t`The unit requires the signature of another AS`,
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
    remedy: t`Ask your administrator to allow a suite that this unit supports`,
    helper: 'administrator',
    title: t`The unit does not support the chosen suite.`,
  },
  'IMPORTKEY 6988': {
    again: true,
    title: t`The unit could not verify the sealed key. Nothing was changed, and the unit is not locked.`,
    causes: [t`The sealed key was damaged between the AS and the unit`, ...OTHER_KEY],
    twice: {
      ...GIVE_UP,
      title: t`Twice in a row, the unit could not verify the sealed key. Nothing was changed, and the unit is not locked.`,
      causes: OTHER_KEY,
    },
  },
  'IMPORTKEY 6985': {
    again: true,
    title: t`The challenge was no longer valid. Nothing was changed.`,
    causes: [t`The unit restarted after it gave the challenge`, t`Another program requested a new challenge`],
  },
  'IMPORTKEY 9401': {
    remedy: t`Choose the slot that this key is for`,
    choose: true,
    title: t`The unit does not allow this key in this slot. The slot is unchanged.`,
    causes: [t`The AS allows another slot for this key`, FAULTY],
  },
  'IMPORTKEY 9402': {
    remedy: t`Choose a newer key, or leave the slot as it is`,
    choose: true,
    title: t`This slot already had this version or a newer one. It takes only newer versions.`,
    causes: [t`The key is already stored`, t`A newer key was loaded by another station`],
  },
  'IMPORTKEY 6A88': {
    remedy: t`Choose another slot`,
    choose: true,
    title: t`The unit does not have this slot. Nothing was changed.`,
  },
  'IMPORTKEY 6A84': {
    remedy: t`Choose another slot`,
    choose: true,
    title: t`The unit has no space for this key. The slot is unchanged.`,
    causes: [t`The key is longer than the slot`, t`The memory of the unit is full`],
  },
  'IMPORTKEY 6581': SET_ASIDE_MEMORY,
  'GET CHALLENGE 6581': {
    again: true,
    title: t`The unit reports a memory fault. No key was sent, so the slots are unchanged.`,
    twice: { ...GIVE_UP, title: t`The unit reported a memory fault twice. The slots are unchanged.` },
  },
  'IMPORTKEY 6A80': DAMAGED,
  'IMPORTKEY 6700': DAMAGED,
  'IMPORTKEY 6883': DAMAGED,
  'IMPORTKEY 6884': DAMAGED,
  'IMPORTKEY 6D00': NO_UNIT,
  'GET CHALLENGE 6D00': NO_UNIT,
  'GET RECEIPT 6A88': {
    again: true,
    title: t`The unit has no receipt for this slot, so the key is not stored.`,
  },
};

/** Each pair of command and status word that has a message, for example "IMPORTKEY 6988". */
export const EXPLAINED = Object.keys(STATUS_WORDS);

export function explainStatusWord(command: string, statusWord: number): StoredMessage | undefined {
  return STATUS_WORDS[`${command} ${hexNumber(statusWord, 4)}`];
}
