// Message for each error code: the remedy first, then the reason. A code without a message does not
// compile. The messages for status words are in status-words.ts, those for permissions and drivers
// in platform-advice.ts.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { ErrorCode, Failure } from '../../state/common/failure.ts';
import { OUT_OF_REACH } from './fallback.ts';
import { accessDenied, browserUnsupported, deviceBusy, driverMissing } from './platform-advice.ts';
import { SITE } from './site-failures.ts';
import { explainStatusWord } from './status-words.ts';
import { TOKEN, VAULT } from './token-failures.ts';
import type { Message, MessageContext, StoredMessage } from './types.ts';

const helper = 'administrator' as const;

const GIVE_UP = {
  remedy: 'Set this unit aside and tell your administrator',
  helper,
  aside: true,
  final: true,
} as const;

type MessageSource = StoredMessage | ((context: MessageContext) => StoredMessage);

const LINK = {
  'browser-unsupported': browserUnsupported,
  'device-lost': {
    remedy: 'Check the cable and plug the unit in again',
    title: 'The unit was unplugged or switched off, or it restarted.',
  },
  'device-busy': deviceBusy,
  'unit-elsewhere': {
    remedy: 'Use the unit here, or continue in the other tab',
    title: 'Another tab uses this unit. If that tab is loading a key, the load finishes first.',
  },
  'driver-missing': driverMissing,
  'access-denied': accessDenied,
  'protected-class': {
    remedy: 'Attach the unit itself, not a card reader',
    title: 'This is a PC/SC reader (USB class 0B). Browsers do not let web pages use such a reader.',
    final: true,
  },
  'no-interface': {
    remedy: 'Choose another device, or attach this one by its serial port',
    title: 'This USB device has no interface that this page can use.',
    final: true,
  },
  'link-timeout': {
    remedy: 'Unplug the unit, plug it in again',
    again: true,
    title: 'The unit did not respond in time. Its connection was closed.',
  },
  'link-echo': {
    remedy: 'Check that the unit is connected and switched on',
    again: true,
    title: 'The adapter only returns what this page sends. No unit answers through it.',
  },
  'link-garbled': {
    remedy: 'Try another cable or another port',
    again: true,
    title: 'The data from the unit was damaged several times.',
    twice: { ...GIVE_UP, title: 'The data was damaged again. The unit, its cable or the port may be faulty.' },
  },
} as const;

const UNIT = {
  'not-a-unit': {
    remedy: 'Choose another device',
    title: 'The device responds, but it is not a unit that takes keys.',
  },
  'identity-malformed': {
    remedy: 'Give the line below to the maker of the unit',
    title: 'The device answered as a unit, but its identity violates the protocol.',
    final: true,
  },
  'unit-blank': {
    remedy: 'Ask your administrator to prepare this unit first',
    helper,
    title: 'The unit has no transport key yet, so it cannot take a key.',
  },
  'unit-nonsense': {
    remedy: 'Unplug the unit, plug it in again',
    again: true,
    title: 'The unit sent a response that the protocol does not define.',
    twice: { ...GIVE_UP, title: 'The unit sent such a response twice. Its firmware may have a fault.' },
  },
  'unit-changed': {
    remedy: 'Check which unit is on this cable',
    title: 'The serial number differs from the one read before. Nothing was loaded.',
  },
  'suite-unsupported': {
    remedy: 'Ask your administrator to allow a suite that this unit supports',
    helper,
    title: 'The unit and its set have no suite in common.',
  },
  'slot-unknown': { remedy: 'Choose another slot', choose: true, title: 'The unit does not have this slot.' },
  'status-word': {
    again: true,
    title: 'The unit refused the command.',
    twice: { ...GIVE_UP, title: 'The unit refused the command twice.' },
  },
  'no-receipt': {
    again: true,
    title: 'The unit has no receipt, so the key is not stored. The slot is unchanged.',
  },
} as const;

