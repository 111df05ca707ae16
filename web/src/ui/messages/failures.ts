// Message for each error code: the remedy first, then the reason. A code without a message does not compile. The messages for
// status words are in status-words.ts, those for permissions and drivers in platform-advice.ts.
import type { ErrorCode, Failure } from '../../state/common/failure.ts';
import { OUT_OF_REACH } from './fallback.ts';
import { accessDenied, browserUnsupported, deviceBusy, driverMissing } from './platform-advice.ts';
import { explainStatusWord } from './status-words.ts';
import type { Message, MessageContext } from './types.ts';

type MessageSource = Message | ((context: MessageContext) => Message);

const LINK = {
  'browser-unsupported': browserUnsupported,
  'device-lost': {
    remedy: 'Check the cable and plug the unit in again',
    title: 'The unit went away. It was unplugged, switched off, or it restarted.',
  },
  'device-busy': deviceBusy,
  'unit-elsewhere': {
    remedy: 'Use it here, or go on in the other tab',
    title: 'Another tab with this page has this unit. What it has begun there it finishes first.',
  },
  'driver-missing': driverMissing,
  'access-denied': accessDenied,
  'protected-class': {
    remedy: 'Attach the unit itself, not a card reader',
    title: 'This is a PC/SC reader (USB class 0B). Browsers keep it for themselves, so trying again does not help.',
    final: true,
  },
  'no-interface': {
    remedy: 'Choose another device, or attach this one by its serial port',
    title: 'This USB device has no interface that a known unit has.',
    final: true,
  },
  'link-timeout': {
    remedy: 'Unplug the unit, plug it in again, then retry',
    again: true,
    title: 'The unit did not answer in time, so its connection was closed.',
  },
  'link-garbled': {
    remedy: 'Try another cable or another port, then retry',
    again: true,
    title: 'What arrived from the unit was damaged again and again.',
  },
} as const;

const UNIT = {
  'not-a-unit': {
    remedy: 'Choose another device',
    title: 'Something answers here, but it is not a unit that takes keys.',
  },
  'unit-blank': {
    remedy: 'Send this unit to be prepared first',
    title: 'It has no transport key yet, so no key can be brought to it.',
  },
  'unit-nonsense': {
    remedy: 'Unplug the unit, plug it in again, then retry',
    again: true,
    title: 'The unit gave an answer that the specification does not have. If it does so again, report its firmware.',
  },
  'unit-changed': {
    remedy: 'Look which unit is on this cable',
    title: 'Its serial number is not the one that was read before, so nothing was loaded into it.',
  },
  'suite-unsupported': {
    remedy: 'Ask the administrator of the AS to allow a suite that this unit knows',
    title: 'The unit and its set have no way of protecting a key in common.',
  },
  'slot-unknown': { remedy: 'Choose another slot', title: 'The unit does not have this slot.' },
  'status-word': {
    remedy: 'Retry once; if it stays so, set the unit aside',
    again: true,
    title: 'The unit refused the command.',
  },
  'no-receipt': {
    remedy: 'Load the key again',
    again: true,
    title: 'The unit has no receipt for this import: the key is not in. What the slot held before, it still holds.',
  },
} as const;

