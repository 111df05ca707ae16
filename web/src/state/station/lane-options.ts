// The objects that a lane uses. The station and web/src/app/services.ts provide it.
import type { Journal } from '../../journal/journal.ts';
import type { Leases } from '../../transport/leases.ts';
import type { AsAccount, Session } from '../session/session.svelte.ts';

export interface LaneOptions {
  readonly session: Session;
  readonly as: AsAccount;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush' | 'get' | 'unsettled'>;
  readonly leases: Pick<Leases, 'open' | 'take' | 'isRequested'>;
  /** The clock of the AS. */
  readonly now: () => Date;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Returns 16 random bytes. */
  readonly random: () => Uint8Array;
  /** Called when the unit was unplugged while no load was running. */
  readonly onAway: () => void;
  /** Called when an attempt begins or ends. */
  readonly onJournalChange: () => Promise<void>;
}
