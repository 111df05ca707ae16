// Finds serial numbers that a spreadsheet rounded: it keeps 15 digits of a number, and writes zeros
// for the others.

/** Digits that a spreadsheet keeps. */
const KEPT_DIGITS = 15;
/**
 * Zeros that must stand in place of digits, in all long numbers together: by chance, one list of
 * 1000 has as many.
 */
const MIN_ZEROS = 3;

/** A number without leading zeros: only a cell that is a text can have those. */
const LONG_NUMBER = /^[1-9][0-9]{15,}$/;

export const ROUNDED = 'was rounded by a spreadsheet: format the column as text and enter it again';
export const ROUNDED_LIST =
  'was rounded by a spreadsheet, as all long numbers here end in zeros: format the column as text and enter them again, or write 32 digits each';

/** True for 4.5490E+17, as spreadsheets show a long number. */
export function isExponential(written: string): boolean {
  return /^\d+(?:[.,]\d+)?E[+-]?\d+$/i.test(written) && /[.,+-]/.test(written);
}

/**
 * Index of the first rounded number of a list; undefined if one of its long numbers has another
 * digit than 0 after the 15th.
 */
export function findRounded(written: readonly string[]): number | undefined {
  const numbers = written.map((each) => (LONG_NUMBER.test(each) ? each : ''));
  const endings = numbers.map((each) => each.slice(KEPT_DIGITS)).filter((ending) => ending !== '');
  const zeros = endings.reduce((sum, ending) => sum + ending.length, 0);
  if (zeros < MIN_ZEROS || endings.some((ending) => /[^0]/.test(ending))) return undefined;
  return numbers.findIndex((each) => each !== '');
}
