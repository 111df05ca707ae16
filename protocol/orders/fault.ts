// A fault of a report, and the helper that records a fault and lets the check continue. A check
// reports every fault, not only the first.
import { IntegrityError, ProtocolError } from '../errors.ts';
import type { ReportFaultCode } from './report-words.ts';

export interface ReportFault {
  readonly code: ReportFaultCode;
  /** The sentence for the reader. */
  readonly words: string;
  /**
   * Row number in the file, from 1; for a dropped row, the position where it belongs. Null when the
   * fault concerns the whole file.
   */
  readonly row: number | null;
  readonly sn: string | null;
  /** For engineers. */
  readonly detail: string;
}

/** Records a fault. With `place` the fault belongs to that row, without it to the whole file. */
export type Note = (code: ReportFaultCode, place?: { row: number; sn: string }, detail?: string) => void;

/**
 * Runs `action`. When it refuses its input, passes the message to `refused` and returns undefined.
 * Other errors are rethrown.
 */
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
