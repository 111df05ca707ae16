// Message for each error code: the remedy first, then the reason. A code without a message does not
// compile. The messages for status words are in status-words.ts, those for permissions and drivers
// in platform-advice.ts.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { ErrorCode, Failure } from '../../state/common/failure.ts';
import { t } from '../../text/t.ts';
import { OUT_OF_REACH } from './fallback.ts';
import { accessDenied, browserUnsupported, deviceBusy, driverMissing } from './platform-advice.ts';
import { SITE } from './site-failures.ts';
import { explainStatusWord } from './status-words.ts';
import { TOKEN, VAULT } from './token-failures.ts';
import type { Message, MessageContext, StoredMessage } from './types.ts';

const helper = 'administrator' as const;

const GIVE_UP = {
  remedy: t`Set this unit aside and tell your administrator`,
  helper,
  aside: true,
  final: true,
} as const;

type MessageSource = StoredMessage | ((context: MessageContext) => StoredMessage);

const LINK = {
  'browser-unsupported': browserUnsupported,
  'device-lost': {
    remedy: t`Check the cable and plug the unit in again`,
    title: t`The unit was unplugged or switched off, or it restarted.`,
  },
  'device-busy': deviceBusy,
  'unit-elsewhere': {
    remedy: t`Use the unit here, or continue in the other tab`,
    title: t`Another tab uses this unit. If that tab is loading a key, the load finishes first.`,
  },
  'driver-missing': driverMissing,
  'access-denied': accessDenied,
  'protected-class': {
    remedy: t`Attach the unit itself, not a card reader`,
    title: t`This is a PC/SC reader (USB class 0B). Browsers do not let web pages use such a reader.`,
    final: true,
  },
  'no-interface': {
    remedy: t`Choose another device, or attach this one by its serial port`,
    title: t`This USB device has no interface that this page can use.`,
    final: true,
  },
  'link-timeout': {
    remedy: t`Unplug the unit, plug it in again`,
    replug: true,
    again: true,
    title: t`The unit did not respond in time. Its connection was closed.`,
  },
  'link-echo': {
    remedy: t`Check that the unit is connected and switched on`,
    again: true,
    title: t`The adapter only returns what this page sends. No unit answers through the adapter.`,
  },
  'link-garbled': {
    remedy: t`Try another cable or another port`,
    again: true,
    title: t`The data from the unit was damaged several times.`,
    twice: { ...GIVE_UP, title: t`The data was damaged again. The unit, its cable or the port may be faulty.` },
  },
} as const;

const UNIT = {
  'not-a-unit': {
    remedy: t`Choose another device`,
    title: t`The device responds, but it is not a unit that takes keys.`,
  },
  'identity-malformed': {
    remedy: t`Give the line below to the maker of the unit`,
    title: t`The device answered as a unit, but its identity violates the protocol.`,
    final: true,
  },
  'unit-blank': {
    remedy: t`Ask your administrator to prepare this unit first`,
    helper,
    title: t`The unit has no transport key yet, so it cannot take a key.`,
  },
  'unit-nonsense': {
    remedy: t`Unplug the unit, plug it in again`,
    replug: true,
    again: true,
    title: t`The unit sent a response that the protocol does not define.`,
    twice: {
      ...GIVE_UP,
      title: t`Twice in a row, the unit sent a response that the protocol does not define. Its firmware may have a fault.`,
    },
  },
  'unit-changed': {
    remedy: t`Check which unit is on this cable`,
    title: t`The serial number differs from the one read before. Nothing was loaded.`,
  },
  'suite-unsupported': {
    remedy: t`Ask your administrator to allow a suite that this unit supports`,
    helper,
    title: t`The unit and its set have no suite in common.`,
  },
  'slot-unknown': { remedy: t`Choose another slot`, choose: true, title: t`The unit does not have this slot.` },
  'status-word': {
    again: true,
    title: t`The unit refused the command.`,
    twice: { ...GIVE_UP, title: t`The unit refused the command twice.` },
  },
  'no-receipt': {
    again: true,
    title: t`The unit has no receipt, so the key is not stored. The slot is unchanged.`,
  },
} as const;

