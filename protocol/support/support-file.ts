// The support file (docs/adr/0053): its format, and the schema of the members that the demo reads to
// repeat a failed load. Help writes more members, which a reader ignores.
import * as v from 'valibot';
import { integer, type Json, list, text, time } from '../json/schema.ts';

export const SUPPORT_FORMAT = 'keyferry-support';
export const SUPPORT_VERSION = 1;

const MAX_EXCHANGES = 1_000;
const MAX_ATTEMPTS = 1_000;

const statusWord = text(/^[0-9A-F]{4}$/, 'a status word');

const recordedAttemptSchema = v.object({
  at: time,
  link: v.picklist(['usb', 'serial']),
  /** Absent if the load succeeded or was interrupted. */
  failure: v.exactOptional(
    v.object({
      code: text(/^[a-z-]{1,40}$/, 'an error code'),
      command: v.exactOptional(text(/^[A-Z0-9 ]{1,40}$/, 'the name of a command')),
      statusWord: v.exactOptional(statusWord),
    }),
  ),
  /** `statusWord` is null if the link failed before the response. */
  exchanges: list(
    v.object({ header: text(/^[0-9A-F]{8}$/, 'CLA INS P1 P2'), statusWord: v.nullable(statusWord) }),
    0,
    MAX_EXCHANGES,
  ),
});

export const supportFileSchema = v.object({
  version: integer(1, SUPPORT_VERSION),
  /** Newest first. Absent in files of version 1 from pages that did not record attempts yet. */
  attempts: v.exactOptional(list(recordedAttemptSchema, 0, MAX_ATTEMPTS)),
});

export type SupportFileJson = Json<typeof supportFileSchema>;
export type RecordedAttemptJson = Json<typeof recordedAttemptSchema>;
