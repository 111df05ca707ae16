// Fields that requests and documents have in common.
import { text } from './schema.ts';

/** Zero included: whether there is such a unit is not a question of the format. */
export const anySerialNumber = text(/^[0-9A-F]{32}$/, '32 upper-case hex digits');

/** False for the 30th of February and for 24:00. `utc` is a time by schema.ts. */
export function isOnCalendar(utc: string): boolean {
  return new Date(utc).toISOString().slice(0, 19) === utc.slice(0, 19);
}
