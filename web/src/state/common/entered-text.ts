// Reads reasons and PINs that the operator types.
import { readText, repairReason } from '#protocol/text/permitted-text.ts';
import { readTyped } from '#protocol/text/typed-code.ts';
import { t } from '../../text/t.ts';

/** In characters. */
const MAX_REASON_LENGTH = 200;

export interface EnteredText {
  /**
   * The normalized text (docs/protocol.md clause 6.2); empty if nothing was typed or the text is
   * refused.
   */
  readonly text: string;
  /** Why the text is refused, in sentences for the operator; undefined if it is not refused. */
  readonly refusal: string | undefined;
}

/**
 * Returns a stored reason in a form that the AS accepts. An earlier version of the page may have
 * stored characters that the AS now refuses.
 */
export function storedReason(stored: string): string {
  return repairReason(stored, MAX_REASON_LENGTH);
}

/** Returns a typed PIN in ASCII digits, without blanks or dashes. */
export function readDigits(typed: string): string {
  return readTyped(typed).replaceAll('-', '');
}

const refusalText = (why: string): string => t`The reason ${why}. Type the reason again.`;

export function readReason(typed: string): EnteredText {
  if (typed.trim() === '') return { text: '', refusal: undefined };
  const result = readText(typed, MAX_REASON_LENGTH);
  if ('text' in result) return { text: result.text, refusal: undefined };
  return { text: '', refusal: refusalText(result.why) };
}
