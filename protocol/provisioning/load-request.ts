// The request to load one key into one slot of one unit (docs/protocol.md clauses 2 and 4). The
// page makes one for each attempt, and provision() carries it out.
import type { SuiteId } from '../tkl/suites.ts';
import type { ExportRequest } from './key-source.ts';

export interface LoadRequest {
  /** Number of the key entry: an application key, an erasure or the next T (clause 8). */
  readonly ref1: number;
  /** The slot; FFFE to replace T. */
  readonly ref2: number;
  /**
   * Suites of the AS for the TKV of the unit, best first. provision() uses the first one that the
   * unit allows.
   */
  readonly suites: readonly SuiteId[];
  /**
   * Whether to request signed DATA. A unit that requires a signature receives signed DATA in any
   * case.
   */
  readonly sign: boolean;
  /** Id of the work order, 1 to 64 printable characters. */
  readonly workOrder?: string;
  /** Reason for another export of this key to this unit, 1 to 200 printable characters. */
  readonly reason?: string;
  /**
   * 22 characters of base64url, new for each attempt, because the AS makes at most one export per
   * idempotency key.
   */
  readonly idempotencyKey: string;
  /**
   * An earlier export request of the same load, whose DATA was not sent to the unit. provision()
   * sends it again instead of a new one, because the unit's challenge is still valid and the AS
   * returns the same export.
   */
  readonly unused?: ExportRequest | undefined;
}