const SERVICE = {
  ...OUT_OF_REACH,
  'gateway-failed': {
    remedy: t`Wait a minute`,
    again: true,
    title: t`A server between this page and the AS cannot reach the AS now.`,
  },
  'not-the-as': {
    remedy: t`Sign in to the network first`,
    again: true,
    title: t`The answer did not come from the AS. It may come from a sign-in page of the network.`,
  },
  'service-nonsense': {
    remedy: t`Stop here and tell your administrator`,
    helper,
    title: t`The AS sent a malformed response, or a response for another unit.`,
  },
  'data-malformed': {
    remedy: t`Stop here and tell your administrator`,
    helper,
    title: t`The AS sent a malformed key block for this unit.`,
  },
  'service-failed': { remedy: t`Wait a minute`, again: true, title: t`The AS reported a fault.` },
  'service-changed': {
    remedy: t`Stop here and call your administrator`,
    helper,
    title: t`This station does not trust the keys of this AS. Load no key until the cause is known.`,
    final: true,
  },
  'log-changed': {
    remedy: t`Stop here and call your administrator`,
    helper,
    title: t`The AS shows another log than the one this station saw. Load no key until an auditor has compared them.`,
    final: true,
  },
  'not-signed-in': { remedy: t`Sign in`, title: t`No operator is signed in.` },
  'access-code-refused': {
    remedy: t`Check the access code`,
    title: t`The code is mistyped, expired or revoked. Your administrator can issue a new one.`,
  },
  'signed-out': { remedy: t`Sign in again`, title: t`Your access code has expired or was revoked.` },
  'not-allowed': {
    remedy: t`Ask your administrator for this right`,
    helper,
    title: t`Your access code does not include this right.`,
  },
  'request-refused': {
    remedy: t`Reload this page`,
    title: t`The AS could not read the request. The page and the AS may have different versions.`,
  },
  'too-many-requests': {
    remedy: t`Wait a minute`,
    again: true,
    title: t`The AS received too many requests in a short time.`,
  },
  'quota-used': {
    remedy: t`Ask your administrator for more exports, or your custodian for a new vault`,
    helper,
    title: t`All granted exports are used up.`,
  },
  'unit-quota-used': {
    remedy: t`Use another vault or card, or ask your administrator for more exports`,
    helper,
    title: t`The exports for this unit are used up. Other units can be loaded.`,
  },
  'set-unknown': {
    remedy: t`If this is the right unit, tell your administrator`,
    helper,
    title: t`The AS offers you no keys for this set or transport key version.`,
  },
  'key-unknown': {
    remedy: t`Choose another key`,
    choose: true,
    title: t`The AS no longer has this key for the set.`,
  },
  'slot-not-permitted': {
    remedy: t`Choose another slot`,
    choose: true,
    title: t`The AS does not allow this key in this slot.`,
  },
  'transport-key-current': {
    remedy: t`Leave this unit as it is`,
    title: t`The unit already has this transport key version or a newer one.`,
    final: true,
  },
  'unit-not-listed': {
    remedy: t`If the serial number is on your list, tell your administrator`,
    helper,
    title: t`The AS does not allow keys for this unit.`,
  },
  'order-unknown': { remedy: t`Choose another work order`, title: t`The AS does not offer you this order.` },
  'order-ended': {
    remedy: t`Stop here and ask your custodian for a new work order`,
    helper: 'custodian',
    title: t`The order is revoked, closed, expired or not valid yet.`,
  },
  'not-on-order': {
    remedy: t`Choose a key and a slot of your work order`,
    choose: true,
    title: t`The AS exports only the keys of your order.`,
  },
  'reason-needed': {
    remedy: t`Enter a reason for loading this key again`,
    title: t`This key was already exported to this unit in this order.`,
  },
  'challenge-refused': {
    ...GIVE_UP,
    title: t`The unit did not prove that it belongs to its set. Its transport key differs, or the unit is not genuine.`,
  },
  'challenge-reused': {
    again: true,
    title: t`The unit sent a challenge that an earlier export has already used.`,
  },
  'idempotency-conflict': {
    again: true,
    title: t`The AS has already received a different request with the same number.`,
  },
  'vault-unknown': {
    remedy: t`Sign in to the AS that issued this vault, then return its journal`,
    title: t`This AS did not issue this vault.`,
  },
  'journal-refused': {
    remedy: t`Change nothing on this computer and tell your custodian`,
    helper: 'custodian',
    title: t`The AS rejected the journal because this vault did not write it.`,
  },
  'export-unknown': {
    remedy: t`Set this unit aside and tell your administrator`,
    helper,
    aside: true,
    title: t`The AS has no record of the export that this receipt belongs to.`,
  },
  'receipt-refused': {
    ...GIVE_UP,
    title: t`The receipt is not the expected one. Do not trust the key in this unit.`,
  },
  'receipt-conflict': {
    remedy: t`Set this unit aside and tell your administrator`,
    helper,
    aside: true,
    title: t`The AS already has another receipt for this export. The receipt of the unit differs from it.`,
  },
  'demo-refused': {
    remedy: t`Use the demo page for this unit`,
    title: t`The unit belongs to a demo set with published keys. This AS does not serve demo sets.`,
  },
} as const;

