// Reads JSON that came in a file, under a signature or with a request (docs/protocol.md clauses 6,
// 9 and 10). Unlike an answer of the service, such a value has no members beside those of its
// schema.
import { fromUtf8 } from '../bytes/text.ts';
import { type ErrorCode, ProtocolError } from '../errors.ts';
import { cutShort, isCutShort } from '../text/cut-short.ts';
import { envelopeOf } from './envelope.ts';
import { type Json, read, type Schema, text } from './schema.ts';

/**
 * An envelope of which only the alphabet is checked, because openEnvelope() decodes it: a long
 * document is not decoded twice, and a wrong digit is a fault of the signature.
 */
export const documentEnvelopeSchema = envelopeOf(
  text(/^[\w-]+$/, 'base64url'),
  text(/^[\w-]{86}$/, 'base64url of a signature'),
);

export function refused(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('file-refused', message, cause === undefined ? undefined : { cause });
}

/** @throws ProtocolError with `code`, naming the member that is wrong or unknown */
export function readDocument<S extends Schema>(
  schema: S,
  value: unknown,
  name: string,
  code: ErrorCode = 'file-refused',
): Json<S> {
  const output = read(schema, value, name, code);
  const unknown = findUnknownMember(value, output);
  if (unknown === undefined) return output;
  throw new ProtocolError(code, `${name}${unknown} is an unknown member`);
}

/**
 * Path of a member of `value` that is missing in `output`, for example ".rows[3].note", or
 * undefined.
 */
export function findUnknownMember(value: unknown, output: unknown): string | undefined {
  if (!isObject(value) || !isObject(output)) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const path = Array.isArray(value) ? `[${key}]` : `.${key}`;
    if (!Object.hasOwn(output, key)) return path;
    const below = findUnknownMember(member, output[key]);
    if (below !== undefined) return path + below;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * The JSON value of a text, or of UTF-8.
 * @throws ProtocolError with `code`; FileError for a text whose end is missing
 */
export function parseJson(source: string | Uint8Array, name: string, code: ErrorCode = 'file-refused'): unknown {
  if (typeof source === 'string' && isCutShort(source)) throw cutShort();
  try {
    return JSON.parse(typeof source === 'string' ? source : fromUtf8(source));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new ProtocolError(code, `${name} is not JSON`, { cause });
    throw cause;
  }
}

/** An envelope in a file. Its signature is not verified. @throws ProtocolError file-refused */
export function readEnvelope(source: string, name: string): Json<typeof documentEnvelopeSchema> {
  return readDocument(documentEnvelopeSchema, parseJson(source, name), name);
}
