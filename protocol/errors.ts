// The failures that are expected, each with a code that never changes its meaning. A bug is a TypeError or RangeError and
// is never one of these; a cancelled chooser is `undefined` and no failure at all.
import { hexNumber } from './bytes/hex.ts';

/** The way to the unit: cable, driver, browser, framing. */
export type LinkErrorCode =
  | 'browser-unsupported' // no WebUSB or Web Serial here
  | 'device-lost' // unplugged, reset or switched off
  | 'device-busy' // another program holds it
  | 'unit-elsewhere' // another tab of this page holds it
  | 'driver-missing' // Windows without WinUSB for it
  | 'access-denied' // the operating system's rights, a sandboxed browser
  | 'protected-class' // a PC/SC reader (class 0B), which browsers block
  | 'no-interface' // no interface that a profile knows
  | 'link-timeout' // no answer within the deadline
  | 'link-garbled'; // framing repeated and resynchronised in vain

/** The unit itself. */
export type UnitErrorCode =
  | 'not-a-unit' // it answers, but is no EI
  | 'unit-blank' // lifecycle 00: it holds no T yet
  | 'unit-nonsense' // an answer that the specification does not have
  | 'unit-changed' // another SN than before on this link
  | 'suite-unsupported' // no suite that unit, set and order share
  | 'slot-unknown' // REF2 is not among the unit's slots
  | 'status-word' // a refusal: see StatusWordError
  | 'no-receipt'; // GET RECEIPT found another import or none: the key is not in

/** The AS as a service, and what it refuses. */
export type SourceErrorCode =
  | 'service-unreachable'
  | 'service-timeout'
  | 'service-nonsense' // an answer that is not in its OpenAPI, or DATA that is not for this unit
  | 'data-malformed' // octets that are not TKL/1 DATA
  | 'service-failed' // its own fault (5xx)
  | 'service-changed' // its root key is not the one that this station pinned, or its log went back
  | 'not-signed-in' // nobody has signed in, so nothing was asked
  | 'signed-out' // no token, or expired, or revoked
  | 'not-allowed' // this operator may not do that
  | 'request-refused' // malformed in the service's eyes
  | 'too-many-requests'
  | 'quota-used' // no exports left, for whatever unit
  | 'unit-quota-used' // none for this unit; others may still have theirs
  | 'set-unknown' // SET or TKV that this AS does not hold
  | 'key-unknown' // REF1 that this AS does not hold for the set
  | 'slot-not-permitted' // this key may not go into that slot
  | 'transport-key-current' // the unit has this version of T already, or a newer one (docs/protocol.md clause 8)
  | 'unit-not-listed' // this SN is not allowed for the set
  | 'challenge-refused' // CHM wrong: the unit does not hold the key of its set
  | 'challenge-reused' // (SN, R) was used for another export
  | 'idempotency-conflict' // the same idempotency key with another body
  | 'vault-unknown' // a vault that this AS did not issue
  | 'journal-refused' // of a vault: not signed by it, or not readable
  | 'export-unknown' // a receipt for an export that this AS never made
  | 'receipt-refused' // the MAC or a field of the receipt is wrong
  | 'receipt-conflict' // another receipt is on file for this export
  | 'demo-refused' // a demo set and an AS that is not in demo mode
  | 'order-unknown' // no such work order, or not for this operator
  | 'order-ended' // the work order is revoked, closed, over, or has not begun
  | 'not-on-order' // key, slot, set or suite is not on the work order, or the operator may work by work orders only
  | 'reason-needed'; // this unit was exported this key before, in the same work order

/** An AS token card (docs/protocol.md clause 4): what only a card can say. Its other refusals have the codes of every AS. */
export type TokenErrorCode =
  | 'not-a-token' // it answers, but is no AS card
  | 'token-locked' // it wants its PIN, at first or again after a loss of power
  | 'pin-wrong' // see PinError
  | 'token-blocked' // no tries are left
  | 'token-lost' // unplugged or silent, perhaps in the middle of an export
  | 'token-nonsense' // an answer that the specification does not have
  | 'token-failed'; // its own fault, such as a memory failure

/** A vault, the AS token in a file. Its other refusals have the codes of every AS. */
export type VaultErrorCode =
  | 'vault-malformed' // not a vault file, or bounds that this version does not take
  | 'vault-untrusted' // no root that this station pinned vouches for it
  | 'vault-changed' // a signature in it is wrong, or its parts do not belong together
  | 'vault-early' // the time that it was given out for has not begun
  | 'vault-expired'
  | 'vault-busy' // open in another tab
  | 'vault-locked' // by the operator, by being idle, or by a fault of its worker
  | 'passphrase-wrong'
  | 'passkey-refused' // stopped, not there, or it does not fit: a browser does not say which
  | 'passkey-unsupported'; // browser or authenticator without what a vault needs of them

/** The station: this page and its journal. */
export type StationErrorCode =
  | 'cancelled' // by the operator
  | 'source-other' // another AS than the one in use sealed the key
  | 'file-refused' // an opened file is not what it should be: the message says where
  | 'journal-full' // the browser's storage quota
  | 'journal-elsewhere' // another version of the station is open, or has been: this one cannot keep the journal
  | 'journal-failed' // the browser refuses its storage
  | 'part-unreachable' // a part of the page could not be fetched
  | 'unit-at-work'; // nothing is said of a unit while it is being loaded

/** Cryptographic refusal. */
export type IntegrityErrorCode = 'integrity';

export type ErrorCode =
  | LinkErrorCode
  | UnitErrorCode
  | SourceErrorCode
  | TokenErrorCode
  | VaultErrorCode
  | StationErrorCode
  | IntegrityErrorCode;

/** An expected failure. `message` is for engineers and names what was wrong; the operator's words are keyed by `code`. */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A command was answered with a status word other than 9000 (ISO/IEC 7816-4 clause 5.6). */
export class StatusWordError extends ProtocolError {
  override readonly name = 'StatusWordError';
  /** SW1 SW2, 0000 to FFFF. */
  readonly statusWord: number;
  /** The command's name as the specification writes it, e.g. "IMPORTKEY". */
  readonly command: string;

  constructor(command: string, statusWord: number) {
    super('status-word', `${command} was answered with ${hexNumber(statusWord, 4)}`);
    this.command = command;
    this.statusWord = statusWord;
  }
}

/** The PIN was wrong: `token-blocked` when that was the last try. */
export class PinError extends ProtocolError {
  override readonly name = 'PinError';
  readonly triesLeft: number;

  constructor(triesLeft: number) {
    super(triesLeft > 0 ? 'pin-wrong' : 'token-blocked', `the PIN is wrong, ${triesLeft} tries are left`);
    this.triesLeft = triesLeft;
  }
}

/** A MAC, tag, signature or wrapped key did not verify. Mute on purpose: which one, and where, helps only an attacker. */
export class IntegrityError extends ProtocolError {
  override readonly name = 'IntegrityError';

  constructor() {
    super('integrity', 'integrity check failed');
  }
}
