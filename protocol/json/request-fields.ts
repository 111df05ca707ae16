// Fields of requests to the service (docs/protocol.md clause 6), stricter than those of answers and
// documents, because a person may just have entered them.
import * as v from 'valibot';
import { readText, type TextResult } from '../text/permitted-text.ts';
import { isOnCalendar } from './fields.ts';
import { asJson, time } from './schema.ts';

/** A text of 1 to `max` characters, which becomes the one form of docs/protocol.md clause 6.2. */
/* @__NO_SIDE_EFFECTS__ */
export function entered(max: number) {
  return enteredBy((typed) => readText(typed, max), max);
}

/** A text that becomes the one form that `read` gives it. A refusal says why. */
/* @__NO_SIDE_EFFECTS__ */
export function enteredBy(read: (typed: string) => TextResult, max: number) {
  const reading = v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
    const result = read(dataset.value);
    if ('text' in result) return result.text;
    addIssue({ message: `${result.why}. Type the text again` });
    return NEVER;
  });
  return v.pipe(asJson(v.string(), { type: 'string', minLength: 1, maxLength: max }), reading);
}

/** A time that is on the calendar. */
export const calendarTime = v.pipe(time, v.check(isOnCalendar, 'a time on the calendar'));
