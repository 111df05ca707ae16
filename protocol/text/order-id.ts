// The id of a new work order: a permitted text that can travel in the path of a URL.
import { readText, type TextResult } from './permitted-text.ts';

/** In characters. */
export const MAX_ORDER_ID_LENGTH = 64;

/** Characters that proxies and web servers refuse, decode or cut off in a path, also as %2F. */
const NO_PATH = /[/\\%?#;]/u;
/** A path segment that begins or ends so is a folder, or loses its dot. */
const OUTER_DOT = /^\.|\.$/u;

/** The id in its one form, or why it is refused. */
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
