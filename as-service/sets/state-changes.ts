// The part of the AS that the functions for sets, keys and operators need. service/as.ts implements
// it.

import type { AuditEntry } from '../audit-log/audit-line.ts';
import type { AuditLog } from '../audit-log/audit-log.ts';
import type { State } from '../storage/state.ts';

export interface StateChange {
  /** Name of the event in the audit log. */
  readonly event: string;
  readonly actor: string | null;
  readonly details: AuditEntry['details'];
  /**
   * Computes the new state; change() sets its revision. An error leaves state and log unchanged.
   */
  readonly next: (state: State) => State;
}

export interface StateChanges {
  readonly state: State;
  readonly demoMode: boolean;
  readonly now: () => Date;
  /** For actions that the log records but that do not change the state. */
  readonly log: Pick<AuditLog, 'append'>;
  /** Makes one change at a time, with an entry in the audit log. */
  change(change: StateChange): Promise<void>;
}
