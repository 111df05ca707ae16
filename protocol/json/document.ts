// Reads JSON documents: files, signed payloads and requests (docs/protocol.md clauses 6, 9 and 10).
// Refuses members that the schema does not name. Answers of the service may contain such members,
// so they are read with read() in schema.ts.
import { fromUtf8 } from '../bytes/text.ts';
import { type ErrorCode, ProtocolError } from '../errors.ts';
import { cutShort, isCutShort } from '../text/cut-short.ts';
import { envelopeOf } from './envelope.ts';
import { type Json, read, type Schema, text } from './schema.ts';

/**
 * The schema of an envelope in a file. Checks only the alphabet of payload and signature, so that a
 * long document is decoded only once, by openEnvelope(). openEnvelope() refuses a wrong encoding as
 * it refuses a wrong signature.
 */
export const documentEnvelopeSchema = envelopeOf(
  text(/^[\w-]+$/, 'base64url'),
  text(/^[\w-]{86}$/, 'base64url of a signature'),
);

export function refused(message: string, cause?: unknown): ProtocolError {
  return new ProtocolError('file-refused', message, cause === undefined ? undefined : { cause });
}

/**
 * Reads a value and refuses members that the schema does not name.
 * @throws ProtocolError with `code`, naming the member that is wrong or unknown
 */
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
 * Returns the path of the first member of `value` that `output` lacks, for example ".rows[3].note";
 * undefined if there is none.
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
 * Parses JSON from a text, or from its UTF-8 bytes.
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

/**
 * Reads an envelope from a file. Does not verify the signature. @throws ProtocolError file-refused
 */
export function readEnvelope(source: string, name: string): Json<typeof documentEnvelopeSchema> {
  return readDocument(documentEnvelopeSchema, parseJson(source, name), name);
}
