// Builds valibot schemas of JSON values, and reads values with them. protocol/service,
// protocol/orders and protocol/vault describe the wire format of docs/protocol.md with these
// schemas, and each message has one schema (docs/adr/0048-describe-wire-formats-with-valibot.md).
import * as v from 'valibot';
import { type ErrorCode, ProtocolError } from '../errors.ts';

export type Schema = v.GenericSchema;

/** The type of the values that a schema reads, read-only at every level. */
export type Json<S extends Schema> = Immutable<v.InferOutput<S>>;
type Immutable<T> = T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> } : T;

type Check = (value: unknown) => boolean;

/** A JSON Schema. The OpenAPI document of the service contains it. */
export type JsonSchema = Readonly<Record<string, string | number>>;

/**
 * Returns a schema with a single check. valibot's own actions would need a pipe of two to four
 * actions, which is more code. The page loads this code before the first key (docs/adr/0050), so it
 * must be small. Error messages contain `expects`, for example "keys.sets[0].kcv is not ...".
 */
/* @__NO_SIDE_EFFECTS__ */
export function custom<T>(is: Check, expects: string, json: JsonSchema = {}) {
  return { ...v.custom<T>(is), expects, json };
}

/**
 * Returns the schema with `json` as its JSON Schema, in place of the one that valibot generates.
 */
/* @__NO_SIDE_EFFECTS__ */
export function asJson<S extends Schema>(schema: S, json: JsonSchema): S {
  return { ...schema, json };
}

/** Returns the schema of a string that matches the pattern. `expects` is for error messages. */
/* @__NO_SIDE_EFFECTS__ */
export function text(pattern: RegExp, expects: string) {
  const is: Check = (value) => typeof value === 'string' && pattern.test(value);
  return custom<string>(is, expects, { type: 'string', pattern: pattern.source });
}

/** Returns the schema of a string of 1 to `max` characters, none of them a control character. */
/* @__NO_SIDE_EFFECTS__ */
export function printable(max: number) {
  return text(new RegExp(`^[^\\p{Cc}]{1,${max}}$`, 'u'), `a text of 1 to ${max} printable characters`);
}

/**
 * Returns the schema of unpadded base64url (RFC 4648 clause 5) that encodes `min` to `max` bytes.
 * The unused last bits must be zero, so that equal bytes have equal texts.
 */
/* @__NO_SIDE_EFFECTS__ */
export function bytes(min: number, max = min) {
  const digits = [min, max].map((length) => Math.ceil((length * 4) / 3)).join();
  return text(
    new RegExp(`^(?=.{${digits}}$)([\\w-]{4})*([\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?$`),
    `base64url of ${min === max ? min : `${min} to ${max}`} bytes`,
  );
}

/** Returns the schema of an integer from `minimum` to `maximum`, both included. */
/* @__NO_SIDE_EFFECTS__ */
export function integer(minimum: number, maximum: number) {
  const is: Check = (value) => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
  return custom<number>(is, `an integer from ${minimum} to ${maximum}`, { type: 'integer', minimum, maximum });
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

/** A time in ISO 8601. Accepts 30 February, which ECMAScript reads as a day in March. */
export const time = custom<string>(
  (value) => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value)),
  'an existing time in UTC (ISO 8601)',
  { type: 'string', format: 'date-time', pattern: TIME.source },
);

/**
 * Returns the schema of a list of `minItems` to `maxItems`. It checks the length first, so that a
 * list that is too long is refused before its items are read.
 */
/* @__NO_SIDE_EFFECTS__ */
export function list<Item extends Schema>(item: Item, minItems: number, maxItems: number) {
  const is: Check = (value) => Array.isArray(value) && value.length >= minItems && value.length <= maxItems;
  const limit = custom<v.InferInput<Item>[]>(is, `a list of ${minItems} to ${maxItems}`);
  return v.pipe(limit, { ...v.array(item), json: { minItems, maxItems } });
}

/**
 * Returns a message such as "keys.sets[0].set is not an integer from 1 to 4294967295". `name` is
 * the name of the whole value.
 */
export function describeIssue(name: string, issue: v.BaseIssue<unknown>): string {
  const { path = [], input, expected, message, type } = issue;
  const member = path.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  // enteredBy() of request-fields.ts supplies a predicate, such as "is empty".
  if (type === 'raw_transform') return `${name}${member} ${message}`;
  // Does not use the default message of valibot, because it repeats the value.
  return `${name}${member} is ${input === undefined ? 'missing' : `not ${expected ?? message}`}`;
}

/**
 * Reads a value with a schema. The result lacks members that the schema does not name.
 * @throws ProtocolError with `code`, naming the first member that is wrong
 */
export function read<S extends Schema>(schema: S, value: unknown, name: string, code: ErrorCode): Json<S> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output as Json<S>;
  throw new ProtocolError(code, describeIssue(name, issues[0]));
}
