// Maps the errors of protocol/as-unit to the status words of docs/protocol.md clause 4.
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import { Refusal } from '../unit/card.ts';

const STATUS_WORDS: Partial<Record<ErrorCode, number>> = {
  // 6982: refused by policy or quota. card.ts answers with the same status word while the PIN is
  // not verified.
  'unit-not-listed': 0x6982,
  'quota-used': 0x6982,
  'unit-quota-used': 0x6982,
  // 6A88: not found.
  'set-unknown': 0x6a88,
  'key-unknown': 0x6a88,
  'transport-key-current': 0x6a88,
  'export-unknown': 0x6a88,
  // 6A80: the suite is of the other KDF family, or the bytes are not a receipt.
  'request-refused': 0x6a80,
  'unit-nonsense': 0x6a80,
  // 6988: a cryptographic check failed.
  'challenge-refused': 0x6988,
  'receipt-refused': 0x6988,
  // 6985: the request conflicts with a stored export or receipt.
  'challenge-reused': 0x6985,
  'receipt-conflict': 0x6985,
};

/** Runs the action and converts an error of the AS to a Refusal. Throws other errors unchanged. */
export async function refusingAsCard<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const statusWord = error instanceof ProtocolError ? STATUS_WORDS[error.code] : undefined;
    throw statusWord === undefined ? error : new Refusal(statusWord);
  }
}
