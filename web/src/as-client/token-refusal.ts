// Maps the status words of an AS card to the codes of a KeySource (docs/protocol.md clause 4.8).
// Each command has its own table, because the meaning of a status word depends on the command.
import { formatStatusWord } from '#protocol/apdu/status-word.ts';
import { triesLeft } from '#protocol/commands/pin.ts';
import { type ErrorCode, PinError, ProtocolError, type StatusWordError } from '#protocol/errors.ts';

/**
 * The PIN, the quota or the list of units does not permit the command. The card does not report
 * which of these it is.
 */
export const NOT_AUTHORISED = 0x6982;
export const BLOCKED = 0x6983;
/** No application is selected: the card was reset or lost power. */
export const NOT_SELECTED = 0x6e00;

type Table = Readonly<Record<number, ErrorCode>>;

const EXPORT_KEY: Table = {
  0x6985: 'challenge-reused',
  0x6988: 'challenge-refused',
  0x6a80: 'request-refused',
  // The card lacks this REF1 or TKV. The page sends only a REF1 of the card's own list, so it is the
  // TKV that the card lacks.
  0x6a88: 'set-unknown',
};

const VERIFY_RECEIPT: Table = {
  0x6985: 'receipt-conflict',
  0x6988: 'receipt-refused',
  0x6a80: 'receipt-refused',
  0x6a88: 'export-unknown',
};

const TABLES: Readonly<Record<string, Table>> = { EXPORTKEY: EXPORT_KEY, VERIFYRECEIPT: VERIFY_RECEIPT };

/**
 * Returns the error for any status word except NOT_AUTHORISED, whose reason can be found only with
 * further commands.
 */
export function refusal(error: StatusWordError): ProtocolError {
  const { command, statusWord } = error;
  const left = triesLeft(statusWord);
  if (left !== undefined) return new PinError(left);
  const message = `${command}: ${formatStatusWord(statusWord)}`;
  if (statusWord === BLOCKED) return new ProtocolError('token-blocked', message, { cause: error });
  return new ProtocolError(TABLES[command]?.[statusWord] ?? 'token-failed', message, { cause: error });
}
