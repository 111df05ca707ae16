// Undoes the changes that mail programs, spreadsheets, scanners and keyboards make to entered
// codes: access codes, passphrases, PINs, keys in hex, root keys and serial numbers.

/** A hyphen, minus or dash of any kind. */
const DASH = /[\p{Pd}\u02D7\u2043\u207B\u208B\u2212]/gu;
const DOUBLE_QUOTE = /["\u00AB\u00BB\u201C-\u201F\u2033\u301D-\u301F]/gu;
const SINGLE_QUOTE = /['`\u00B4\u2018-\u201B\u2032\u2039\u203A]/gu;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
const DIGIT = /\p{Nd}/gu;
/** A text in quotes. A spreadsheet writes ="0045" for a text of digits. */
const QUOTED = /^(?:="|["'])([^"']*)["']$/u;

/** Returns the text with plain dashes and quotes, and without invisible characters. */
export function plainSigns(typed: string): string {
  return typed
    .replaceAll(DASH, '-')
    .replaceAll(INVISIBLE, '')
    .replaceAll(DOUBLE_QUOTE, '"')
    .replaceAll(SINGLE_QUOTE, "'");
}

/**
 * Returns the text with plain dashes and Latin digits, and without white space, line breaks,
 * invisible characters and enclosing quotes. Full-width and other compatibility forms become plain.
 */
export function readTyped(typed: string): string {
  // Replaces dashes and quotes before NFKC, which would split U+00B4 into a space and a combining
  // accent. Replaces them again afterwards, because NFKC can create dashes and quotes.
  const plain = plainSigns(plainSigns(typed).normalize('NFKC')).replaceAll(DIGIT, latinDigit).replaceAll(/\s/gu, '');
  return QUOTED.exec(plain)?.[1] ?? plain;
}

/**
 * Returns the letters and digits of a code in upper case. Drops punctuation and symbols, because a
 * code contains none.
 */
function readCode(typed: string): string {
  return readTyped(typed)
    .replaceAll(/[\p{P}\p{S}]/gu, '')
    .toUpperCase();
}

/**
 * Converts a code to the digits of Crockford's base 32: upper case, O as 0, I and L as 1. Removes
 * punctuation and symbols.
 */
export function readCrockford(typed: string): string {
  return readCode(typed).replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

/** Number of characters of an access code after its prefix KF. */
export const ACCESS_CODE_LENGTH = 30;
const PREFIX = 'KF';
/**
 * The prefix KF, followed by a character that is neither a letter nor a digit. Without such a
 * character, KF may be the beginning of the code itself.
 */
const PREFIXED = /^[^\p{L}\p{N}]*KF[^\p{L}\p{N}]/iu;

/**
 * Returns the letters and digits of a typed or pasted access code in upper case, without its
 * prefix. The code may be incomplete.
 */
export function readAccessCode(typed: string): string {
  const code = readCode(typed);
  const isWhole = code.length >= PREFIX.length + ACCESS_CODE_LENGTH;
  const isPrefixed = code.startsWith(PREFIX) && (isWhole || PREFIXED.test(typed.normalize('NFKC')));
  return isPrefixed ? code.slice(PREFIX.length) : code;
}

/** Converts a digit of any script. Unicode encodes the ten digits of a script in sequence. */
function latinDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}

const HEX_PREFIX = /0x(?=[0-9A-F])/gi;
const HEX_SEPARATORS = /[-:,;_]/g;

/**
 * Returns the hex digits of an entered text, without 0x, colons, commas, semicolons, dashes and
 * line breaks.
 */
export function readTypedHex(typed: string): string {
  return readTyped(typed).replaceAll(HEX_PREFIX, '').replaceAll(HEX_SEPARATORS, '');
}
