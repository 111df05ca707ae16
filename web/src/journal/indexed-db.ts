// What every database of this page has in common: how it is opened, and its failures as codes. Knows no schema.
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';

/** By the name of the browser's failure; any other one is that it refuses its storage. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'journal-full',
  VersionError: 'journal-elsewhere', // a newer page was here, and this one is of an older build
};

/** @throws ProtocolError journal-full, journal-elsewhere, journal-failed in the place of the browser's own failures */
export async function explained<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new ProtocolError(CODES[cause.name] ?? 'journal-failed', `${cause.name}: ${cause.message}`, { cause });
  }
}

/** @throws DOMException of the browser, ProtocolError journal-elsewhere */
export function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => {
      // Waiting here could take for ever. Should the other tab give way later, this connection must not stand in anyone's way.
      request.onsuccess = () => request.result.close();
      reject(new ProtocolError('journal-elsewhere', 'another tab holds an older version of the store open'));
    };
  });
}
