// Defines which texts are permitted as order ids, titles, labels, reasons and names
// (docs/protocol.md clause 6.2). Used by the command line, the service, the page and the readers of
// files. Permits every script, combining marks and emoji. Refuses characters that hide, reorder or
// break a text.
import { nameCharacter } from './character-names.ts';
import { t } from './message.ts';

/**
 * A text in its normal form, or the reason for refusing it, as a part of a sentence such as "is
 * empty".
 */
export type TextResult = { readonly text: string } | { readonly why: string };

// The patterns below are applied to one character at a time.

/**
 * Scripts in which U+200C and U+200D (the joiners) change the form of the letter before them. A
 * mark that several scripts share counts for each of them.
 */
const JOINING_SCRIPTS = [
  ...['Arabic', 'Syriac', 'Nko', 'Mandaic', 'Mongolian', 'Phags_Pa', 'Manichaean', 'Adlam', 'Hanifi_Rohingya'],
  ...['Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam'],
  ...['Sinhala', 'Khmer', 'Myanmar', 'Tibetan', 'Balinese', 'Javanese', 'Sundanese', 'Tai_Tham', 'Newa', 'Grantha'],
];
const IN_JOINING_SCRIPT = new RegExp(
  `[${JOINING_SCRIPTS.map((name) => `\\p{Script_Extensions=${name}}`).join('')}]`,
  'u',
);

/** Pictures that U+200D can join into one emoji. */
const PICTURE = /\p{Extended_Pictographic}/u;
const PICTURE_ENDING = /[\uFE0F\p{Emoji_Modifier}]/u;

const LETTER_OR_MARK = /[\p{L}\p{M}]/u;
const MARK = /\p{M}/u;
/** Characters that a mark or a variation selector may follow. */
const BASE = /[\p{L}\p{M}\p{N}\p{P}\p{S}\u200C\u200D]/u;

/** Visible format characters: signs before the digits of a number in Arabic and Syriac. */
const NUMBER_SIGN = /[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}\u{13430}-\u{13440}]/u;
/** Characters that a program writes in place of one that it cannot represent. */
const DAMAGE = /[\uFFFC\uFFFD]/u;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u;
const NO_TEXT = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/u;

/** Spaces of any width, including no-break spaces, and the blank Braille pattern. */
const SPACE = /[\p{Zs}\u2800]/u;
/** Characters that programs leave at the ends of a copied text. */
const EDGE = /[\s\p{Zs}\u2800\u200B\u200E\u200F\u2060\uFEFF]/u;

/** The flag of a region, such as Scotland, is a black flag, tag characters and an end tag. */
const FLAG = '\u{1F3F4}';
const TAG = /[\u{E0020}-\u{E007E}]/u;
const END_OF_TAGS = '\u{E007F}';

/**
 * Returns the text in its normal form: NFC, each run of spaces as one plain space, no spaces at the
 * ends. Refuses an empty text, a text of more than `max` characters, and a text with a forbidden
 * character.
 */
export function readText(typed: string, max: number): TextResult {
  // An overlong text is refused before it is split into characters. NFC changes a length by a
  // factor of less than 8.
  if (typed.length > 8 * max + 256) return { why: tooLong(typed.length, max) };
  const characters = Array.from(typed);
  let begin = 0;
  let end = characters.length;
  while (begin < end && EDGE.test(characters[begin] ?? '')) begin++;
  while (end > begin && EDGE.test(characters[end - 1] ?? '')) end--;
  const inner = characters.slice(begin, end);
  if (inner.length === 0) return { why: t`is empty` };
  const wrong = findForbidden(inner);
  if (wrong !== undefined) {
    const [character, position] = [nameCharacter(inner[wrong] ?? ''), begin + wrong + 1];
    return { why: t`contains ${character} at position ${position}` };
  }
  const spaced = inner.map((character) => (SPACE.test(character) ? ' ' : character));
  const text = spaced
    .filter((character, index) => character !== ' ' || spaced[index - 1] !== ' ')
    .join('')
    .normalize('NFC');
  const length = Array.from(text).length;
  return length > max ? { why: tooLong(length, max) } : { text };
}

