// Collects the faults of a report. Verification continues after a fault, so that the reader gets
// all faults at once (docs/protocol.md clause 9.1).
import { IntegrityError, ProtocolError } from '../errors.ts';
import type { ReportFaultCode } from './report-faults.ts';

export interface ReportFault {
  readonly code: ReportFaultCode;
  /** Row of the file, from 1; for a dropped row, its former place. Null for the whole file. */
  readonly row: number | null;
  readonly sn: string | null;
  /** Technical detail for engineers. */
  readonly detail: string;
}

/** Collects a fault. A fault without `place` concerns the whole file. */
export type Note = (code: ReportFaultCode, place?: { row: number; sn: string }, detail?: string) => void;

/**
 * Resolves with the result of the action. If the action finds a fault in the file, calls `refused`
 * with the detail and resolves with undefined.
 */
export async function orNote<T>(
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
