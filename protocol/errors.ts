// The error codes of expected failures. A code never changes its meaning. A programming error is a
// TypeError or RangeError and has no code. A cancelled chooser is not a failure: the function
// returns undefined.
import { hexNumber } from './bytes/hex.ts';

/** Failures between the page and a device: cable, driver, browser, framing. */
export type LinkErrorCode =
  | 'browser-unsupported' // the browser has neither WebUSB nor Web Serial
  | 'device-lost' // unplugged, reset or switched off
  | 'device-busy' // another program has the device open
  | 'unit-elsewhere' // another tab of this page has the device open
  | 'driver-missing' // Windows has no WinUSB driver for the device
  | 'access-denied' // the operating system or a sandboxed browser denies access
  | 'protected-class' // a PC/SC reader (class 0B), which browsers block
  | 'no-interface' // no interface matches a device profile
  | 'link-timeout' // no response within the deadline
  | 'link-echo' // the adapter returns what is sent, and no unit answers
  | 'link-garbled'; // retries and resynchronisation failed

/** Failures of the unit. */
export type UnitErrorCode =
  | 'not-a-unit' // the device responds but has no EI application
  | 'identity-malformed' // the EI application returned an identity that violates the specification
  | 'unit-blank' // lifecycle 00: the unit has no T yet
  | 'unit-nonsense' // a response that violates the specification
  | 'unit-changed' // the SN differs from the one read earlier on this link
  | 'suite-unsupported' // unit, set and load request have no suite in common
  | 'slot-unknown' // the unit has no slot REF2
  | 'status-word' // the unit refused a command: see StatusWordError
  | 'no-receipt'; // GET RECEIPT found no import or another one: the key was not stored

/** Failures and refusals of the AS. */
export type SourceErrorCode =
  | 'service-unreachable'
  | 'service-timeout'
  | 'gateway-failed' // a proxy or gateway answered instead of the AS (502, 503, 504), or asked to wait
  | 'not-the-as' // something between page and AS answered: a sign-in page, a proxy, another server
  | 'service-nonsense' // a response that violates the OpenAPI document, or DATA for another unit
  | 'data-malformed' // bytes that are not TKL/1 DATA
  | 'service-failed' // an error inside the service (5xx)
  | 'service-changed' // the root key is not the pinned one, or the audit log is older than before
  | 'log-changed' // the audit log does not contain what this station saw
  | 'not-signed-in' // no operator is signed in, so no request was sent
  | 'access-code-refused' // at the sign-in: the access code is mistyped, expired or revoked
  | 'signed-out' // during a session: the access code has expired or was revoked
  | 'not-allowed' // the operator lacks the permission
  | 'request-refused' // the service considers the request malformed
  | 'too-many-requests'
  | 'quota-used' // no exports are left for any unit
  | 'unit-quota-used' // no exports are left for this unit
  | 'set-unknown' // the AS has no such SET or TKV
  | 'key-unknown' // the set has no such REF1
  | 'slot-not-permitted' // the key is not permitted in this slot
  | 'transport-key-current' // the unit has this version of T or a newer one (clause 8)
  | 'unit-not-listed' // the SN is not in the unit list of the set
  | 'challenge-refused' // CHM is wrong: the unit does not have the key of its set
  | 'challenge-reused' // (SN, R) was used for another export
  | 'idempotency-conflict' // the idempotency key was used with another request body
  | 'vault-unknown' // this AS did not issue the vault
  | 'journal-refused' // a vault journal that is malformed or not signed by its vault
  | 'export-unknown' // a receipt for an export that this AS did not make
  | 'receipt-refused' // the MAC or a field of the receipt is wrong
  | 'receipt-conflict' // another receipt is on file for this export
  | 'demo-refused' // a demo set, and the AS is not in demo mode
  | 'order-unknown' // no such work order, or this operator may not use its set
  | 'order-ended' // the work order is revoked, closed, expired or not yet valid
  | 'not-on-order' // key, slot, set or suite are not on the order, or the operator needs an order
  | 'reason-needed'; // this key was exported to this unit before, in the same work order

/**
 * Refusals that only an AS card makes (docs/protocol.md clause 4.9). Its other refusals have a
 * SourceErrorCode.
 */
export type TokenErrorCode =
  | 'not-a-token' // the device responds but has no AS application
  | 'token-locked' // the PIN is required, initially or after a loss of power
  | 'pin-wrong' // see PinError
  | 'pin-unanswered' // the PIN was sent, and the card did not say whether it is right; it may have used a try
  | 'pin-unconfirmed' // the PIN was being changed, and the card did not confirm which PIN is valid
  | 'token-blocked' // no tries are left
  | 'token-lost' // unplugged or silent, possibly during an export
  | 'token-nonsense' // a response that violates the specification
  | 'token-failed'; // an error inside the card, such as a memory failure