const SERVICE = {
  ...OUT_OF_REACH,
  'gateway-failed': {
    remedy: 'Wait a minute',
    again: true,
    title: 'A server between this page and the AS cannot reach the AS now.',
  },
  'not-the-as': {
    remedy: 'Sign in to the network first',
    again: true,
    title: 'The answer did not come from the AS. It may come from a sign-in page of the network.',
  },
  'service-nonsense': {
    remedy: 'Stop here and tell your administrator',
    helper,
    title: 'The AS sent a malformed response, or one for another unit.',
  },
  'data-malformed': {
    remedy: 'Stop here and tell your administrator',
    helper,
    title: 'The AS sent a malformed key block for this unit.',
  },
  'service-failed': { remedy: 'Wait a minute', again: true, title: 'The AS reported a fault.' },
  'service-changed': {
    remedy: 'Stop here and call your administrator',
    helper,
    title:
      'This station does not trust the keys of this AS, or the audit log lost entries. Load no key until the cause is known.',
    final: true,
  },
  'not-signed-in': { remedy: 'Sign in', title: 'No operator is signed in.' },
  'access-code-refused': {
    remedy: 'Check the access code',
    title: 'The code is mistyped, expired or revoked. Your administrator can issue a new one.',
  },
  'signed-out': { remedy: 'Sign in again', title: 'Your access code has expired or was revoked.' },
  'not-allowed': {
    remedy: 'Ask your administrator for this right',
    helper,
    title: 'Your access code does not include this right.',
  },
  'request-refused': {
    remedy: 'Reload this page',
    title: 'The AS could not read the request. The page and the AS may have different versions.',
  },
  'too-many-requests': {
    remedy: 'Wait a minute',
    again: true,
    title: 'The AS received too many requests in a short time.',
  },
  'quota-used': {
    remedy: 'Ask your administrator for more exports, or your custodian for a new vault',
    helper,
    title: 'All granted exports are used up.',
  },
  'unit-quota-used': {
    remedy: 'Use another vault or card, or ask your administrator for more exports',
    helper,
    title: 'The exports for this unit are used up. Other units can be loaded.',
  },
  'set-unknown': {
    remedy: 'If this is the right unit, tell your administrator',
    helper,
    title: 'The AS offers you no keys for this set or transport key version.',
  },
  'key-unknown': {
    remedy: 'Choose another key',
    choose: true,
    title: 'The AS no longer has this key for the set.',
  },
  'slot-not-permitted': {
    remedy: 'Choose another slot',
    choose: true,
    title: 'The AS does not allow this key in this slot.',
  },
  'transport-key-current': {
    remedy: 'Leave this unit as it is',
    title: 'The unit already has this transport key version or a newer one.',
    final: true,
  },
  'unit-not-listed': {
    remedy: 'If the serial number is on your list, tell your administrator',
    helper,
    title: 'The AS does not allow keys for this unit.',
  },
  'order-unknown': { remedy: 'Choose another work order', title: 'The AS does not offer you this order.' },
  'order-ended': {
    remedy: 'Stop here and ask your custodian for a new work order',
    helper: 'custodian',
    title: 'The order is revoked, closed, expired or not valid yet.',
  },
  'not-on-order': {
    remedy: 'Choose a key and a slot of your work order',
    choose: true,
    title: 'The AS exports only the keys of your order.',
  },
  'reason-needed': {
    remedy: 'Enter a reason for loading this key again',
    title: 'This key was already exported to this unit in this order.',
  },
  'challenge-refused': {
    ...GIVE_UP,
    title: 'The unit did not prove that it belongs to its set. Its transport key differs, or it is not genuine.',
  },
  'challenge-reused': {
    again: true,
    title: 'The unit sent a challenge that an earlier export has already used.',
  },
  'idempotency-conflict': {
    again: true,
    title: 'The AS has already received a different request with this number.',
  },
  'vault-unknown': {
    remedy: 'Sign in to the AS that issued this vault, then return its journal',
    title: 'This AS did not issue this vault.',
  },
  'journal-refused': {
    remedy: 'Change nothing on this computer and tell your custodian',
    helper: 'custodian',
    title: 'The AS rejected the journal because this vault did not write it.',
  },
  'export-unknown': {
    remedy: 'Set this unit aside and tell your administrator',
    helper,
    aside: true,
    title: 'The AS has no record of the export that this receipt belongs to.',
  },
  'receipt-refused': {
    ...GIVE_UP,
    title: 'The receipt is not the expected one. Do not trust the key in this unit.',
  },
  'receipt-conflict': {
    remedy: 'Set this unit aside and tell your administrator',
    helper,
    aside: true,
    title: 'The AS already has another receipt for this export. The receipt of the unit differs from it.',
  },
  'demo-refused': {
    remedy: 'Use the demo page for this unit',
    title: 'The unit belongs to a demo set with published keys. This AS does not serve demo sets.',
  },
} as const;

