// The id of a new work order: a permitted text that can be a segment of a URL path.
import { readText, type TextResult } from './permitted-text.ts';

/** Maximum length in characters. */
export const MAX_ORDER_ID_LENGTH = 64;

/**
 * Characters that proxies and web servers refuse, decode or cut off in a path, even if
 * percent-encoded (%2F).
 */
const NO_PATH = /[/\\%?#;]/u;
/**
 * A leading or trailing dot. The path segments "." and ".." are folders, and some programs remove a
 * trailing dot.
 */
const OUTER_DOT = /^\.|\.$/u;

/** Returns the id in its normal form, or the reason for refusing it. */
export function readOrderId(typed: string): TextResult {
  const result = readText(typed, MAX_ORDER_ID_LENGTH);
  if ('why' in result) return result;
  const [character] = NO_PATH.exec(result.text) ?? [];
  if (character !== undefined) {
    return { why: `contains ${character}, which web addresses cannot carry: write - instead` };
  }
  if (OUTER_DOT.test(result.text)) return { why: 'begins or ends with a dot, which web addresses cannot carry' };
  return result;
}
