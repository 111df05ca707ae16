// Builds valibot schemas of JSON values, and reads values by them.
// protocol/service, protocol/orders and protocol/vault describe the wire format of docs/protocol.md
// with these parts, each message once (docs/adr/0048-describe-wire-formats-with-valibot.md).
import * as v from 'valibot';
import { type ErrorCode, ProtocolError } from '../errors.ts';

export type Schema = v.GenericSchema;

/** The type of the values that a schema reads, read-only throughout. */
export type Json<S extends Schema> = Immutable<v.InferOutput<S>>;
type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;

type Check = (value: unknown) => boolean;

/** A JSON Schema. The OpenAPI document of the service contains it. */
export type JsonSchema = Readonly<Record<string, string | number>>;

/**
 * One check per value, where valibot's own actions would be a pipe of two to four: the page loads
 * this before its first key. `expects` is for error messages: "keys.sets[0].kcv is not ...".
 */
/* @__NO_SIDE_EFFECTS__ */
export function custom<T>(is: Check, expects: string, json: JsonSchema = {}) {
  return { ...v.custom<T>(is), expects, json };
}

/** The schema with a JSON Schema in place of that of valibot. */
/* @__NO_SIDE_EFFECTS__ */
export function asJson<S extends Schema>(schema: S, json: JsonSchema): S {
  return { ...schema, json };
}

/** A string that matches the pattern. */
/* @__NO_SIDE_EFFECTS__ */
export function text(pattern: RegExp, expects: string) {
  const is: Check = (value) => typeof value === 'string' && pattern.test(value);
  return custom<string>(is, expects, { type: 'string', pattern: pattern.source });
}

/** 1 to `max` characters, none of them a control character. */
/* @__NO_SIDE_EFFECTS__ */
export function printable(max: number) {
  return text(new RegExp(`^[^\\p{Cc}]{1,${max}}$`, 'u'), `a text of 1 to ${max} printable characters`);
}

/**
 * Unpadded base64url (RFC 4648 clause 5) of `min` to `max` bytes, with the unused last bits zero:
 * one byte string has one text, so texts can be compared instead of bytes.
 */
/* @__NO_SIDE_EFFECTS__ */
export function bytes(min: number, max = min) {
  const digits = [min, max].map((length) => Math.ceil((length * 4) / 3)).join();
  return text(
    new RegExp(`^(?=.{${digits}}$)([\\w-]{4})*([\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?$`),
    `base64url of ${min === max ? min : `${min} to ${max}`} bytes`,
  );
}

/** `minimum` to `maximum`, both included. */
/* @__NO_SIDE_EFFECTS__ */
export function integer(minimum: number, maximum: number) {
  const is: Check = (value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
  return custom<number>(is, `an integer from ${minimum} to ${maximum}`, { type: 'integer', minimum, maximum });
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** ISO 8601. The 30th of February is a day of March, as in ECMAScript. */
export const time = custom<string>(
  (value) => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value)),
  'an existing time in UTC (ISO 8601)',
  { type: 'string', format: 'date-time', pattern: TIME.source },
);

/**
 * The length is checked before any item is, so that a hostile list costs no more than a long one.
 */
/* @__NO_SIDE_EFFECTS__ */
export function list<Item extends Schema>(item: Item, minItems: number, maxItems: number) {
  const is: Check = (value) => Array.isArray(value) && value.length >= minItems && value.length <= maxItems;
  const limit = custom<v.InferInput<Item>[]>(is, `a list of ${minItems} to ${maxItems}`);
  return v.pipe(limit, { ...v.array(item), json: { minItems, maxItems } });
}

/**
 * "keys.sets[0].set is not an integer from 1 to 4294967295". `name` is the name of the whole value.
 */
export function describeIssue(name: string, issue: v.BaseIssue<unknown>): string {
  const { path = [], input, expected, message, type } = issue;
  const member = path.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  // A refusal of request-fields.ts says what the text contains.
  if (type === 'raw_transform') return `${name}${member} ${message}`;
  // The default message of valibot repeats the value.
  return `${name}${member} is ${input === undefined ? 'missing' : `not ${expected ?? message}`}`;
}

/**
 * Reads a value. Members that the schema does not name are left out.
 * @throws ProtocolError with `code`, naming the first member that is wrong
 */
export function read<S extends Schema>(schema: S, value: unknown, name: string, code: ErrorCode): Json<S> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output as Json<S>;
  throw new ProtocolError(code, describeIssue(name, issues[0]));
}
