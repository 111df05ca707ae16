// The state of the run of a work order, and the options of OrderRun.
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { Journal } from '../../journal/journal.ts';
import type { EndedAs } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import type { Failure } from '../common/failure.ts';
import type { Session } from '../session/session.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';

export type RunState =
  | { readonly is: 'running' }
  | { readonly is: 'paused' }
  /**
   * The run halted after `failures` failed units in a row, or after one failure that no unit
   * caused.
   */
  | { readonly is: 'halted'; readonly failures: number; readonly failure: Failure };

/**
 * Why the run loads no unit: the order has ended, there is no session, or the validity period of
 * the order has not begun or is over.
 */
export type WaitReason = EndedAs | 'sign-in' | 'early' | 'over';

export interface OrderRunOptions {
  readonly order: WorkOrder;
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  readonly counts: Counts;
  /** Serial numbers of the units that the AS lists as done, at any station. */
  readonly elsewhere: ReadonlySet<string>;
  /** How the order had ended before this station opened it; undefined if it had not ended. */
  readonly endedAs?: EndedAs | undefined;
  readonly journal: Pick<Journal, 'note' | 'get' | 'requireChain'>;
  readonly store: Pick<WorkOrderStore, 'unit' | 'rowsOf' | 'unitsIn' | 'counts' | 'all'>;
  readonly session: Session;
  readonly lanes: () => readonly Lane[];
  readonly now: () => Date;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /**
   * Asks the AS for the progress of the order. Called after a load, with the failure of that load,
   * and after a sign-in.
   */
  readonly requestProgress?: (failure?: Failure) => void;
  /** Whether the labels of every order are scanned, even if the order does not require scanning. */
  readonly scansLabels?: (() => boolean) | undefined;
  /** Plays the signal for a unit that is done, or that needs the operator. */
  readonly signal: (what: 'done' | 'failed') => void;
}

/** Whether the order or the site requires the scan of each label. */
export function mustScan({ order, scansLabels }: Pick<OrderRunOptions, 'order' | 'scansLabels'>): boolean {
  return order.options.requireLabelScan || scansLabels?.() === true;
}
