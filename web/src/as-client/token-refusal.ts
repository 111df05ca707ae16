// What an AS card refuses (docs/protocol.md clause 4), as the codes that every KeySource speaks. One table per command, so that the same
// status word may mean what that command means by it. Knows no link.
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import { triesLeft } from '#protocol/commands/pin.ts';
import { type ErrorCode, PinError, ProtocolError, type StatusWordError } from '#protocol/errors.ts';

/** Not authorised: the card does not say whether by the PIN, the quota or its list of units. */
export const NOT_AUTHORISED = 0x6982;
export const BLOCKED = 0x6983;
/** The card forgot its selection: it was reset, or lost power. */
export const NOT_SELECTED = 0x6e00;

type Table = Readonly<Record<number, ErrorCode>>;

const EXPORT_KEY: Table = {
  0x6985: 'challenge-reused',
  0x6988: 'challenge-refused',
  0x6a80: 'request-refused',
  // REF1 is one that the card lists, so what is missing is TKV.
  0x6a88: 'set-unknown',
};

const VERIFY_RECEIPT: Table = {
  0x6985: 'receipt-conflict',
  0x6988: 'receipt-refused',
  0x6a80: 'receipt-refused',
  0x6a88: 'export-unknown',
};

const TABLES: Readonly<Record<string, Table>> = { EXPORTKEY: EXPORT_KEY, VERIFYRECEIPT: VERIFY_RECEIPT };

/** Every refusal but NOT_AUTHORISED, which takes questions to understand. */
export function refusal(error: StatusWordError): ProtocolError {
  const { command, statusWord } = error;
  const left = triesLeft(statusWord);
  if (left !== undefined) return new PinError(left);
  const message = `${command}: ${formatStatusWord(statusWord)}`;
  if (statusWord === BLOCKED) return new ProtocolError('token-blocked', message, { cause: error });
  return new ProtocolError(TABLES[command]?.[statusWord] ?? 'token-failed', message, { cause: error });
}
