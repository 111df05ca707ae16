// The faults of a report. The verification notes each fault and continues, so that a reader gets
// all of them (docs/protocol.md clause 9.1).
import { IntegrityError, ProtocolError } from '../errors.ts';
import type { ReportFaultCode } from './report-faults.ts';

export interface ReportFault {
  readonly code: ReportFaultCode;
  /** The sentence for the reader. */
  readonly words: string;
  /** Row of the file, from 1. Of a dropped row, its place in the order. Null: the whole file. */
  readonly row: number | null;
  readonly sn: string | null;
  /** For engineers. */
  readonly detail: string;
}

/** Collects a fault. Without a place it concerns the whole file. */
export type Note = (code: ReportFaultCode, place?: { row: number; sn: string }, detail?: string) => void;

/** The result of the action, or undefined once its refusal is noted. */
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