const STATION = {
  cancelled: {
    again: true,
    title: t`You stopped the load before anything was written to the unit.`,
  },
  'file-refused': {
    remedy: t`Choose another file, or have this one corrected`,
    title: t`This file does not have the expected content.`,
  },
  'source-other': {
    remedy: t`Use the AS, vault or card that sealed this key`,
    again: true,
    title: t`Only the AS, vault or card that sealed a key can verify its receipt.`,
  },
  'journal-full': {
    remedy: t`Free some disk space`,
    again: true,
    title: t`The browser has no space left for the journal. This page loads no key without a journal.`,
  },
  'journal-elsewhere': {
    remedy: t`Reload this page, and close its other tabs`,
    title: t`Another version of this page uses the journal. Only one version can use the journal at a time.`,
  },
  'unit-at-work': {
    remedy: t`Wait until the unit is done, then enter the reason again`,
    title: t`One of these units is being loaded now. No reason was saved.`,
  },
  'journal-failed': {
    remedy: t`Leave private browsing or allow this site to store data, then reload`,
    title: t`The browser refuses to store the journal. This page loads no key without a journal.`,
  },
  'journal-lost': {
    remedy: t`Leave the order and open it again`,
    title: t`The journal of this station was deleted. Your administrator can see at the AS what was loaded.`,
  },
  integrity: {
    remedy: t`Stop here and tell your administrator`,
    helper,
    title: t`A signature or check value does not match. The data was changed in transit.`,
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
 * only an adapter echoes, and the message of `link-echo` is more useful than the ids of the
 * adapter.
 */
const FOREIGN_CODES: ReadonlySet<ErrorCode> = new Set(['link-timeout', 'link-garbled', 'not-a-unit']);

function foreignDevice(name: string, { kind, usb }: MessageContext): Message {
  const remedy =
    kind === 'serial'
      ? t`Check that a unit is connected and switched on, or choose another device`
      : t`Choose another device`;
  if (usb === undefined || kind !== 'usb')
    return { remedy, title: t`This is “${name}”, not a known unit. It did not answer like a unit.` };
  const ids = `${hexNumber(usb.vendorId, 4)}:${hexNumber(usb.productId, 4)}`;
  return { remedy, title: t`This is “${name}” (USB ${ids}), not a known unit. It did not answer like a unit.` };
}

/** Adds to a remedy how to retry: press a button, or plug the unit in again. */
function complete(message: StoredMessage, { button, isUnplugged }: MessageContext): Message {
  if (!message.again) return message;
  const { remedy, replug } = message;
  if (isUnplugged) {
    if (remedy === undefined) return { ...message, remedy: t`Plug the unit in again` };
    return { ...message, remedy: replug ? remedy : t`${remedy}, then plug the unit in again` };
  }
  if (button) {
    return {
      ...message,
      remedy: remedy === undefined ? t`Press “${button}”` : t`${remedy}, then press “${button}”`,
    };
  }
  return { ...message, remedy: remedy === undefined ? t`Try again` : t`${remedy}, then try again` };
}

export function explain(failure: Failure, context: MessageContext): Message {
  if (context.foreign !== undefined && FOREIGN_CODES.has(failure.code)) return foreignDevice(context.foreign, context);
  if (failure.message) return failure.message;
  const known = failure.statusWord !== undefined && explainStatusWord(failure.command ?? '', failure.statusWord);
  const source = known || MESSAGES[failure.code];
  const message: StoredMessage = typeof source === 'function' ? source(context) : source;
  return (context.repeated && message.twice) || complete(message, context);
}
