// Reads single members of an answer of the service.
// Used by the clients of work orders and vaults, with the readers of protocol/json.
import { ProtocolError } from '#protocol/errors.ts';
import type { Read } from '#protocol/json/read.ts';

/** Reads one member of an object. Other members are ignored: a newer service may send them. */
export function member<T>(value: unknown, name: string, read: Read<T>): T {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return read(Object.hasOwn(given, name) ? given[name] : undefined, name);
}

/**
 * @throws ProtocolError service-nonsense instead of file-refused, as the value is from the service
 */
export function fromService<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code !== 'file-refused') throw cause;
    throw new ProtocolError('service-nonsense', cause.message, { cause });
  }
}
