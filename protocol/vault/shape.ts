// Vault versions of the readers in protocol/json/read.ts: they refuse with vault-malformed, and a
// time has one encoding, so that times compare as strings.
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { type Read, text } from '../json/read.ts';

/** Exactly three decimals, so that an earlier time is a smaller string. */
const TIME = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time in UTC with milliseconds');

export function malformed(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('vault-malformed', message, cause === undefined ? undefined : { cause });
}

/**
 * Runs a reader of protocol/json/read.ts.
 * @throws ProtocolError vault-malformed instead of file-refused
 */
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
  // Date.parse() accepts 30 February as a day of March.
  if (!Number.isNaN(moment) && new Date(moment).toISOString() === known) return known;
  throw malformed(`${path} is no time that exists`);
};

/** Decodes canonical base64url. @throws ProtocolError vault-malformed */
export function base64url(value: unknown, path: string): Bytes {
  if (typeof value !== 'string') throw malformed(`${path} is no base64url`);
  try {
    return fromBase64url(value);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw malformed(`${path} is no base64url`, cause);
    throw cause;
  }
}

/** Canonical base64url of any length. The result is the text, not the bytes. */
export const base64urlText: Read<string> = (value, path) => {
  base64url(value, path);
  return value as string;
};
