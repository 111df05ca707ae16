// Detects serial numbers that a spreadsheet has rounded. A spreadsheet keeps the first 15 digits of
// a number and replaces the others with zeros.
import { t } from '../text/message.ts';

/** Number of digits that a spreadsheet keeps. */
const KEPT_DIGITS = 15;
/**
 * A list counts as rounded if all digits after the 15th of its long numbers are zeros, and if there are
 * at least this many of them. By chance, three digits are zeros in one list of 1000.
 */
const MIN_ZEROS = 3;

/**
 * A number of at least 16 digits without leading zeros. A cell with leading zeros contains text,
 * which a spreadsheet does not round.
 */
const LONG_NUMBER = /^[1-9][0-9]{15,}$/;

export function roundedText(written: string): string {
  return t`"${written}" was rounded by a spreadsheet: format the column as text and enter the serial number again`;
}

export function roundedListText(written: string): string {
  return t`"${written}" was rounded by a spreadsheet: all long numbers here end in zeros. Format the column as text and enter the numbers again, or write each number with 32 digits`;
}

/** True for a number such as 4.5490E+17, as spreadsheets display long numbers. */
export function isExponential(written: string): boolean {
  return /^\d+(?:[.,]\d+)?E[+-]?\d+$/i.test(written) && /[.,+-]/.test(written);
}

/**
 * Returns the index of the first rounded number of a list. Returns undefined if a long number has a
 * digit other than 0 after the 15th, or if there are fewer than MIN_ZEROS zeros.
 */
export function findRounded(written: readonly string[]): number | undefined {
  const numbers = written.map((each) => (LONG_NUMBER.test(each) ? each : ''));
  const endings = numbers.map((each) => each.slice(KEPT_DIGITS)).filter((ending) => ending !== '');
  const zeros = endings.reduce((sum, ending) => sum + ending.length, 0);
  if (zeros < MIN_ZEROS || endings.some((ending) => /[^0]/.test(ending))) return undefined;
  return numbers.findIndex((each) => each !== '');
}
