// Fields that requests and documents have in common.
import { text } from './schema.ts';

/** The format of an SN. Zero has this format too, although no unit has SN zero. */
export const anySerialNumber = text(/^[0-9A-F]{32}$/, '32 upper-case hex digits');

/**
 * Whether a time exists in the calendar. False for dates such as 30 February, and for 24:00. `utc`
 * matches the schema `time`.
 */
export function isOnCalendar(utc: string): boolean {
  return new Date(utc).toISOString().slice(0, 19) === utc.slice(0, 19);
}
