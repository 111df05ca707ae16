// Reads the answers of the service (docs/protocol.md clause 6). Checks the format, not signatures.
import { type Json, read, type Schema } from '#protocol/json/schema.ts';

/**
 * Members that the schema does not name are left out, because the service may be newer than this
 * page.
 * @throws ProtocolError service-nonsense, naming the member that is wrong
 */
export function readAnswer<S extends Schema>(schema: S, value: unknown, name: string): Json<S> {
  return read(schema, value, name, 'service-nonsense');
}
