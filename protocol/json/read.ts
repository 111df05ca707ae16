// Readers for JSON from a file or a signed payload, one for each member (docs/protocol.md clauses 9
// and 10). The result has exactly the declared type: a reader refuses an unknown member.
import { fromBase64url, fromUtf8 } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import type { Envelope } from '../signing/envelope.ts';

/** Reads the value at `path`. @throws ProtocolError file-refused, naming the path */
export type Read<T> = (value: unknown, path: string) => T;

export function refused(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('file-refused', message, cause === undefined ? undefined : { cause });
}

function unlike(path: string, expected: string): ProtocolError {
  return refused(`${path} is not ${expected}`);
}

/**
 * Reads an object with exactly these members. The result has them in this order, so that its JSON
 * text is the same each time.
 */
export function object<T extends object>(members: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  const entries = Object.entries<Read<unknown>>(members);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unlike(path, 'an object');
    const given = value as Record<string, unknown>;
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(members, name));
    if (unknown !== undefined) throw refused(`${path} has a member "${unknown}" that this version does not know`);
    return Object.fromEntries(
      entries.map(([name, read]) => [
        name,
        read(Object.hasOwn(given, name) ? given[name] : undefined, `${path}.${name}`),
      ]),
    ) as T;
  };
}

export function array<T>(item: Read<T>, least: number, most: number): Read<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      throw unlike(path, `a list of ${least} to ${most}`);
    }
    return value.map((element, index) => item(element, `${path}[${index}]`));
  };
}

export function integer(least: number, most: number): Read<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw unlike(path, `a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

export function text(pattern: RegExp, expected: string): Read<string> {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw unlike(path, expected);
    return value;
  };
}

export function oneOf<T extends string | number>(...values: readonly T[]): Read<T> {
  return (value, path) => {
    const found = values.find((known) => known === value);
    if (found === undefined) throw unlike(path, values.join(' or '));
    return found;
  };
}

export function nullable<T>(read: Read<T>): Read<T | null> {
  return (value, path) => (value === null ? null : read(value, path));
}

export const boolean: Read<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw unlike(path, 'true or false');
  return value;
};

/** Canonical base64url of `least` to `most` bytes. The result is the text, not the bytes. */
export function octets(least: number, most: number): Read<string> {
  return (value, path) => {
    const expected = `base64url of ${least === most ? least : `${least} to ${most}`} octets`;
    if (typeof value !== 'string' || value.length > Math.ceil((most * 4) / 3)) throw unlike(path, expected);
    try {
      if (fromBase64url(value).length >= least) return value;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
    throw unlike(path, expected);
  };
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

export const time: Read<string> = (value, path) => {
  const known = text(TIME, 'a time in UTC (ISO 8601)')(value, path);
  if (Number.isNaN(Date.parse(known))) throw unlike(path, 'a time that exists');
  return known;
};

/** A text for people: 1 to `most` characters without control characters. */
export const printable = (most: number): Read<string> =>
  text(new RegExp(`^[^\\p{Cc}]{1,${most}}$`, 'u'), `a text of 1 to ${most} printable characters`);

/**
 * Checks the characters only. openEnvelope() decodes the payload, and a long report must not be
 * decoded twice.
 */
const base64url = text(/^[A-Za-z0-9_-]+$/, 'base64url');

const signature = object<Envelope['signatures'][0]>({
  keyid: text(/^[0-9A-F]{16}$/, '16 hex digits'),
  sig: text(/^[A-Za-z0-9_-]{86}$/, 'a signature'),
});

export const envelope: Read<Envelope> = object<Envelope>({
  payloadType: text(/^[!-~]{1,200}$/, 'a payload type'),
  payload: base64url,
  signatures: (value, path) => {
    const [only] = array(signature, 1, 1)(value, path);
    if (only === undefined) throw new TypeError('the list has one element');
    return [only];
  },
});

/** Parses a JSON text, or a payload in UTF-8. @throws ProtocolError file-refused, naming `what` */
export function parseJson(source: string | Uint8Array, what: string): unknown {
  try {
    return JSON.parse(typeof source === 'string' ? source : fromUtf8(source));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw refused(`${what} is not JSON`, cause);
    throw cause;
  }
}
