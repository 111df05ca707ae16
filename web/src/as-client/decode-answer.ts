// Members of an answer of the service, read with the shapes of protocol/service. Knows none of the answers.
import { ProtocolError } from '#protocol/errors.ts';
import type { Read } from '#protocol/json/read.ts';

/** A member of an object, read; others may stand beside it, for the service may be newer than this page. */
export function member<T>(value: unknown, name: string, read: Read<T>): T {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return read(Object.hasOwn(given, name) ? given[name] : undefined, name);
}

/** @throws ProtocolError service-nonsense instead of file-refused: it came from the service */
export function fromService<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code !== 'file-refused') throw cause;
    throw new ProtocolError('service-nonsense', cause.message, { cause });
  }
}
