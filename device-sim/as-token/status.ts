// What an AS refuses, as the status words of docs/protocol.md clause 4.
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import { Refusal } from '../unit/card.ts';

const STATUS_WORDS: Partial<Record<ErrorCode, number>> = {
  // Not authorised: policy and quota; the PIN is the card's own matter.
  'unit-not-listed': 0x6982,
  'quota-used': 0x6982,
  'unit-quota-used': 0x6982,
  // Nothing of that name.
  'set-unknown': 0x6a88,
  'key-unknown': 0x6a88,
  'transport-key-current': 0x6a88,
  'export-unknown': 0x6a88,
  // A suite of the other KDF family; octets that are no receipt.
  'request-refused': 0x6a80,
  'unit-nonsense': 0x6a80,
  // A check that depends on a key.
  'challenge-refused': 0x6988,
  'receipt-refused': 0x6988,
  // Something else is on file.
  'challenge-reused': 0x6985,
  'receipt-conflict': 0x6985,
};

/** @throws Refusal for what the AS refuses; whatever else comes is passed on */
export async function refusingAsCard<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const statusWord = error instanceof ProtocolError ? STATUS_WORDS[error.code] : undefined;
    throw statusWord === undefined ? error : new Refusal(statusWord);
  }
}
