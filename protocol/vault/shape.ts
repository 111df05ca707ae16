// What the readers of protocol/json/read.ts lack for a vault: its own refusal, and times that can be compared as texts.
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { type Read, text } from '../json/read.ts';

/** Of one encoding, so that an earlier time is a smaller text. */
const TIME = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time in UTC with milliseconds');

export function malformed(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('vault-malformed', message, cause === undefined ? undefined : { cause });
}

/** @throws ProtocolError vault-malformed instead of file-refused */
export function readVault<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ProtocolError && cause.code === 'file-refused') throw malformed(cause.message, cause);
    throw cause;
  }
}

export const time: Read<string> = (value, path) => {
  const known = TIME(value, path);
  const moment = Date.parse(known);
  // A 30th of February is read as a day of March.
  if (!Number.isNaN(moment) && new Date(moment).toISOString() === known) return known;
  throw malformed(`${path} is no time that exists`);
};

/** Canonical base64url, decoded. */
export function base64url(value: unknown, path: string): Bytes {
  if (typeof value !== 'string') throw malformed(`${path} is no base64url`);
  try {
    return fromBase64url(value);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw malformed(`${path} is no base64url`, cause);
    throw cause;
  }
}

/** Canonical base64url of any length, kept as text. */
export const base64urlText: Read<string> = (value, path) => {
  base64url(value, path);
  return value as string;
};