const SERVICE = {
  ...OUT_OF_REACH,
  'service-nonsense': {
    remedy: 'Stop here and tell the administrator of the AS',
    title: 'The AS gave an answer that this page does not understand or that is not for this unit.',
  },
  'data-malformed': {
    remedy: 'Stop here and tell the administrator of the AS',
    title: 'What the AS sent for this unit has not the form of a sealed key.',
  },
  'service-failed': { remedy: 'Wait a minute, then retry', again: true, title: 'The AS has a fault of its own.' },
  'service-changed': {
    remedy: 'Stop here and call the administrator of the AS',
    title:
      'It is not the AS that this station trusts, or its audit log lost entries. Load nothing until that is explained.',
    final: true,
  },
  'not-signed-in': { remedy: 'Sign in', title: 'Nobody is signed in, so the AS cannot be asked.' },
  'signed-out': ({ signingIn }: MessageContext): Message =>
    signingIn
      ? {
          remedy: 'Check the access code',
          title: 'The AS does not accept it: it was mistyped, it ran out, or it was revoked.',
        }
      : { remedy: 'Sign in again', title: 'The AS no longer accepts your access code: it ran out or was revoked.' },
  'not-allowed': {
    remedy: 'Ask the administrator of the AS for this right',
    title: 'Your sign-in does not include it.',
  },
  'request-refused': {
    remedy: 'Reload this page, then retry',
    title: 'The AS could not read the request. Page and AS may be of different versions.',
  },
  'too-many-requests': {
    remedy: 'Wait a minute, then retry',
    again: true,
    title: 'The AS was asked too often in a short time.',
  },
  'quota-used': {
    remedy: 'Ask the administrator of the AS for more exports',
    title: 'All exports that were granted are used up.',
  },
  'unit-quota-used': {
    remedy: 'Use another vault, or ask the administrator of the AS to allow this unit more',
    title: 'This unit has had every export that it is allowed. Other units can be loaded.',
  },
  'set-unknown': {
    remedy: 'Check that the unit belongs to this AS',
    title: 'For you the AS holds no such set, or not this version of its transport key.',
  },
  'key-unknown': {
    remedy: 'Choose another key',
    title: 'The AS no longer holds this key for the set.',
  },
  'slot-not-permitted': { remedy: 'Choose another slot', title: 'The AS does not allow this key in this slot.' },
  'transport-key-current': {
    remedy: 'Leave this unit as it is',
    title: 'It has this version of its transport key already, or a newer one.',
    final: true,
  },
  'unit-not-listed': {
    remedy: 'Check the serial number with your work list',
    title: 'The AS has no permission on file for this unit.',
  },
  'order-unknown': { remedy: 'Choose another work order', title: 'The AS has no such order for you.' },
  'order-ended': {
    remedy: 'Stop here and ask for a new work order',
    title:
      'The AS does not let this order be worked now: it was revoked or closed, or its time is over or has not begun.',
  },
  'not-on-order': {
    remedy: 'Choose a key and a slot of your work order',
    title: 'The AS gives you only what is on the order.',
  },
  'reason-needed': {
    remedy: 'Say why, then load again',
    title: 'This unit was sent this key before in this work order.',
  },
  'challenge-refused': {
    remedy: 'Set this unit aside',
    title:
      'It could not prove to the AS that it belongs to its set. Its transport key is another one, or it is not genuine.',
    final: true,
  },
  'challenge-reused': {
    remedy: 'Load again',
    again: true,
    title: 'The unit repeated a challenge that served another export already.',
  },
  'idempotency-conflict': {
    remedy: 'Load again',
    again: true,
    title: 'The AS had another request under the same number.',
  },
  'vault-unknown': {
    remedy: 'Sign in to the AS that issued this vault, then return its journal',
    title: 'This AS issued no such vault.',
  },
  'journal-refused': {
    remedy: 'Keep this computer as it is and tell the custodian',
    title: 'The journal is not what this vault writes, so the AS did not take it.',
  },
  'export-unknown': {
    remedy: 'Set this unit aside and tell the administrator of the AS',
    title: 'The AS has no record of the export that this receipt answers.',
  },
  'receipt-refused': {
    remedy: 'Set this unit aside and tell the administrator of the AS',
    title: 'The receipt is not the one that this unit should have given. Do not trust the key in it.',
    final: true,
  },
  'receipt-conflict': {
    remedy: 'Set this unit aside and tell the administrator of the AS',
    title: 'The AS holds a different receipt for the same export.',
  },
  'demo-refused': {
    remedy: 'Use the demo page for this unit',
    title: 'It belongs to a demo set, whose keys are published. This AS does not serve demo sets.',
  },
} as const;

const TOKEN = {
  'not-a-token': {
    remedy: 'Choose another device',
    title: 'Something answers here, but it is not an AS token card.',
  },
  'token-locked': {
    remedy: 'Type the PIN of the token, then retry',
    again: true,
    title: 'The token is locked. It locks itself whenever it loses power.',
  },
  'pin-wrong': {
    remedy: 'Look how many tries are left, then type the PIN again',
    title: 'This is not the PIN of the token. Each wrong PIN uses up one try.',
  },
  'token-blocked': {
    remedy: 'Return the token to the custodian who gave it out',
    title: 'No tries are left for its PIN, so the token gives out no more keys.',
    final: true,
  },
  'token-lost': {
    remedy: 'Plug the token in again, unlock it, then retry',
    again: true,
    title: 'The token went away or fell silent. A key that it had just sealed may count as one export.',
  },
  'token-nonsense': {
    remedy: 'Unplug the token, plug it in again, then retry',
    again: true,
    title: 'The token gave an answer that the specification does not have. If it does so again, return it.',
  },
  'token-failed': {
    remedy: 'Unplug the token, plug it in again, then retry',
    again: true,
    title: 'The token could not finish. If it happens again, return it to the custodian.',
  },
} as const;

