// Opens IndexedDB databases and translates their exceptions into error codes. Shared by the
// journal, the trust store and the vault store.
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';

/** Error codes by exception name. Any other DOMException becomes journal-failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'journal-full',
  VersionError: 'journal-elsewhere', // a newer build of the page has upgraded the database
};

/** Maximum number of tries if the browser closes the database or aborts the transaction. */
export const MAX_ABORTED = 3;

/**
 * True iff the browser closed the database or aborted the transaction. A retry may then succeed.
 */
export function isAborted(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof DOMException && ['AbortError', 'InvalidStateError', 'UnknownError'].includes(cause.name);
}

/** True iff another page has already written a record with this key. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof DOMException && error.cause.name === 'ConstraintError';
}

/**
 * Awaits `action`. A DOMException becomes a ProtocolError.
 * @throws ProtocolError journal-full, journal-elsewhere, journal-failed
 */
export async function translateErrors<T>(action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
    throw new ProtocolError(CODES[cause.name] ?? 'journal-failed', `${cause.name}: ${cause.message}`, { cause });
  }
}

/** Opens databases whose names begin with `prefix`. */
export function withPrefix(factory: Pick<IDBFactory, 'open'>, prefix: string): Pick<IDBFactory, 'open'> {
  return { open: (name, version) => factory.open(prefix + name, version) };
}

/** Resolves with the open database. @throws DOMException, ProtocolError journal-elsewhere */
export function databaseOf(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => {
      // The other tab may never close its connection, so this call fails now. If the request
      // succeeds later, the new connection is not needed.
      request.onsuccess = () => request.result.close();
      reject(new ProtocolError('journal-elsewhere', 'another tab has an older version of the database open'));
    };
  });
}
