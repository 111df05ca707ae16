// Checks the values that an administrator enters. Each function throws a UserError with a sentence
// for the terminal.
import { whyNot } from '#protocol/orders/unit-list.ts';
import { readSerialNumber } from '#protocol/orders/units.ts';
import { readText } from '#protocol/text/permitted-text.ts';
import { UserError } from './user-error.ts';

/** In characters. */
const MAX_LABEL_LENGTH = 64;

/** @throws UserError unless `value` is a whole number from `min` to `max` */
export function requireNumber(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new UserError(`${what} must be a whole number from ${min} to ${max}.`);
}

/** Returns a name or label in the normal form of docs/protocol.md clause 6.2. @throws UserError */
export function readLabel(what: string, typed: string): string {
  const result = readText(typed, MAX_LABEL_LENGTH);
  if ('text' in result) return result.text;
  throw new UserError(`The ${what} ${result.why}. Type it again.`);
}

/** Returns the SN as 32 upper-case hex digits, padded with zeros on the left. @throws UserError */
export function requireSerialNumber(text: string): string {
  const sn = readSerialNumber(text);
  if (sn === undefined) throw new UserError(`SN: ${whyNot(text)}.`);
  return sn;
}
