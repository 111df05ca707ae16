// Checks of what an administrator enters. Each refuses with a sentence for the terminal.
import { readSerialNumber } from '#protocol/orders/units.ts';
import { UserError } from './user-error.ts';

/** @throws UserError unless `value` is a whole number from `min` to `max` */
export function requireNumber(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new UserError(`${what} must be a whole number from ${min} to ${max}.`);
}

/** @throws UserError unless `text` has 1 to 64 printable characters and no blank at either end */
export function requireLabel(what: string, text: string): void {
  if (/^[\p{L}\p{N}\p{P}\p{S} ]{1,64}$/u.test(text) && text.trim() === text) return;
  throw new UserError(`The ${what} must have 1 to 64 printable characters and no blank at either end.`);
}

/** The SN as 32 upper-case hex digits, padded with zeros on the left. @throws UserError */
export function requireSerialNumber(text: string): string {
  const sn = readSerialNumber(text);
  if (sn === undefined) throw new UserError(`"${text}" is not a serial number: 1 to 32 hex digits, not all zero.`);
  return sn;
}