const STATION = {
  cancelled: {
    again: true,
    title: 'You stopped the load before anything was written to the unit.',
  },
  'file-refused': {
    remedy: 'Choose another file, or have this one corrected',
    title: 'This file does not have the expected content.',
  },
  'source-other': {
    remedy: 'Use the AS, vault or card that sealed this key',
    again: true,
    title: 'Only the AS, vault or card that sealed a key can verify its receipt.',
  },
  'journal-full': {
    remedy: 'Free some disk space',
    again: true,
    title: 'The browser has no space left for the journal. This page loads no key without a journal.',
  },
  'journal-elsewhere': {
    remedy: 'Reload this page, and close its other tabs',
    title: 'Another version of this page uses the journal. Only one version can use the journal at a time.',
  },
  'unit-at-work': {
    remedy: 'Wait until the unit is done, then enter the reason again',
    title: 'One of these units is being loaded now. No reason was saved.',
  },
  'journal-failed': {
    remedy: 'Leave private browsing or allow this site to store data, then reload',
    title: 'The browser refuses to store the journal. This page loads no key without a journal.',
  },
  'journal-lost': {
    remedy: 'Leave the order and open it again',
    title: 'The journal of this station was deleted. Your administrator can see at the AS what was loaded.',
  },
  integrity: {
    remedy: 'Stop here and tell your administrator',
    helper,
    title: 'A signature or check value does not match. The data was changed in transit.',
  },
} as const;

const MESSAGES: Record<ErrorCode, MessageSource> = {
  ...LINK,
  ...UNIT,
  ...SERVICE,
  ...TOKEN,
  ...VAULT,
  ...SITE,
  ...STATION,
};

/** Every code that has a message. */
export const CODES = Object.keys(MESSAGES) as readonly ErrorCode[];

/**
 * Error codes of an attempt to attach a device that is not a unit. `link-echo` is not one of them:
 * only an adapter echoes, and the message of that code says more than the ids of the adapter.
 */
const FOREIGN_CODES: ReadonlySet<ErrorCode> = new Set(['link-timeout', 'link-garbled', 'not-a-unit']);

function foreignDevice(name: string, { kind, usb }: MessageContext): Message {
  const ids = usb && kind === 'usb' ? ` (USB ${hexNumber(usb.vendorId, 4)}:${hexNumber(usb.productId, 4)})` : '';
  return {
    remedy:
      kind === 'serial'
        ? 'Check that a unit is connected and switched on, or choose another device'
        : 'Choose another device',
    title: `This is “${name}”${ids}, not a known unit. It did not answer like a unit.`,
  };
}

/** Adds to a remedy how to retry: a button to press, or to plug the unit in again. */
function complete(message: StoredMessage, { button, isUnplugged }: MessageContext): Message {
  if (!message.again) return message;
  const { remedy } = message;
  const last = isUnplugged ? 'plug the unit in again' : button ? `press “${button}”` : 'try again';
  if (remedy === undefined) return { ...message, remedy: last.charAt(0).toUpperCase() + last.slice(1) };
  return { ...message, remedy: isUnplugged && / plug it in /.test(`${remedy} `) ? remedy : `${remedy}, then ${last}` };
}

export function explain(failure: Failure, context: MessageContext): Message {
  if (context.foreign !== undefined && FOREIGN_CODES.has(failure.code)) return foreignDevice(context.foreign, context);
  if (failure.message) return failure.message;
  const known = failure.statusWord !== undefined && explainStatusWord(failure.command ?? '', failure.statusWord);
  const source = known || MESSAGES[failure.code];
  const message: StoredMessage = typeof source === 'function' ? source(context) : source;
  return (context.repeated && message.twice) || complete(message, context);
}