function tooLong(length: number, max: number): string {
  return t`has ${length} characters, and at most ${max} are permitted`;
}

/** Characters that earlier versions accepted and that readText() refuses. */
const FORMERLY_TAKEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFC\uFFFD]/gu;

/**
 * Converts a text that an earlier version may have stored: puts a blank in place of each character
 * that is refused now, and cuts the text to `max` characters. Returns undefined if nothing is left.
 */
export function repairText(stored: string, max: number): string | undefined {
  const result = readText(stored, max);
  if ('text' in result) return result.text;
  const repaired = readText(stored.replaceAll(FORMERLY_TAKEN, ' '), Number.POSITIVE_INFINITY);
  return 'text' in repaired ? Array.from(repaired.text).slice(0, max).join('').trim() : undefined;
}

/** Maximum length of a reason at the AS, in characters. */
const MAX_REASON_LENGTH = 500;

/**
 * Returns a stored reason in its normal form, repaired by repairText() if necessary. If nothing is
 * left, returns a text that says so, because a unit with a reason must keep one.
 */
export function repairReason(stored: string, max: number = MAX_REASON_LENGTH): string {
  return repairText(stored, max) ?? 'a reason that cannot be shown';
}

/**
 * Returns the text in its normal form, or unchanged if it is refused. Texts must be compared in
 * this form: "é" may have one code point or two, and texts of earlier versions may not be in the
 * normal form.
 */
export function formOf(text: string): string {
  const result = readText(text, Number.POSITIVE_INFINITY);
  return 'text' in result ? result.text : text;
}

/** True iff both texts have the same normal form. */
export function isSameText(stored: string, typed: string): boolean {
  return stored === typed || formOf(stored) === formOf(typed);
}

/** Returns the index of the first forbidden character, or undefined. */
function findForbidden(characters: readonly string[]): number | undefined {
  for (let index = 0; index < characters.length; index++) {
    if (characters[index] === FLAG) index = endOfFlag(characters, index);
    else if (!isPermitted(characters, index)) return index;
  }
  return undefined;
}

/**
 * Returns the index of the last character of the flag emoji that begins at `begin`. Returns `begin`
 * if no complete tag sequence follows.
 */
function endOfFlag(characters: readonly string[], begin: number): number {
  let index = begin + 1;
  while (TAG.test(characters[index] ?? '')) index++;
  return index > begin + 1 && characters[index] === END_OF_TAGS ? index : begin;
}

function isPermitted(characters: readonly string[], index: number): boolean {
  const character = characters[index] ?? '';
  const before = characters[index - 1] ?? '';
  if (NO_TEXT.test(character) || DAMAGE.test(character)) return false;
  if (character === '\u200C' || character === '\u200D') return mayJoin(characters, index);
  if (/\p{Variation_Selector}/u.test(character)) return BASE.test(before);
  if (character === '\u180E') return isJoiningLetter(before);
  if (INVISIBLE.test(character)) return NUMBER_SIGN.test(character);
  return !MARK.test(character) || BASE.test(before);
}

/**
 * Whether a joiner may stand at `index`. A joiner follows a letter or mark of a joining script.
 * U+200D also connects two pictures.
 */
function mayJoin(characters: readonly string[], index: number): boolean {
  if (isJoiningLetter(characters[index - 1] ?? '')) return true;
  if (characters[index] !== '\u200D' || !PICTURE.test(characters[index + 1] ?? '')) return false;
  let before = index - 1;
  // Skips at most two characters: a presentation selector and a skin tone.
  for (let step = 0; step < 2 && PICTURE_ENDING.test(characters[before] ?? ''); step++) before--;
  return PICTURE.test(characters[before] ?? '');
}

function isJoiningLetter(character: string): boolean {
  return LETTER_OR_MARK.test(character) && IN_JOINING_SCRIPT.test(character);
}

/**
 * Control characters, which a terminal executes, and characters that reorder the text around them.
 */
const HOSTILE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * Returns the text for a terminal, with a visible name in place of each hostile character:
 * "JOB-<U+202E>1174".
 */
export function showText(text: string): string {
  return text.replaceAll(HOSTILE, (character) => `<${nameCharacter(character).split(/[ ,]/, 1)[0] ?? ''}>`);
}
