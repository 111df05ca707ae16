// Reads the answers of the service (docs/protocol.md clause 6). Checks the format, not signatures.
import { ProtocolError } from '#protocol/errors.ts';
import { type Json, read, type Schema } from '#protocol/json/schema.ts';

/**
 * Reads the answer to a request. A JSON object without any of the schema's members comes from
 * another service.
 * @throws ProtocolError not-the-as for such an object, service-nonsense for any other answer that
 *   does not match the schema
 */
export function readResponse<S extends Schema>(schema: S, value: unknown, name: string): Json<S> {
  const named = Object.keys('entries' in schema ? (schema.entries as object) : {});
  if (typeof value === 'object' && value !== null && !named.some((member) => Object.hasOwn(value, member))) {
    throw new ProtocolError('not-the-as', `${name}: the answer is that of another service`);
  }
  return readAnswer(schema, value, name);
}

/**
 * Reads one JSON value. Drops members that the schema does not name, because the service may be
 * newer than this page.
 * @throws ProtocolError service-nonsense, naming the member that is wrong
 */
export function readAnswer<S extends Schema>(schema: S, value: unknown, name: string): Json<S> {
  return read(schema, value, name, 'service-nonsense');
}
