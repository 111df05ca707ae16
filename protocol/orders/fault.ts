// A fault of a report, and how a check notes one and goes on: everything that is wrong is to be said, not only the first of it.
import { IntegrityError, ProtocolError } from '../errors.ts';
import type { ReportFaultCode } from './report-words.ts';

export interface ReportFault {
  readonly code: ReportFaultCode;
  /** The sentence for the reader. */
  readonly words: string;
  /** Counted from 1 as they stand in the file; of a row that was dropped, where it belongs. Null: the file as a whole. */
  readonly row: number | null;
  readonly sn: string | null;
  /** For engineers. */
  readonly detail: string;
}

/** Collects faults; where a place is given they belong to that row. */
export type Note = (code: ReportFaultCode, place?: { row: number; sn: string }, detail?: string) => void;

/** What is refused is noted, with its message, and undefined. */
export async function attempt<T>(
  action: () => T | Promise<T>,
  refused: (detail: string) => void,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof IntegrityError) && !(cause instanceof ProtocolError && cause.code === 'file-refused')) {
      throw cause;
    }
    refused(cause.message);
    return undefined;
  }
}
