// Undoes what mail programs, spreadsheets, scanners and keyboards do to codes, keys and numbers.
// For access codes, passphrases, PINs, keys in hex, root keys and serial numbers.

/** A hyphen, minus or dash of any kind. */
const DASH = /[\p{Pd}\u02D7\u2043\u207B\u208B\u2212]/gu;
const DOUBLE_QUOTE = /["\u00AB\u00BB\u201C-\u201F\u2033\u301D-\u301F]/gu;
const SINGLE_QUOTE = /['`\u00B4\u2018-\u201B\u2032\u2039\u203A]/gu;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
const DIGIT = /\p{Nd}/gu;
/** A spreadsheet writes ="0045" for a text of digits. */
const QUOTED = /^(?:="|["'])([^"']*)["']$/u;

/** The text with plain dashes and quotes, and without invisible characters. */
export function plainSigns(typed: string): string {
  return typed
    .replaceAll(DASH, '-')
    .replaceAll(INVISIBLE, '')
    .replaceAll(DOUBLE_QUOTE, '"')
    .replaceAll(SINGLE_QUOTE, "'");
}

/**
 * The text with plain dashes and Latin digits, and without white space, line breaks, invisible
 * characters and the quotes around it. Full-width and other compatibility forms become plain.
 */
export function readTyped(typed: string): string {
  // NFKC makes U+2010 of U+2011, and a blank with a mark of some accents.
  const plain = plainSigns(plainSigns(typed).normalize('NFKC')).replaceAll(DIGIT, latinDigit).replaceAll(/\s/gu, '');
  return QUOTED.exec(plain)?.[1] ?? plain;
}

/**
 * A code of Crockford's base 32 without its dashes and quotes: upper case, O as 0, I and L as 1.
 * Codes have no other signs, so each one was added on the way.
 */
export function readCrockford(typed: string): string {
  return readTyped(typed)
    .replaceAll(/[\p{P}\p{S}]/gu, '')
    .toUpperCase()
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
}

/** Unicode has the ten digits of a script in sequence. */
function latinDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++;
  return String(value);
}

const HEX_PREFIX = /0x(?=[0-9A-F])/gi;
const HEX_SEPARATORS = /[-:,;_]/g;

/** Bytes in hex as people and tools write them: with 0x, colons, commas, dashes, in lines. */
export function readTypedHex(typed: string): string {
  return readTyped(typed).replaceAll(HEX_PREFIX, '').replaceAll(HEX_SEPARATORS, '');
}
