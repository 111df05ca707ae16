// Fields of requests to the service (docs/protocol.md clause 6), stricter than those of answers and
// documents, because a person may just have entered them.
import * as v from 'valibot';
import { isOnCalendar } from './fields.ts';
import { text, time } from './schema.ts';

/** 1 to `max` letters, marks, digits, punctuation marks, symbols and spaces. */
/* @__NO_SIDE_EFFECTS__ */
export function entered(max: number) {
  const pattern = new RegExp(`^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]{1,${max}}$`, 'u');
  return text(pattern, `a text of 1 to ${max} printable characters`);
}

/** A time that is on the calendar. */
export const calendarTime = v.pipe(time, v.check(isOnCalendar, 'a time on the calendar'));
