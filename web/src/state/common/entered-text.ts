// Texts that the operator types: reasons.
import { readText, repairText } from '#protocol/text/permitted-text.ts';
import { readTyped } from '#protocol/text/typed-code.ts';

/** Of a reason, in characters. */
const MAX_REASON_LENGTH = 200;

export interface EnteredText {
  /** The text in its one form; empty while there is none, or it is refused. */
  readonly text: string;
  /** Why the text is refused, as sentences. */
  readonly refusal: string | undefined;
}

/** A reason from the journal, which an earlier version may have written, as the AS takes it. */
export function storedReason(stored: string): string {
  return repairText(stored, MAX_REASON_LENGTH) ?? 'a reason that cannot be shown';
}

/** A PIN in Latin digits, without blanks and dashes, as a card takes it. */
export function readDigits(typed: string): string {
  return readTyped(typed).replaceAll('-', '');
}

export function readReason(typed: string): EnteredText {
  if (typed.trim() === '') return { text: '', refusal: undefined };
  const result = readText(typed, MAX_REASON_LENGTH);
  if ('text' in result) return { text: result.text, refusal: undefined };
  return { text: '', refusal: `The reason ${result.why}. Type it again.` };
}
