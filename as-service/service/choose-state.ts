// Decides at each start which state is valid (ADR 0049). The newest change in the audit log
// contains the hash of its state file.
import { equalBytes } from '#protocol/bytes/bytes.ts';
import type { AuditEntry } from '../audit-log/audit-line.ts';
import { broken, type LogScan } from '../audit-log/scan-log.ts';
import { UserError } from '../common/user-error.ts';
import type { LogPosition, State } from '../storage/state.ts';
import type { StoredState } from '../storage/state-file.ts';

export const STATE_FILE = 'state.sealed';

/** The newest change in the log. add() receives each entry, oldest first. */
export class NewestChange {
  revision = 0;
  /** Hash of the state file; undefined in entries of versions up to 0.1.0. */
  hash: string | undefined;

  add({ event, details: { revision, state } }: AuditEntry): void {
    if (typeof revision !== 'number') return;
    // Versions up to 0.1.0 logged a change before they stored its state. If the state was missing
    // at the next start, that start logged 'change-lost', and the revision before the lost one
    // counts.
    this.revision = event === 'change-lost' ? revision - 1 : revision;
    this.hash = typeof state === 'string' ? state : undefined;
  }
}

export interface StateChoice {
  /** Undefined when the service does not exist yet. */
  readonly state: State | undefined;
  /** Whether `next` must replace the state file. */
  readonly finish: boolean;
  /**
   * Whether the log contains a change whose state does not exist, so the change did not happen. A
   * crash of a version up to 0.1.0 can cause this. So can a crash during the creation of a service.
   */
  readonly lost: boolean;
}

/**
 * Returns the state that the log names. `stored` is the state file, and `next` the prepared change
 * beside it.
 * @throws UserError when neither is the state that the log names, or the log lacks MACs
 */
export function chooseState(
  { revision, hash }: NewestChange,
  { unauthenticated }: Pick<LogScan, 'unauthenticated'>,
  stored: StoredState | undefined,
  next: StoredState | undefined,
): StateChoice {
  const storedRevision = stored?.state.revision ?? 0;
  const candidates = [stored, isNextOf(stored?.state, next?.state) ? next : undefined];
  const chosen = hash === undefined ? stored : candidates.find((each) => each?.hash === hash);
  // If the log contains only one change and no state is stored, a crash interrupted the creation of
  // the service, so the change did not happen.
  const lost = revision === storedRevision + 1 && (hash === undefined || (revision === 1 && chosen === undefined));
  const isFound = lost || (hash === undefined ? revision === storedRevision : chosen !== undefined);
  if (!isFound) throw mismatch(revision, stored?.state.revision);
  requireMacs(unauthenticated, chosen?.state.unauthenticated);
  return { state: chosen?.state, finish: chosen !== undefined && chosen !== stored, lost };
}

/**
 * Whether `next` is the revision after `stored`, with the same root key. A state with another root
 * key belongs to another service. True also if either state is undefined.
 */
function isNextOf(stored: State | undefined, next: State | undefined): boolean {
  if (stored === undefined || next === undefined) return true;
  return next.revision === stored.revision + 1 && equalBytes(next.root.publicKey, stored.root.publicKey);
}

/**
 * Requires that the last entry without a MAC is unchanged, and that no later entry lacks a MAC.
 * `expected` is the last entry without a MAC according to the state; undefined in a state of an
 * earlier version.
 */
function requireMacs(found: LogPosition, expected: LogPosition | undefined): void {
  if (expected === undefined) return;
  if (found.sequence > expected.sequence) throw broken(expected.sequence + 1, 'its authentication code is missing');
  if (found.hash !== expected.hash) {
    throw broken(expected.sequence, 'it is not the entry that this service recorded at its update');
  }
}

/**
 * Returns the error for an audit log and a state file that have different revisions, or different
 * states of one revision.
 */
function mismatch(logged: number, stored: number | undefined): UserError {
  if (stored === undefined) {
    return new UserError(
      `There is an audit log but no ${STATE_FILE}: the keys of this service are missing. Restore the folder from a backup. Nothing was modified.`,
    );
  }
  const why =
    logged < stored
      ? `The audit log is older than ${STATE_FILE} or was cut (it ends at revision ${logged}, not ${stored}).`
      : logged > stored
        ? `${STATE_FILE} is older than the audit log (revision ${stored}, not ${logged}): an old copy was put back, in which later revocations are missing.`
        : `${STATE_FILE} is not the one that the audit log names for revision ${logged}: it is from another copy of this folder.`;
  return new UserError(`${why} Restore the whole folder from one backup. Nothing was modified.`);
}