/**
 * Failures of a vault, which is an AS token in a file. The other refusals of a vault have a
 * SourceErrorCode.
 */
export type VaultErrorCode =
  | 'vault-malformed' // not a vault file, or limits that this version does not support
  | 'vault-untrusted' // not certified by a root key that this station has pinned
  | 'vault-changed' // a signature is wrong, or the parts belong to different vaults
  | 'vault-early' // the validity has not begun
  | 'vault-expired'
  | 'vault-busy' // open in another tab
  | 'vault-lost' // deleted from the browser while it was in use, or before its journal was returned
  | 'vault-locked' // by the operator, after inactivity, or because its worker failed
  | 'passphrase-wrong'
  | 'passkey-refused' // cancelled, missing or the wrong passkey: browsers do not say which
  | 'passkey-unsupported'; // the browser or authenticator lacks WebAuthn or its PRF extension

/** Refusals of a site file (docs/protocol.md clause 9.2). */
export type SiteErrorCode =
  | 'site-unreadable' // not a site file, or damaged
  | 'site-newer-format' // made for a later version of the page
  | 'site-unsigned' // settings that the AS has not signed
  | 'site-untrusted' // signed under another root key than the pinned one
  | 'site-changed' // a signature is wrong
  | 'site-key-refused' // the signing key was not certified for site files, or not when it signed
  | 'site-older'; // this station accepted a newer one before

/** Failures of the station: the page and its journal. */
export type StationErrorCode =
  | 'cancelled' // by the operator
  | 'source-other' // the key was sealed by another AS than the one in use
  | 'file-refused' // an opened file is malformed: the message names the place
  | 'journal-full' // the browser's storage quota is exhausted
  | 'journal-elsewhere' // another version of the page uses the journal, or has used it
  | 'journal-failed' // the browser denies storage
  | 'journal-lost' // the journal was deleted while the page was open
  | 'part-unreachable' // a lazily loaded part of the page could not be fetched
  | 'unit-at-work'; // a reason was given for a unit during its load

/** A cryptographic check failed (IntegrityError). */
export type IntegrityErrorCode = 'integrity';

export type ErrorCode =
  | LinkErrorCode
  | UnitErrorCode
  | SourceErrorCode
  | TokenErrorCode
  | VaultErrorCode
  | SiteErrorCode
  | StationErrorCode
  | IntegrityErrorCode;

/**
 * An expected failure. `message` is for engineers. The page chooses the sentence for the operator
 * by `code`.
 */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A file that is not text, is cut short or cannot be decoded. The error has its own title and
 * remedy for the operator.
 */
export class FileError extends ProtocolError {
  override readonly name = 'FileError';
  /** What is wrong with the file, as a sentence for the operator. */
  readonly title: string;
  /** The remedy, as an imperative without a full stop. */
  readonly remedy: string;

  constructor(title: string, remedy: string, options?: ErrorOptions) {
    super('file-refused', `${title} ${remedy}.`, options);
    this.title = title;
    this.remedy = remedy;
  }
}

/** The response to a command has a status word other than 9000 (ISO/IEC 7816-4 clause 5.6). */
export class StatusWordError extends ProtocolError {
  override readonly name = 'StatusWordError';
  /** SW1 SW2, 0000 to FFFF. */
  readonly statusWord: number;
  /** Name of the command in the specification, e.g. "IMPORTKEY". */
  readonly command: string;

  constructor(command: string, statusWord: number) {
    super('status-word', `${command} returned ${hexNumber(statusWord, 4)}`);
    this.command = command;
    this.statusWord = statusWord;
  }
}

/** The PIN was wrong. The code is `token-blocked` after the last try, else `pin-wrong`. */
export class PinError extends ProtocolError {
  override readonly name = 'PinError';
  readonly triesLeft: number;

  constructor(triesLeft: number) {
    super(triesLeft > 0 ? 'pin-wrong' : 'token-blocked', `the PIN is wrong, tries left: ${triesLeft}`);
    this.triesLeft = triesLeft;
  }
}

/**
 * A MAC, tag, signature or wrapped key did not verify. The error does not name the check that
 * failed, because only an attacker could use that detail.
 */
export class IntegrityError extends ProtocolError {
  override readonly name = 'IntegrityError';

  constructor() {
    super('integrity', 'integrity check failed');
  }
}
