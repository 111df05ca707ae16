// Fields of requests to the service (docs/protocol.md clause 6). They are stricter than the fields
// of answers and documents, because a person may have typed them.
import * as v from 'valibot';
import { readText, type TextResult } from '../text/permitted-text.ts';
import { isOnCalendar } from './fields.ts';
import { asJson, time } from './schema.ts';

/**
 * Returns the schema of a text of 1 to `max` characters, which it converts to the normal form of
 * docs/protocol.md clause 6.2.
 */
/* @__NO_SIDE_EFFECTS__ */
export function entered(max: number) {
  return enteredBy((typed) => readText(typed, max), max);
}

/**
 * Returns the schema of a text that `read` converts to its normal form or refuses. The error
 * message contains the reason.
 */
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

/** A time whose date exists. */
export const calendarTime = v.pipe(time, v.check(isOnCalendar, 'a time on the calendar'));
