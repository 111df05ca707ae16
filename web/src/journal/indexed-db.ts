// Opens IndexedDB databases, repeats transactions that the browser aborts, and translates exceptions
// into error codes. Shared by the journal, the trust store and the vault store.
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';

/** Error codes by exception name. Any other DOMException becomes journal-failed. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'journal-full',
  VersionError: 'journal-elsewhere', // a newer build of the page has upgraded the database
};

/** Maximum number of tries if the browser closes the database or aborts the transaction. */
const MAX_ABORTED = 3;

/**
 * True iff the browser closed the database or aborted the transaction. A retry may then succeed.
 */
function isAborted(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof DOMException && ['AbortError', 'InvalidStateError', 'UnknownError'].includes(cause.name);
}

/** The transaction that repeatAborted() repeats, and how to find out whether it is on disk. */
export interface Repeatable<X, T> {
  /** Runs one transaction. Its exceptions are translated by translateErrors(). */
  readonly run: (body: (transaction: X) => Promise<T>) => Promise<T>;
  readonly write: (transaction: X) => Promise<T>;
  /**
   * Whether the database has what an earlier try wrote, when `write` resolved with `written`. Absent
   * if a second write after the first changes nothing, as for a read.
   */
  readonly isOnDisk?: ((transaction: X, written: T) => Promise<boolean>) | undefined;
  /**
   * Called after each failure. Returns true if the write must be repeated although the browser did
   * not abort it.
   */
  readonly isRepeated?: ((error: unknown) => boolean) | undefined;
}

/**
 * Runs a transaction, and repeats it if the browser closes the database or aborts the transaction.
 * The browser may close the database before it reports that the transaction is on disk. Each
 * repetition therefore first checks whether the last try is on disk. After the last aborted try,
 * one more transaction only checks this.
 */
export async function repeatAborted<X, T>({ run, write, isOnDisk, isRepeated }: Repeatable<X, T>): Promise<T> {
  let last: { readonly written: T } | undefined;
  let committed: typeof last;
  let failure: unknown;
  let aborted = 0;
  const body = async (transaction: X): Promise<T> => {
    if (last && (await isOnDisk?.(transaction, last.written))) {
      committed = last;
      return last.written;
    }
    if (aborted === MAX_ABORTED) throw failure;
    const written = await write(transaction);
    last = { written };
    return written;
  };
  for (;;) {
    try {
      return await run(body);
    } catch (error) {
      failure = error;
      const isNext = isRepeated?.(error) || (isAborted(error) && aborted++ < MAX_ABORTED);
      if (committed) return committed.written;
      if (!isNext) throw error;
    }
  }
}

/** Whether two records have the same members, in the same sequence. */
export function isSameRecord(a: object | undefined, b: object | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
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
