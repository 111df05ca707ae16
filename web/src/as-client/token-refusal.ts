// Translates the status words of an AS card (docs/protocol.md clause 4) into error codes of a
// KeySource. Each command has its own table, because the meaning of a status word depends on the
// command.
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import { triesLeft } from '#protocol/commands/pin.ts';
import { type ErrorCode, PinError, ProtocolError, type StatusWordError } from '#protocol/errors.ts';

/**
 * The PIN is missing, the quota is used, or the unit is not listed. The card does not report which.
 */
export const NOT_AUTHORISED = 0x6982;
export const BLOCKED = 0x6983;
/** The card is no longer selected: it was reset, or lost power. */
export const NOT_SELECTED = 0x6e00;

type Table = Readonly<Record<number, ErrorCode>>;

const EXPORT_KEY: Table = {
  0x6985: 'challenge-reused',
  0x6988: 'challenge-refused',
  0x6a80: 'request-refused',
  // The caller has checked that the card lists REF1, so the card does not have this TKV.
  0x6a88: 'set-unknown',
};

const VERIFY_RECEIPT: Table = {
  0x6985: 'receipt-conflict',
  0x6988: 'receipt-refused',
  0x6a80: 'receipt-refused',
  0x6a88: 'export-unknown',
};

const TABLES: Readonly<Record<string, Table>> = { EXPORTKEY: EXPORT_KEY, VERIFYRECEIPT: VERIFY_RECEIPT };

/** The error for every status word except NOT_AUTHORISED, whose cause needs further commands. */
export function refusal(error: StatusWordError): ProtocolError {
  const { command, statusWord } = error;
  const left = triesLeft(statusWord);
  if (left !== undefined) return new PinError(left);
  const message = `${command}: ${formatStatusWord(statusWord)}`;
  if (statusWord === BLOCKED) return new ProtocolError('token-blocked', message, { cause: error });
  return new ProtocolError(TABLES[command]?.[statusWord] ?? 'token-failed', message, { cause: error });
}
