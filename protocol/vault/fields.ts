// Fields that only vault documents have: times that can be compared as texts, and base64url of any
// length (docs/protocol.md clause 10).
import * as v from 'valibot';
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { isOnCalendar } from '../json/fields.ts';
import { custom, text } from '../json/schema.ts';

export function malformed(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('vault-malformed', message, cause === undefined ? undefined : { cause });
}

/** Each time has exactly one text, so that the texts sort as the times do. */
export const vaultTime = v.pipe(
  text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time in UTC with milliseconds'),
  custom<string>((value) => isOnCalendar(value as string), 'a time on the calendar'),
);

/** Decodes canonical base64url. @throws ProtocolError vault-malformed */
export function base64url(value: string, name: string): Bytes {
  try {
    return fromBase64url(value);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw malformed(`${name} is not base64url`, cause);
    throw cause;
  }
}