const VAULT = {
  'vault-malformed': {
    remedy: 'Choose the vault file that your custodian gave you',
    title: 'This file is not a vault that this page can read.',
    final: true,
  },
  'vault-changed': {
    remedy: 'Do not use this file, and ask your custodian for a new one',
    title: 'It is not as the AS issued it.',
    final: true,
  },
  'vault-untrusted': {
    remedy: 'Sign in to the AS that issued this vault once, then open it again',
    title: 'This station does not know that AS.',
  },
  'vault-early': {
    remedy: 'Wait until then, and check the clock of this computer',
    title: 'The time that this vault was given out for has not begun.',
  },
  'vault-expired': {
    remedy: 'Return the journal, and ask your custodian for a new vault',
    title: 'The time that this vault was given out for is over.',
    final: true,
  },
  'vault-busy': {
    remedy: 'Go on in the other tab, or lock the vault there first',
    title: 'Another tab of this browser has this vault open.',
  },
  'vault-locked': {
    remedy: 'Unlock the vault again, then retry',
    again: true,
    title: 'The vault is locked. It locks itself when it is left alone for a while.',
  },
  'passphrase-wrong': {
    remedy: 'Type the passphrase again, with care',
    title: 'This is not the passphrase of this vault. The file is unharmed.',
  },
  'passkey-refused': {
    remedy: 'Try the passkey again, or type the passphrase',
    title: 'It was not confirmed, it is not on this computer, or it does not fit this vault.',
  },
  'passkey-unsupported': {
    remedy: 'Go on with the passphrase',
    title:
      'This browser, or what holds the passkey, cannot keep the key of a vault. A passkey that was made all the same opens nothing and can be deleted.',
    final: true,
  },
} as const;

const STATION = {
  cancelled: {
    remedy: 'Load again when you are ready',
    again: true,
    title: 'You stopped it before anything was written to the unit.',
  },
  'file-refused': { remedy: 'Choose another file, or have it corrected', title: 'This file is not what it should be.' },
  'source-other': {
    remedy: 'Open the AS that sealed this key, then retry',
    again: true,
    title: 'Only the AS, vault or card that sealed a key can verify its receipt.',
  },
  'journal-full': {
    remedy: 'Free some disk space, then retry',
    again: true,
    title: 'The browser has no room left for the journal, and without one nothing more is loaded.',
  },
  'journal-elsewhere': {
    remedy: 'Reload this page, and close its other tabs',
    title: 'Another version of this page is open or was here, and only one version at a time can keep the journal.',
  },
  'unit-at-work': {
    remedy: 'Wait until the unit is done, then give the reason again',
    title: 'A unit of these is being loaded at this station now. None of the reasons was taken.',
  },
  'journal-failed': {
    remedy: 'Leave private browsing or allow this site to store data, then reload',
    title: 'The browser refuses to keep the journal, and without one nothing more is loaded.',
  },
  integrity: {
    remedy: 'Stop here and tell the administrator of the AS',
    title: 'A signature or check value does not match. Somebody or something changed the data on its way.',
  },
} as const;

const WORDS: Record<ErrorCode, MessageSource> = { ...LINK, ...UNIT, ...SERVICE, ...TOKEN, ...VAULT, ...STATION };

/** Every code that has words. */
export const CODES = Object.keys(WORDS) as readonly ErrorCode[];

export function explain(failure: Failure, context: MessageContext): Message {
  const known = failure.statusWord !== undefined && explainStatusWord(failure.command ?? '', failure.statusWord);
  if (known) return known;
  const sentence = WORDS[failure.code];
  return typeof sentence === 'function' ? sentence(context) : sentence;
}
